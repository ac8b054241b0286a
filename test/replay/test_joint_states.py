"""Joint states read past the decoder are what the decoder says, whatever comes before them."""
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rosbags.typesys import Stores, get_typestore

from vla_async.errors import DataError
from vla_async.joint_order import JointOrder
from vla_async.replay.joint_states import JointStateReader

STORE = get_typestore(Stores.ROS2_HUMBLE)
KIND = 'sensor_msgs/msg/JointState'
NAMES = ('shoulder', 'elbow', 'wrist')


def serialised(names, position, velocity=(), effort=(), frame='', stamp=(3, 4), endian=True):
    types = STORE.types
    header = types['std_msgs/msg/Header'](types['builtin_interfaces/msg/Time'](*stamp), frame)
    arrays = (np.array(values, np.float64) for values in (position, velocity, effort))
    return bytes(STORE.serialize_cdr(types[KIND](header, list(names), *arrays), KIND, little_endian=endian))


def reader():
    return JointStateReader(JointOrder(NAMES), lambda raw: STORE.deserialize_cdr(raw, KIND))


def numbers():
    return st.lists(st.floats(-1e3, 1e3), min_size=3, max_size=3)


MESSAGES = st.tuples(
    st.permutations(NAMES), numbers(), st.one_of(st.just([]), numbers()), st.one_of(st.just([]), numbers()),
    st.text(st.characters(codec='ascii', exclude_characters='\0'), max_size=9),
    st.tuples(st.integers(0, 2**31 - 1), st.integers(0, 999_999_999)), st.booleans())


@given(st.lists(MESSAGES, min_size=1, max_size=5))
def test_every_message_is_read_as_the_decoder_reads_it(messages):
    one = reader()
    for message in messages:
        for raw in [serialised(*message)] * 2:  # the second one is like the one before
            got, fresh = one.read(raw), reader().read(raw)
            assert got.stamp_ns == fresh.stamp_ns == message[5][0] * 10**9 + message[5][1]
            for name in ('position', 'velocity', 'effort'):
                np.testing.assert_array_equal(getattr(got, name), getattr(fresh, name))
            place = [message[0].index(name) for name in NAMES]
            np.testing.assert_array_equal(got.position, np.array(message[1])[place])


def test_what_is_not_finite_or_missing_is_named_also_when_the_names_are_known():
    one = reader()
    one.read(serialised(NAMES, [1, 2, 3]))
    with pytest.raises(DataError, match='elbow'):
        one.read(serialised(NAMES, [1, np.nan, 3]))
    with pytest.raises(DataError, match='lacks wrist'):
        one.read(serialised(NAMES[:2], [1, 2]))


@given(st.integers(12, 60), st.integers(0, 255))
def test_bytes_that_are_no_message_never_give_anything_else_than_an_error(cut, value):
    one, raw = reader(), serialised(NAMES, [1, 2, 3], [4, 5, 6])
    one.read(raw)
    spoilt = raw[:cut] + bytes([value]) + raw[cut + 1:]
    for wrong in (raw[:cut], spoilt):
        with suppress(Exception):  # the decoder raises errors of any kind
            reading = one.read(wrong)
            assert np.isfinite(reading.position).all() and reading.position.shape == (3,), 'finite'
