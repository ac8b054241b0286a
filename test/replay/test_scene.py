"""The file that shows a bag's robot, read back by rosbags and compared with where MuJoCo has the links."""
import json

import mujoco
import numpy as np
import pytest
from fakes import BagWriter
from rosbags.highlevel import AnyReader
from rosbags.rosbag2 import StoragePlugin
from rosbags.typesys import Stores, get_typestore

from vla_async import cli, embodiment
from vla_async.errors import ConfigError, DataError
from vla_async.kinematics.robot_model import build_spec, home_position, set_position
from vla_async.replay import scene
from vla_async.replay.bag import identity, to_ns
from vla_async.replay.scene import default_file, robot_of, write_scene
from vla_async.resources import share
from vla_async.urdf import expand

BEGIN, MS = 100 * 10**9, 10**6
LATE_NS = 3 * MS  # of the receipt after the stamp
LAYOUTS = {'astribot_s1': 'foxglove.json', 'so101': 'so101_foxglove.json'}


def wave(robot, at_ns):
    """Positions (D,): each joint about the middle of its range, at a pace of its own."""
    lower, upper = robot.array('lower'), robot.array('upper')
    paces = np.linspace(0.5, 2.0, robot.dof)
    return (lower + upper) / 2 + 0.45 * (upper - lower) * np.sin(paces * (at_ns - BEGIN) / 1e9)


def record(folder, robot, seconds=2.0, topics=('/joint_states',), spoil=lambda i, position: position,
           plugin=StoragePlugin.MCAP):
    """A bag of joint states at 100 Hz, not in the robot file's order; something else came half a second before."""
    with BagWriter(folder, plugin) as bag:
        bag.write('/task', 'vla_async_msgs/msg/Task', BEGIN - 500 * MS, header=bag.header(0), instruction='wave')
        for i in range(int(100 * seconds)):
            stamp = BEGIN + i * 10 * MS
            position = spoil(i, wave(robot, stamp))
            for topic in topics:
                bag.write(topic, 'sensor_msgs/msg/JointState', stamp + LATE_NS, header=bag.header(stamp),
                          name=list(robot.joint_names[::-1]), position=position[::-1].copy())
    return folder


def write(bag, robot, out, namespace=None, progress=lambda done, total: None):
    return write_scene(bag, robot, out, namespace, progress)


def read(path):
    """Messages (time, message) by topic, with the definitions in the file alone."""
    found = {}
    with AnyReader([path], default_typestore=get_typestore(Stores.EMPTY)) as reader:
        for connection, at_ns, raw in reader.messages():
            found.setdefault(connection.topic, []).append((at_ns, reader.deserialize(raw, connection.msgtype)))
    return found


def pose(transform):
    """(4, 4) of a geometry_msgs/Transform."""
    matrix, turn = np.eye(4), np.empty(9)
    place, q = transform.translation, transform.rotation
    mujoco.mju_quat2Mat(turn, np.array([q.w, q.x, q.y, q.z]))
    matrix[:3, :3], matrix[:3, 3] = turn.reshape(3, 3), (place.x, place.y, place.z)
    return matrix


def links(*messages):
    """Poses (4, 4) of all frames in the one that has no parent, and that one's name."""
    steps = {t.child_frame_id: (t.header.frame_id, pose(t.transform)) for m in messages for t in m.transforms}
    (root,) = {parent for parent, _ in steps.values()} - set(steps)

    def to_root(frame):
        return np.eye(4) if frame == root else to_root(steps[frame][0]) @ steps[frame][1]
    return {frame: to_root(frame) for frame in (*steps, root)}, root


@pytest.fixture(scope='module', params=LAYOUTS)
def written(request, tmp_path_factory):
    """Robot, messages of its scene, and the bag's last receipt."""
    folder, robot = tmp_path_factory.mktemp(request.param), embodiment.load(request.param)
    told = write(record(folder / 'bag', robot), robot, folder / 'scene.mcap')
    return robot, told, read(folder / 'scene.mcap')


def test_links_are_where_the_simulation_has_them_at_every_moment(written):
    robot, _, found = written
    model, data = home_position(build_spec(robot), robot)
    ((_, static),) = found['/tf_static']
    for at_ns, moving in found['/tf']:
        stamp = to_ns(moving.transforms[0].header.stamp)
        assert at_ns == stamp + LATE_NS
        set_position(model, data, robot, wave(robot, stamp))
        mujoco.mj_kinematics(model, data)
        frames, _ = links(static, moving)
        bodies = {model.body(i).name for i in range(model.nbody)} & set(frames)
        assert len(bodies) > robot.dof
        for body in bodies:
            np.testing.assert_allclose(frames[body][:3, 3], data.body(body).xpos, atol=1e-9)
            np.testing.assert_allclose(frames[body][:3, :3], data.body(body).xmat.reshape(3, 3), atol=1e-9)


