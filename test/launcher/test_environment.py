import sys
from pathlib import Path

from vla_async.launcher.environment import ament_prefix_path, environment
from vla_async.launcher.transport import PROFILE, folder


def test_the_environment_confines_ros_to_this_machine_and_a_domain():
    made = environment(7, {'HOME': '/home/me', 'ROS_DOMAIN_ID': '3'})
    assert made['HOME'] == '/home/me'
    assert made['ROS_DOMAIN_ID'] == '7'
    assert Path(made[PROFILE]) == folder() / 'local.xml'
    assert Path(environment(7, {}, pictures=True)[PROFILE]) == folder() / 'local_pictures.xml'


def test_the_wheels_prefix_is_added_once_and_first():
    once = ament_prefix_path({'AMENT_PREFIX_PATH': '/opt/ros/jazzy'})
    assert once.split(':')[-1] == '/opt/ros/jazzy'
    assert ament_prefix_path({'AMENT_PREFIX_PATH': once}) == once
    if (Path(sys.prefix) / 'share/ament_index').is_dir():
        assert once.split(':')[0] == sys.prefix


def test_a_users_choice_of_the_rendering_back_end_stays():
    assert environment(1, {'MUJOCO_GL': 'osmesa'})['MUJOCO_GL'] == 'osmesa'
    assert environment(1, {})['MUJOCO_GL'] == 'egl'
