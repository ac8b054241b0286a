"""What carries a camera follows from the robot's URDF."""
from vla_async import embodiment
from vla_async.camera_mounts import carriers


def names(robot):
    return {camera: {robot.joint_names[i] for i in joints} for camera, joints in carriers(robot).items()}


def test_the_head_carries_its_camera_and_each_arm_its_own():
    found = names(embodiment.load('astribot_s1'))
    trunk = {'base_x', 'base_y', 'base_yaw', 'torso_1', 'torso_2', 'torso_3', 'torso_4'}
    assert found['head'] == trunk | {'head_1', 'head_2'}
    for side in ('left', 'right'):
        assert found[f'{side}_wrist'] == trunk | {f'{side}_arm_{i}' for i in range(1, 8)}


def test_a_camera_on_a_stand_is_there_to_watch_the_whole_robot():
    robot = embodiment.load('so101')
    assert names(robot)['overhead'] == set(robot.joint_names)
    assert names(robot)['wrist'] == set(robot.joint_names) - {'gripper'}
