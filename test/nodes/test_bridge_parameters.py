"""Each parameter of the bridge reaches what it is for."""
from dataclasses import fields

from vla_async.bridge import Tolerances
from vla_async.nodes.bridge_parameters import Parameters

# parameter -> tolerance, where the name is another
NAMES = {'start_tolerance': 'start', 'tracking_tolerance': 'tracking', 'reference_tolerance': 'reference',
         'release_tolerance': 'release', 'outside_tolerance': 'outside'}
OTHERS = {'robot', 'trajectory_replacement', 'stop_heartbeat_s', 'speed_scaling_topic', 'hand_speed_max'}


def test_every_tolerance_is_what_its_parameter_says():
    told = {entry.name: 0.01 + 0.001 * number for number, entry in enumerate(fields(Parameters))
            if entry.name not in OTHERS}
    tolerances = Parameters(**told).tolerances()
    assert {name: getattr(tolerances, NAMES.get(name, name)) for name in told} == told


def test_what_nobody_says_is_as_without_parameters():
    assert Parameters().tolerances() == Tolerances()
