"""The motion of a nudge, and the chunks that ask for it."""
from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from vla_async.embodiment import Embodiment
from vla_async.errors import ConfigError, unknown
from vla_async.timebase import NS_PER_S, nanoseconds, step_ns
from vla_async.types import ActionChunk, FloatArray

FARTHEST = 0.2  # [rad or m]
LONGEST_S = 60.0
SPEED_SHARE = 0.25  # of the joint's limit
ROWS = 32  # steps of a chunk


@dataclass(frozen=True, slots=True)
class Way:
    """A wave of one joint: there and back, at rest at both ends."""

    joint: int  # index
    by: float  # [rad or m]
    takes_ns: int

    @classmethod
    def of(cls, robot: Embodiment, joint: str, by: float, takes_s: float) -> Way:
        """Raises ConfigError for what the robot cannot do, or had better not do at first."""
        if robot.action.representation != 'joints':
            raise ConfigError(f'policies of {robot.name} speak poses; give a robot file whose action is joints')
        if joint not in robot.joint_names:
            raise unknown(f'joint of {robot.name}', joint, robot.joint_names)
        if any(joint in output.joints for output in robot.outputs if output.kind == 'gripper'):
            raise ConfigError(f'{joint} is only told open or closed; nudge another joint')
        if not 0 < abs(by) <= FARTHEST:
            raise ConfigError(f'a joint is nudged by at most {FARTHEST} rad or m either way, and not by {by}')
        index = robot.joint_names.index(joint)
        shortest_s = math.pi * abs(by) / (SPEED_SHARE * robot.joints[index].velocity)
        if not shortest_s <= takes_s <= LONGEST_S:
            raise ConfigError(f'{joint} takes {shortest_s:.1f} to {LONGEST_S:.0f} s for that, not {takes_s}')
        return cls(index, by, nanoseconds(takes_s))

    def sample(self, since_ns: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Offset [rad or m] and velocity of the joint at times (N,) [ns] since it began."""
        phase = 2 * np.pi * np.clip(since_ns / self.takes_ns, 0.0, 1.0)
        rate = 2 * np.pi * NS_PER_S / self.takes_ns
        return self.by / 2 * (1 - np.cos(phase)), self.by / 2 * rate * np.sin(phase)

    def chunk(self, robot: Embodiment, start: FloatArray, begin_ns: int, now_ns: int, sequence: int) -> ActionChunk:
        """What a policy would say at `now_ns`; all other joints stay at `start` (D,) [rad or m]."""
        step = step_ns(robot.rates.chunk_hz)
        position, velocity = self.sample(now_ns - begin_ns + step * np.arange(ROWS, dtype=np.float64))
        driven = np.array([joint.kind == 'velocity' for joint in robot.joints])  # of these chunks give the velocity
        rows = np.tile(np.where(driven, 0.0, start), (ROWS, 1))
        rows[:, self.joint] += velocity if driven[self.joint] else position
        return ActionChunk(now_ns, step, rows, sequence=sequence, observation_ns=now_ns)
