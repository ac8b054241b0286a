"""A bag in which a whole body rests while its cameras see noise: what a policy needs to make its chunks anew."""
from __future__ import annotations

from pathlib import Path

import numpy as np
from fakes import BagWriter
from sine_bag import BEGIN, MS, S

from vla_async import embodiment

ROBOT = embodiment.load('astribot_s1')  # the reasoner of this package reads a camera that it has
FRAME = 100 * MS


def write(folder: Path, seconds: float) -> Path:
    """The bag; pictures at 10 Hz, joint states at 100 Hz."""
    end_ns = BEGIN + int(seconds * S)
    with BagWriter(folder) as bag:
        _task(bag, BEGIN, 1, 'touch the red cube')
        for now_ns in range(BEGIN, end_ns, 10 * MS):
            bag.write('/joint_states', 'sensor_msgs/msg/JointState', now_ns, header=bag.header(now_ns),
                      name=list(ROBOT.joint_names), position=ROBOT.array('home'), velocity=np.zeros(ROBOT.dof))
            if (now_ns - BEGIN) % FRAME == 0:
                _pictures(bag, now_ns)
        _task(bag, end_ns, 2, '')
    return folder


def _task(bag: BagWriter, now_ns: int, number: int, instruction: str) -> None:
    bag.write('/task', 'vla_async_msgs/msg/Task', now_ns, header=bag.header(now_ns), id=number, instruction=instruction)


def _pictures(bag: BagWriter, now_ns: int) -> None:
    """Of all cameras, other ones at every time."""
    random = np.random.default_rng(now_ns)
    for camera in ROBOT.cameras:
        seen = random.integers(0, 256, camera.height * camera.width * 3, dtype=np.uint8)
        bag.write(f'/{camera.topic}', 'sensor_msgs/msg/Image', now_ns, header=bag.header(now_ns), encoding='rgb8',
                  height=camera.height, width=camera.width, step=3 * camera.width, data=seen)
