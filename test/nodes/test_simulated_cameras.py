"""Pictures are drawn by other processes, which may be stuck, dead or unable: whoever simulates does not notice."""
import os
import signal
import subprocess
import time
from itertools import count
from pathlib import Path

import numpy as np
import pytest

from vla_async import embodiment
from vla_async.errors import ConfigError
from vla_async.nodes import topics
from vla_async.nodes.conversions import to_ns
from vla_async.nodes.simulated_cameras import Place, SimulatedCameras, cameras_for, make_ready
from vla_async.picture import pixels
from vla_async.sim.shared_state import StampedState
from vla_async.sim.world import World

ROBOT = embodiment.load('astribot_s1')
HEAD = topics.camera(ROBOT.cameras[0])
LONG_S = 0.3  # a call that takes longer has waited for somebody


@pytest.fixture(scope='module')
def world():
    made = World(ROBOT, 'touch')
    made.reset(3)
    return made


@pytest.fixture
def place(graph):
    return Place('astribot_s1', 'touch', graph.context.get_domain_id())


@pytest.fixture
def cameras(place, world):
    made = SimulatedCameras(place)
    tell(made, world, 1)
    made.begin(str, 10.0)
    yield made
    made.close()


def tell(cameras, world, stamp_ns):
    cameras.states.write(StampedState(0, 3, stamp_ns, world.snapshot().qpos))


def drivers():
    """Ids of the processes that draw for this one, those of the robot's cameras first."""
    found = subprocess.run(['pgrep', '-P', str(os.getpid()), '-f', 'nodes.camera_drivers'],
                           capture_output=True, text=True, check=False)
    return [int(line) for line in found.stdout.split()]


def until_seen(graph, cameras, world, heard, stamp_ns):
    """Tell states of this stamp and later ones until a picture of one has come."""
    stamps = count(stamp_ns)

    def come():
        begun = time.monotonic()
        tell(cameras, world, next(stamps))
        cameras.look()
        assert time.monotonic() - begun < LONG_S
        return heard and to_ns(heard[-1].header.stamp) >= stamp_ns
    graph.until(come, f'a picture of {stamp_ns}')


def test_every_camera_is_drawn_and_published_with_the_stamp_of_its_state(graph, cameras, world):
    heard = {name: graph.hear(topic) for name, topic in
             (*((camera.name, topics.camera(camera)) for camera in ROBOT.cameras), ('spectator', topics.SPECTATOR))}
    for begin_ns, pictures in enumerate(heard.values(), 7):
        until_seen(graph, cameras, world, pictures, begin_ns * 1_000_000_000)
    for name, pictures in heard.items():
        assert pictures[-1].header.frame_id == f'{name}_camera_optical'
        assert np.ptp(pixels(pictures[-1])) > 50  # something is to be seen
    assert not cameras.fault


def test_a_process_that_is_stuck_holds_nobody_up(graph, cameras, world):
    heard = graph.hear(HEAD)
    until_seen(graph, cameras, world, heard, 1)
    stuck = drivers()
    for process in stuck:
        os.kill(process, signal.SIGSTOP)
    begun = time.monotonic()
    for stamp_ns in range(100):
        tell(cameras, world, stamp_ns)
        cameras.look()
    assert time.monotonic() - begun < LONG_S
    for process in stuck:
        os.kill(process, signal.SIGCONT)
    until_seen(graph, cameras, world, heard, 1_000_000)
    assert drivers() == stuck


def test_processes_that_die_are_replaced(graph, cameras, world):
    heard, onlooker = graph.hear(HEAD), graph.hear(topics.SPECTATOR)
    until_seen(graph, cameras, world, heard, 1)
    until_seen(graph, cameras, world, onlooker, 500_000)
    victims = drivers()
    for process in victims:
        os.kill(process, signal.SIGKILL)
    until_seen(graph, cameras, world, heard, 1_000_000)
    until_seen(graph, cameras, world, onlooker, 2_000_000)
    assert cameras.restarts == 2
    assert not set(drivers()) & set(victims)


def test_those_that_were_made_ready_are_used_once_and_for_their_place_alone(place, world):
    make_ready(place)
    ready = drivers()
    cameras = cameras_for(place)
    assert drivers() == ready
    cameras.close()
    make_ready(place)
    other = cameras_for(Place('so101', 'touch', place.domain))
    assert other.place.robot == 'so101'
    assert len(drivers()) == 2
    other.close()
    assert not drivers()


def test_ones_that_died_while_standing_by_are_replaced(graph, place, world):
    make_ready(place)
    for victim in drivers():
        os.kill(victim, signal.SIGKILL)
        graph.until(lambda v=victim: Path(f'/proc/{v}/stat').read_text().split()[2] == 'Z', 'its death')
    cameras = cameras_for(place)
    cameras.begin(str, 10.0)
    heard = graph.hear(HEAD)
    until_seen(graph, cameras, world, heard, 1)
    assert cameras.restarts == 2
    cameras.close()


def test_a_machine_that_cannot_draw_is_named_and_not_tried_again_and_again(graph, place, world, monkeypatch):
    monkeypatch.setenv('MUJOCO_GL', 'egl')
    monkeypatch.setenv('EGL_PLATFORM', 'nonsense')
    monkeypatch.setenv('__EGL_VENDOR_LIBRARY_FILENAMES', '/dev/null')
    cameras = SimulatedCameras(place)
    tell(cameras, world, 1)
    cameras.begin(str, 10.0)
    graph.until(lambda: cameras.look() or cameras.fault.count('off-screen rendering') == 2, 'the reason')
    assert 'apt-get install' in cameras.fault
    time.sleep(1.2)  # longer than it takes until one is replaced
    cameras.look()
    assert cameras.restarts == 0
    cameras.close()


def test_an_unknown_robot_is_refused_before_anything_is_started(place):
    with pytest.raises(ConfigError, match='no_such_robot'):
        SimulatedCameras(Place('no_such_robot', 'touch', place.domain))
    assert not drivers()


def test_at_the_end_the_processes_are_gone(place):
    cameras = SimulatedCameras(place)
    assert len(drivers()) == 2
    cameras.close()
    assert not drivers()
