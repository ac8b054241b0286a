"""Wrong files and parameters: configuring fails, and log and diagnostics name the culprit."""
import json
from pathlib import Path

import pytest
from rclpy.lifecycle import TransitionCallbackReturn

from vla_async.errors import ConfigError
from vla_async.nodes.action_generator import ActionGeneratorNode
from vla_async.nodes.chunk_fuser import ChunkFuserNode
from vla_async.nodes.hardware_bridge import HardwareBridgeNode
from vla_async.nodes.latent_buffer import LatentBufferNode
from vla_async.nodes.vlm_reasoner import VlmReasonerNode

FAILURE, SUCCESS = TransitionCallbackReturn.FAILURE, TransitionCallbackReturn.SUCCESS


@pytest.mark.parametrize('make', [LatentBufferNode, ChunkFuserNode, HardwareBridgeNode, ActionGeneratorNode,
                                  VlmReasonerNode])
def test_a_malformed_robot_file_is_named_with_joint_and_key(graph, make, broken_robot_file):
    node = graph.start(make, robot=broken_robot_file)
    assert node.trigger_configure() == FAILURE
    graph.until_diagnosed(node.get_name(), 'broken.yaml', 'base_x', 'velocity must be a finite number')


def test_an_unknown_robot_lists_the_valid_ones(graph):
    node = graph.start(ChunkFuserNode, robot='marvin')
    assert node.trigger_configure() == FAILURE
    graph.until_diagnosed('chunk_fuser', "'marvin'", 'astribot_s1')


@pytest.mark.parametrize('make', [ActionGeneratorNode, VlmReasonerNode])
class TestCheckpoint:
    def test_for_another_robot_is_named(self, graph, make, checkpoint, tmp_path):
        other = tmp_path / 'other'
        other.mkdir()
        for path in Path(checkpoint).iterdir():
            (other / path.name).symlink_to(path)
        spec = json.loads((other / 'policy.json').read_text())
        (other / 'policy.json').unlink()
        (other / 'policy.json').write_text(json.dumps({**spec, 'robot': 'so101'}))
        node = graph.start(make, checkpoint=str(other))
        assert node.trigger_configure() == FAILURE
        graph.until_diagnosed(node.get_name(), 'so101', 'astribot_s1')

    def test_that_does_not_exist_is_named(self, graph, make):
        node = graph.start(make, checkpoint='/nowhere/policy')
        assert node.trigger_configure() == FAILURE
        graph.until_diagnosed(node.get_name(), '/nowhere/policy')


def test_a_node_that_could_not_be_configured_can_be_once_the_cause_is_gone(graph, broken_robot_file):
    node = graph.start(LatentBufferNode, robot=broken_robot_file)
    assert node.trigger_configure() == FAILURE
    good = Path(broken_robot_file).read_text().replace('velocity: fast', 'velocity: 0.5')
    Path(broken_robot_file).write_text(good)
    assert node.trigger_configure() == SUCCESS
    assert not node.problems


@pytest.mark.parametrize(('name', 'value'), [('fresh_s', -1.0), ('fresh_s', 'soon')])
def test_a_parameter_out_of_range_or_of_the_wrong_type_is_named(graph, name, value):
    with pytest.raises(ConfigError, match='parameter fresh_s of latent_buffer'):
        graph.start(LatentBufferNode, **{name: value})
