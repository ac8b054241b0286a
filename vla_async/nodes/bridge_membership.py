"""Membership of a process that stands by in place of a bridge: it brakes the robot if that one falls silent.

It also knows what the controllers were told last. One of single positions holds that; where something hinders the
robot, at a table say, that is not where the joints are measured, and who began to command it from there would make the
set-point jump.
"""
from __future__ import annotations

import os
import sys
import traceback
from contextlib import suppress
from dataclasses import replace

from vla_async.bridge.handover import LastWord
from vla_async.embodiment import load
from vla_async.errors import VlaAsyncError
from vla_async.nodes import membership
from vla_async.nodes.braking_reserve import BrakingReserve
from vla_async.nodes.membership import leave
from vla_async.nodes.parameters import RobotParameters, foretold
from vla_async.nodes.threads import (
    CONTROL_PRIORITY,
    ask_for_realtime,
    give_up_realtime,
    raise_process,
    take_turns_quickly,
)

__all__ = ['forget_set_point', 'forget_word', 'join', 'last_word', 'leave', 'succeed']
_reserves: list[BrakingReserve] = []
_words: list[LastWord] = []


def join() -> None:
    """Become a member, and listen. Threads of DDS must hear the bridge in time; this one only waits."""
    membership.join()
    with suppress(VlaAsyncError):  # the bridge will say what is wrong
        robot, realtime = load(foretold(sys.argv, RobotParameters).robot), ask_for_realtime()
        reserve = BrakingReserve(robot, brakes=realtime, fail=_fail)
        take_turns_quickly()
        raise_process(CONTROL_PRIORITY)
        give_up_realtime()
        reserve.start()
        _reserves.append(reserve)


def succeed(process: int) -> None:
    """Take the place of the process of this id, which has ended, once the robot is at rest."""
    membership.succeed(process)
    while _reserves:
        last = _reserves.pop().end()
        _words.extend([] if last is None else [last])


def last_word() -> LastWord | None:
    """What was known of the bridge whose place this process took; None: nothing, or it is forgotten."""
    return _words[-1] if _words else None


def forget_set_point() -> None:
    """The robot has been told something else since."""
    _words[:] = [replace(word, set_point=None) for word in _words]


def forget_word() -> None:
    """The successor has taken over what there was."""
    _words.clear()


def _fail(error: BaseException) -> None:
    """A reserve that does not listen is none: another one takes its place."""
    traceback.print_exception(error)
    os._exit(1)
