"""Set-points read past the decoder are what was serialised."""
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rclpy.serialization import serialize_message

from vla_async.errors import DataError
from vla_async.nodes.conversions import SetPointMessage
from vla_async.replay.set_points import read_set_point
from vla_async.types import JointCommand

TEXT = st.text(st.characters(codec='utf-8', exclude_characters='\0', exclude_categories=['Cs']), max_size=9)
STAMP = st.integers(0, 2**31 * 10**9 - 1)


def serialised(stamp_ns, sent_ns, state='holding', reason='', frame='', *, late=False, dof=3):
    rows = np.arange(3.0 * dof).reshape(3, dof) / 7
    message = SetPointMessage(dof).of(JointCommand(stamp_ns, *rows), sent_ns, 5, state, reason, late=late)
    message.header.frame_id = frame
    return serialize_message(message), rows


@given(stamp_ns=STAMP, sent_ns=STAMP, state=TEXT, reason=TEXT, frame=TEXT, late=st.booleans(), dof=st.integers(0, 30))
def test_every_set_point_is_read_as_it_was_sent(stamp_ns, sent_ns, state, reason, frame, late, dof):
    raw, rows = serialised(stamp_ns, sent_ns, state, reason, frame, late=late, dof=dof)
    point = read_set_point(raw)
    assert (point.stamp_ns, point.sent_ns, point.late) == (stamp_ns, sent_ns, late)
    np.testing.assert_array_equal([point.position, point.velocity, point.acceleration], rows)


@pytest.mark.parametrize('spoil', [lambda raw: raw[:-9], lambda raw: raw[:30], lambda raw: b'', lambda raw: raw[:45],
                                   lambda raw: b'\0\0\0\0' + raw[4:]])
def test_what_is_cut_off_or_of_another_encoding_is_refused(spoil):
    raw, _ = serialised(1, 2)
    with pytest.raises(DataError, match='a set-point is'):
        read_set_point(spoil(raw))
