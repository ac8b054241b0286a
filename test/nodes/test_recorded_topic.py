"""The order in which messages of a topic are recorded, whatever was lost on the way and came later."""
from vla_async.nodes.polling import Received
from vla_async.nodes.recorded_topic import in_order

MS = 1_000_000


def recorded(*times_ms):
    """When messages are recorded [ms], from when they were sent and received, in the order of DDS."""
    last, came = None, []
    for sent_ms, received_ms in times_ms:
        last = in_order(last, Received(b'', sent_ms * MS, received_ms * MS))
        came.append(last.received_ns // MS)
    return came


def test_messages_that_come_in_order_are_recorded_when_they_came():
    assert recorded((0, 1), (10, 11), (20, 25)) == [1, 11, 25]


def test_what_waited_for_lost_messages_is_recorded_after_them():
    assert recorded((0, 43), (10, 43), (20, 30), (30, 31), (40, 50)) == [43, 43, 43, 43, 50]


def test_a_clock_that_is_set_back_takes_all_times_with_it():
    assert recorded((5000, 5001), (5010, 5011), (20, 21), (30, 31)) == [5001, 5011, 21, 31]
