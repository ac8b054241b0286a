import struct

import pytest

from vla_async.bench.faults.treatment import CUT, FROZEN, JITTER_S, LOSS, LOSSY, PASS, STALE, Link


def message(stamp_s, content):
    """As DDS serialises a message that begins with a header."""
    return struct.pack('<4xiI', stamp_s, 0) + content


@pytest.fixture
def link():
    return Link(seed=0)


def sent(link, now_s, *messages):
    for one in messages:
        link.put(one, now_s)
    return list(link.due(now_s))


def test_messages_pass_at_once_and_in_order(link):
    assert sent(link, 0.0, b'one', b'two') == [b'one', b'two']


def test_a_cut_link_lets_nothing_through_and_remembers_nothing(link):
    link.treat(CUT)
    assert sent(link, 0.0, b'one') == []
    link.treat(PASS)
    assert sent(link, 1.0, b'two') == [b'two']


def test_a_bad_link_loses_its_share_and_delays_the_rest_out_of_order(link):
    link.treat(LOSSY)
    messages = [message(i, b'') for i in range(2000)]
    for i, one in enumerate(messages):
        link.put(one, i * 0.01)
    arrived = {}
    for tick in range(2100):
        arrived |= dict.fromkeys(link.due(tick * 0.01), tick * 0.01)
    delays = [arrived[one] - i * 0.01 for i, one in enumerate(messages) if one in arrived]
    assert len(delays) / len(messages) == pytest.approx(1.0 - LOSS, abs=0.03)
    assert max(delays) <= JITTER_S + 0.011
    assert min(delays) >= 0.0
    assert list(arrived) != sorted(arrived, key=messages.index)


def test_what_was_delayed_still_arrives_when_the_link_is_good_again(link):
    link.treat(LOSSY)
    for i in range(50):
        link.put(message(i, b''), 0.0)
    link.treat(PASS)
    assert len(list(link.due(JITTER_S))) > 30


def test_a_frozen_camera_gives_its_first_picture_with_the_stamps_of_new_ones(link):
    link.treat(FROZEN)
    assert sent(link, 0.0, message(1, b'first'), message(2, b'second')) == [message(1, b'first'), message(2, b'first')]


def test_or_its_first_picture_with_its_own_stamp(link):
    link.treat(STALE)
    assert sent(link, 0.0, message(1, b'first'), message(2, b'second')) == [message(1, b'first')] * 2


def test_a_new_treatment_forgets_the_picture(link):
    link.treat(STALE)
    sent(link, 0.0, message(1, b'first'))
    link.treat(STALE)
    assert sent(link, 0.0, message(2, b'second')) == [message(2, b'second')]


def test_an_unknown_treatment_is_named(link):
    with pytest.raises(ValueError, match="'burnt'.*cut"):
        link.treat('burnt')