def test_every_link_of_the_description_has_a_frame(written):
    robot, _, found = written
    ((_, described),) = found['/robot_description']
    assert described.data == expand(robot).toxml()
    names = {link.getAttribute('name') for link in expand(robot).getElementsByTagName('link')}
    assert set(links(found['/tf_static'][0][1], found['/tf'][0][1])[0]) == names


def test_what_moves_is_told_thirty_times_a_second_and_the_rest_once_at_the_beginning_of_the_bag(written):
    _, told, found = written
    times = np.array([at_ns for at_ns, _ in found['/tf']])
    assert told.moments == len(times) == pytest.approx(30 * 2.0, abs=2)
    assert np.diff(times).max() <= 40 * MS
    assert found['/robot_description'][0][0] == found['/tf_static'][0][0] == BEGIN - 500 * MS
    still, moving = ({t.child_frame_id for t in found[topic][0][1].transforms} for topic in ('/tf_static', '/tf'))
    assert not still & moving


def test_topics_and_root_are_those_that_the_foxglove_layout_and_the_markers_name(written):
    from vla_async.viz.forward_kinematics import ForwardKinematics
    robot, _, found = written
    layout = json.loads((share() / 'config' / LAYOUTS[robot.name]).read_text())['configById']['3D!motion']
    frames, root = links(found['/tf_static'][0][1], found['/tf'][0][1])
    assert layout['layers']['robot']['topic'] in found
    assert root == layout['followTf'] == layout['layers']['grid']['frameId'] == ForwardKinematics(robot).root
    assert 'base_link' in frames


def test_it_is_a_ros2_file_that_says_whose_it_is_and_how_to_play_it(tmp_path):
    from mcap.reader import make_reader
    robot = embodiment.load('so101')
    write(record(tmp_path / 'bag', robot, 0.1), robot, tmp_path / 'scene.mcap')
    assert identity(tmp_path / 'scene.mcap') == {'robot': 'so101'}
    with (tmp_path / 'scene.mcap').open('rb') as stream:
        reader = make_reader(stream)
        assert reader.get_header().profile == 'ros2'
        qos = {c.topic: c.metadata['offered_qos_profiles'] for c in reader.get_summary().channels.values()}
    assert {topic for topic, text in qos.items() if 'transient_local' in text} == {'/robot_description', '/tf_static'}


def test_a_robot_in_a_namespace_is_described_there(tmp_path):
    robot = embodiment.load('so101')
    bag = record(tmp_path / 'bag', robot, 0.1, ('/left/joint_states', '/left/ghost/joint_states'))
    write(bag, robot, tmp_path / 'scene.mcap')
    assert set(read(tmp_path / 'scene.mcap')) == {'/left/robot_description', '/tf', '/tf_static'}


def test_of_several_robots_one_is_chosen(tmp_path):
    robot = embodiment.load('so101')
    bag, out = record(tmp_path / 'bag', robot, 0.1, ('/left/joint_states', '/joint_states')), tmp_path / 'scene.mcap'
    with pytest.raises(DataError, match='several robots: /joint_states and /left/joint_states; .*--namespace'):
        write(bag, robot, out)
    with pytest.raises(DataError, match='nothing on /right/joint_states; its joint states: /joint_states, /left'):
        write(bag, robot, out, 'right')
    write(bag, robot, out, '/')
    assert '/robot_description' in read(out)


def test_a_description_that_the_bag_holds_is_not_told_twice(tmp_path):
    robot = embodiment.load('so101')
    with BagWriter(tmp_path / 'bag') as bag:
        bag.write('/robot_description', 'std_msgs/msg/String', BEGIN, data='<robot/>')
        bag.write('/joint_states', 'sensor_msgs/msg/JointState', BEGIN, header=bag.header(BEGIN),
                  name=list(robot.joint_names), position=robot.array('home'))
    write(tmp_path / 'bag', robot, tmp_path / 'scene.mcap')
    assert set(read(tmp_path / 'scene.mcap')) == {'/tf', '/tf_static'}


def test_joint_states_without_sense_are_left_out_and_the_first_is_told(tmp_path):
    robot = embodiment.load('so101')
    bag = record(tmp_path / 'bag', robot, spoil=lambda i, position: position * (np.nan if i < 100 else 1))
    told = write(bag, robot, tmp_path / 'scene.mcap')
    assert (told.left_out, told.why[:29]) == (100, 'joint state is not finite: ' + robot.joint_names[0][:2])
    assert read(tmp_path / 'scene.mcap')['/tf'][0][0] == BEGIN + 1000 * MS + LATE_NS


