"""The arrows between the nodes as frozen values. Arrays are numpy, stamps are integer nanoseconds.

Letters in shapes: D joints of the embodiment, P hands, H steps of a chunk (horizon), N points of a window,
T instruction tokens, Q fusion queries, W latent width.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
ImageArray = NDArray[np.uint8]
StampArray = NDArray[np.int64]  # [ns]

MAX_INSTRUCTION = 2000  # characters of an instruction


@dataclass(frozen=True, slots=True)
class Task:
    """What the robot is asked to do. `id` grows by one with each change; an empty instruction means: hold still."""

    id: int
    stamp_ns: int
    instruction: str


@dataclass(frozen=True, slots=True)
class Observation:
    """One instant as the policy sees it. `stamp_ns` is the oldest of the images' stamps."""

    stamp_ns: int
    images: Mapping[str, ImageArray]  # camera name -> (height, width, 3) RGB
    position: FloatArray  # (D,) [rad or m], the embodiment's order
    velocity: FloatArray  # (D,) [rad/s or m/s]
    joints_ns: int = 0  # stamp of the joint state
    pictures_ns: tuple[int, ...] = ()  # stamp of each camera's image


@dataclass(frozen=True, slots=True)
class Latent:
    """What the slow reasoner understood; `stamp_ns` is the observation that it saw.

    `fusion` is None right after an instruction change: the instruction is known, the scene not yet read.
    """

    stamp_ns: int
    ready_ns: int
    sequence: int
    task_id: int
    instruction: str
    model_id: str
    instruction_embedding: NDArray[np.float16]  # (T, W)
    fusion: NDArray[np.float16] | None  # (Q, W)
    complete: bool = True  # False: published after prefill, the reasoning text is still being decoded
    reasoning: str = ''


@dataclass(frozen=True, slots=True)
class ActionChunk:
    """Future joint positions, or hand poses where the embodiment says so; row i holds at `stamp_ns + i * step_ns`."""

    stamp_ns: int
    step_ns: int
    positions: FloatArray  # (H, D) [rad or m], or (H, 9 P + G): hands' x, y, z [m] and 6-D rotation, then grippers
    latent_version: int = 0
    sequence: int = 0
    confidence: NDArray[np.float32] | None = None  # (H,) in 0..1; None: not rated
    task_id: int = 0
    observation_ns: int = 0  # stamp of the oldest image that it was made from
    pictures_ns: tuple[int, ...] = ()  # the same camera by camera
    joints_ns: int = 0  # stamp of the joint state that it was made from
    latent_ns: int = 0  # stamp of the images behind its latent
    begun_ns: int = 0  # when the model began to make it
    inference_ns: int = 0  # how long the model took


@dataclass(frozen=True, slots=True)
class JointCommand:
    """One set-point of all joints."""

    stamp_ns: int
    position: FloatArray  # (D,) [rad or m]
    velocity: FloatArray  # (D,) [rad/s or m/s]
    acceleration: FloatArray  # (D,) [rad/s^2 or m/s^2]

    @property
    def state(self) -> FloatArray:
        """Position, velocity and acceleration, (3, D)."""
        return np.stack([self.position, self.velocity, self.acceleration])


@dataclass(frozen=True, slots=True)
class JointWindow:
    """A stretch of motion on a grid, ending at rest; row i holds at `stamp_ns + i * step_ns`."""

    stamp_ns: int
    step_ns: int
    position: FloatArray  # (N, D)
    velocity: FloatArray  # (N, D)
    acceleration: FloatArray  # (N, D)

    @property
    def end_ns(self) -> int:
        """When it rests."""
        return self.stamp_ns + (len(self.position) - 1) * self.step_ns


@dataclass(frozen=True, slots=True)
class LimitedJoint:
    """A joint that does not get what a chunk asks for, and by how much."""

    name: str
    slowdown: float  # how many times faster than it may it was to move; 1: not too fast
    beyond: float  # how far outside its position limits it was to go [rad or m]


@dataclass(frozen=True, slots=True)
class PoseCommand:
    """One set-point of all hands. Every vector is given in the frame that the chunks' poses are given in."""

    stamp_ns: int
    position: FloatArray  # (P, 3) [m]
    rotation: FloatArray  # (P, 3, 3) from the hand's frame to that of the poses
    velocity: FloatArray  # (P, 3) [m/s]
    angular_velocity: FloatArray  # (P, 3) [rad/s]
    acceleration: FloatArray  # (P, 3) [m/s^2]
    angular_acceleration: FloatArray  # (P, 3) [rad/s^2]


@dataclass(frozen=True, slots=True)
class PoseWindow:
    """A stretch of hand motion on a grid, ending at rest; row i holds at `stamp_ns + i * step_ns`; frames as above."""

    stamp_ns: int
    step_ns: int
    position: FloatArray  # (N, P, 3) [m]
    rotation: FloatArray  # (N, P, 3, 3)
    velocity: FloatArray  # (N, P, 3) [m/s]
    angular_velocity: FloatArray  # (N, P, 3) [rad/s]
    acceleration: FloatArray  # (N, P, 3) [m/s^2]
    angular_acceleration: FloatArray  # (N, P, 3) [rad/s^2]


@dataclass(frozen=True, slots=True)
class FusionReport:
    """What became of one chunk."""

    sequence: int
    accepted: bool
    reason: str = ''  # why not accepted; empty when accepted
    delay_s: float = 0.0  # now minus the chunk's stamp
    transition_s: float = 0.0  # time until the motion is on the new chunk
    disagreement_position: float = 0.0  # largest jump over the joints that a splice would have made [rad or m]
    disagreement_velocity: float = 0.0  # [rad/s or m/s]
    disagreement_acceleration: float = 0.0  # [rad/s^2 or m/s^2]
    seam_position: float = 0.0  # what fusion left of it: largest jump over the joints at the switch [rad or m]
    seam_velocity: float = 0.0  # [rad/s or m/s]
    seam_acceleration: float = 0.0  # [rad/s^2 or m/s^2]
    samples_limited: int = 0
    limited: tuple[LimitedJoint, ...] = ()
