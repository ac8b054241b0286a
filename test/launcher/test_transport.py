"""Which way a process speaks: what motion hangs on shares memory with nobody."""
import os
import subprocess
import sys
from xml.etree import ElementTree

import pytest

from vla_async.graph import ALL
from vla_async.launcher.domain import claim_free_domain
from vla_async.launcher.environment import environment
from vla_async.launcher.transport import PROFILE, RANGE, folder, transport

SPACE = '{http://www.eprosima.com}'
MEMBER = """
import os, rclpy
from vla_async.launcher.shared_memory import owned_by
rclpy.init()
node = rclpy.create_node('member')
print(len(owned_by(os.getpid())))
"""


def test_those_who_read_pictures_and_nobody_else_use_shared_memory():
    assert {spec.name for spec in ALL if spec.pictures} == {'vlm_reasoner', 'action_generator', 'recorder'}


@pytest.mark.parametrize(('base', 'pictures', 'profile'), [
    ({}, False, 'network.xml'),
    ({}, True, 'network_pictures.xml'),
    ({RANGE: 'SUBNET'}, False, 'network.xml'),
    ({RANGE: 'LOCALHOST'}, False, 'local.xml'),
    ({RANGE: 'LOCALHOST'}, True, 'local_pictures.xml'),
])
def test_a_process_gets_the_profile_of_its_work_and_its_range(base, pictures, profile):
    got = transport(base, pictures=pictures)
    assert got[PROFILE] == str(folder() / profile)
    assert (folder() / profile).is_file()
    # what a process starts itself may need the other one
    other = transport({**base, **got}, pictures=not pictures)
    assert other == transport(base, pictures=not pictures)


def test_a_profile_that_a_user_has_chosen_stays():
    assert transport({PROFILE: '/etc/robot/dds.xml', RANGE: 'LOCALHOST'}, pictures=False) == {}


@pytest.mark.parametrize('name', ['local', 'local_pictures', 'network', 'network_pictures'])
def test_a_profile_has_the_transports_that_its_name_says(name):
    tree = ElementTree.parse(folder() / f'{name}.xml')
    kinds = [kind.text for kind in tree.iter(f'{SPACE}type')]
    assert kinds == (['SHM', 'UDPv4'] if name.endswith('pictures') else ['UDPv4'])
    assert [use.text for use in tree.iter(f'{SPACE}useBuiltinTransports')] == ['false']
    assert bool(list(tree.iter(f'{SPACE}interfaceWhiteList'))) == name.startswith('local')


@pytest.mark.parametrize('pictures', [False, True])
def test_a_real_member_of_the_graph_has_shared_memory_only_for_pictures(pictures):
    claim = claim_free_domain()
    env = environment(claim.id, os.environ, pictures=pictures)
    said = subprocess.run([sys.executable, '-c', MEMBER], env=env, capture_output=True, text=True, check=True)
    claim.release()
    assert (int(said.stdout) > 0) == pictures