def test_memory_does_not_grow_with_the_bag_as_frames_are_written_while_it_is_read(tmp_path, monkeypatch):
    robot, read_before, done = embodiment.load('so101'), [], [0]
    move = scene.SceneFile.move

    def watched(*args):
        read_before.append(done[-1])
        move(*args)
    monkeypatch.setattr(scene.SceneFile, 'move', watched)
    write(record(tmp_path / 'bag', robot, 10.0), robot, tmp_path / 'scene.mcap',
          progress=lambda count, total: done.append(count))
    assert len(read_before) == 5
    assert max(np.diff(read_before)) <= 300  # joint states; 64 moments are 214


def test_progress_ends_with_every_joint_state_read(tmp_path):
    robot, steps = embodiment.load('so101'), []
    write(record(tmp_path / 'bag', robot, 2.5), robot, tmp_path / 'scene.mcap',
          progress=lambda done, total: steps.append((done, total)))
    assert steps == [(100, 250), (200, 250), (250, 250)]


def test_a_bag_of_another_robot_or_of_none_leaves_no_file(tmp_path):
    small, large = embodiment.load('so101'), embodiment.load('astribot_s1')
    bag = record(tmp_path / 'bag', small, 0.1)
    with pytest.raises(DataError, match=f'{bag}: /joint_states is not of astribot_s1: joint state lacks base_x'):
        write(bag, large, tmp_path / 'scene.mcap')
    bag = record(tmp_path / 'silent', small, 0.1, ('/ghost/joint_states',))
    with pytest.raises(DataError, match=f'{bag}: holds no joint_states'):
        write(bag, small, tmp_path / 'scene.mcap')
    assert sorted(path.name for path in tmp_path.iterdir()) == ['bag', 'silent']


def test_where_it_may_not_be_written_is_said_with_the_cure(tmp_path):
    robot = embodiment.load('so101')
    bag = record(tmp_path / 'bag', robot, 0.1)
    (tmp_path / 'there.mcap').write_text('precious')
    with pytest.raises(ConfigError, match='there.mcap is there already; remove it, or give another --out'):
        write(bag, robot, tmp_path / 'there.mcap')
    with pytest.raises(ConfigError, match='would be taken for a file of the bag'):
        write(bag, robot, bag / 'scene.mcap')
    with pytest.raises(ConfigError, match='there.mcap/scene.mcap: cannot be written: .*; give another --out'):
        write(bag, robot, tmp_path / 'there.mcap/scene.mcap')
    assert (tmp_path / 'there.mcap').read_text() == 'precious'


def test_a_write_that_fails_leaves_no_file(tmp_path, monkeypatch):
    robot = embodiment.load('so101')
    bag = record(tmp_path / 'bag', robot, 0.1)

    def full(*_args, **_named):
        raise OSError(28, 'No space left on device')
    monkeypatch.setattr(scene.SceneFile, 'move', full)
    with pytest.raises(ConfigError, match='scene.mcap: cannot be written: No space left on device'):
        write(bag, robot, tmp_path / 'scene.mcap')
    assert [path.name for path in tmp_path.iterdir()] == ['bag']


def test_a_bag_that_is_missing_or_says_no_robot_is_named(tmp_path):
    with pytest.raises(DataError, match='nowhere: there is no such bag'):
        robot_of(tmp_path / 'nowhere', None)
    bag = record(tmp_path / 'bag', embodiment.load('so101'), 0.1)
    with pytest.raises(ConfigError, match=f'{bag} does not say whose it is: name --robot'):
        robot_of(bag, None)
    assert robot_of(bag, 'so101').name == 'so101'
    (bag / 'metadata.yaml').unlink()
    with pytest.raises(DataError, match=f'{bag}: lacks its metadata.yaml; `vla-async bag mend {bag}` writes it'):
        robot_of(next(bag.glob('*.mcap')), 'so101')


def test_bags_in_sqlite_will_do(tmp_path):
    robot = embodiment.load('so101')
    bag = record(tmp_path / 'bag', robot, 0.1, plugin=StoragePlugin.SQLITE3)
    write(bag, robot_of(bag, 'so101'), tmp_path / 'scene.mcap')
    assert '/tf' in read(tmp_path / 'scene.mcap')


def test_the_command_writes_beside_the_bags_folder_and_says_what_to_open(tmp_path, capsys):
    bag = record(tmp_path / 'bag', embodiment.load('so101'))
    assert cli.main(['bag', 'scene', str(bag), '--robot', 'so101']) == 0
    assert default_file(bag) == default_file(next(bag.glob('*.mcap'))) == tmp_path / 'bag_scene.mcap'
    said = capsys.readouterr().out
    assert f'{tmp_path}/bag_scene.mcap: so101 at 61 moments; open it together with {bag}' in said
    assert set(read(tmp_path / 'bag_scene.mcap')) == {'/robot_description', '/tf', '/tf_static'}
