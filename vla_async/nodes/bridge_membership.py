"""Membership of a process that stands by in place of a bridge: it listens to what that one sends the controllers.

A controller of single positions holds the last one when its bridge dies. Where something hinders the robot, at a table
say, that is not where the joints are measured, and who began to command it from there would make the set-point jump.
"""
from __future__ import annotations

from typing import Any

from vla_async.nodes import membership, topics
from vla_async.nodes.membership import leave
from vla_async.nodes.polling import PolledSubscription

__all__ = ['join', 'last_set_point', 'leave', 'succeed']
_heard: list[PolledSubscription] = []
_last: list[Any] = []


def join() -> None:
    """Become a member, and listen."""
    _heard.append(PolledSubscription(membership.join(), topics.JOINT_SET_POINT))


def succeed(process: int) -> None:
    """Take the place of the process of this id, which has ended, and know what it sent last."""
    membership.succeed(process)
    last = _heard.pop().newest()
    if last is not None:
        _last.append(last)


def last_set_point() -> Any | None:
    """The last JointSetPoint of who was replaced, for who asks first."""
    return _last.pop() if _last else None
