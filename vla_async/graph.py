"""The one table of nodes, in the order of the data flow. Launch files and the process starter both read it."""
from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NodeSpec:
    """One process of the suite: `executable` is its console script and `vla_async.nodes.<executable>:main` its code."""

    name: str
    lifecycle: bool
    purpose: str
    pictures: bool = False  # it reads those of the cameras
    policy: bool = False  # it may run on a computer of its own, with a GPU: of the policy, and not near the motors

    @property
    def executable(self) -> str:
        return self.name


PIPELINE = (
    NodeSpec('vlm_reasoner', True, 'slow: images and instruction to a latent, 1-3 Hz', pictures=True, policy=True),
    NodeSpec('latent_buffer', True, 'judges and latches the newest good latent', policy=True),
    NodeSpec('action_generator', True, 'fast: images, joints and latent to action chunks, 30 Hz',
             pictures=True, policy=True),
    NodeSpec('chunk_fuser', True, 'chunks to one motion, continuous to acceleration, 30 Hz'),
    NodeSpec('hardware_bridge', True, 'motion to controller set-points, keeps the robot safe'),
)
SUPERVISION = (
    NodeSpec('lifecycle_manager', False, 'brings the pipeline up in order, restarts and re-activates what died'),
    NodeSpec('task_server', False, 'the run_task action: starts, watches and cancels work'),
)
SIMULATION = (NodeSpec('robot_simulator', False, 'MuJoCo robot in real time: cameras, joint states, controllers'),)
RECORDING = (NodeSpec('recorder', False, 'every topic into an MCAP bag', pictures=True),)
VIEW = (NodeSpec('motion_markers', False, 'chunks, fused motion, ages and status as rviz markers'),)

ALL = PIPELINE + SUPERVISION + SIMULATION + RECORDING + VIEW
NAMES = frozenset(spec.name for spec in ALL)
