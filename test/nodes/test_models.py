"""A model is loaded when its node is configured, or before that in a process that stands by; never twice on a GPU."""
import pytest

from vla_async.embodiment import load
from vla_async.errors import CheckpointError, ConfigError
from vla_async.nodes import action_generator, vlm_reasoner
from vla_async.nodes.models import ModelSource
from vla_async.nodes.parameters import PolicyParameters, foretold

ROBOT = load('so101')


class Loader:
    """Makes a new object for each call, and remembers what it was called with."""

    def __init__(self):
        self.calls = []

    def __call__(self, checkpoint, robot, device):
        self.calls.append((checkpoint, robot.name, device))
        if checkpoint == 'broken':
            raise CheckpointError('broken: there is no such checkpoint folder')
        return object()


@pytest.fixture
def arguments(tmp_path):
    """Those of a process with this checkpoint and device, and others for other nodes."""
    def make(checkpoint='good', device='cpu'):
        first, second = tmp_path / 'first.yaml', tmp_path / 'second.yaml'
        first.write_text('acting:\n  ros__parameters: {robot: so101, checkpoint: default, rate_hz: 3.0}\n'
                         'other:\n  ros__parameters: {robot: astribot_s1}\n')
        second.write_text(f'/acting:\n  ros__parameters: {{checkpoint: {checkpoint}, device: {device}}}\n')
        return ['module', '--ros-args', '--remap', '__node:=acting', '--params-file', str(first),
                '--params-file', str(second)]
    return make


def test_what_parameter_files_say_is_known_before_there_is_a_node(arguments):
    assert foretold(arguments(), PolicyParameters) == PolicyParameters('so101', 'good', 'cpu', 0)


def test_without_files_the_defaults_are_expected():
    assert foretold(['module'], PolicyParameters) == PolicyParameters()


def test_a_file_that_is_missing_or_no_yaml_is_named(tmp_path):
    (tmp_path / 'bad.yaml').write_text('a: [')
    for name in ('bad.yaml', 'missing.yaml'):
        with pytest.raises(ConfigError, match=r'parameter file'):
            foretold(['module', '--params-file', str(tmp_path / name)], PolicyParameters)


def test_a_model_that_stands_by_is_given_once_and_only_for_what_it_was_loaded_for(arguments):
    load_model = Loader()
    source = ModelSource(load_model)
    source.prepare(arguments())
    assert load_model.calls == [('good', 'so101', 'cpu')]
    values = PolicyParameters('so101', 'good')
    first, second = source.get(values, ROBOT), source.get(values, ROBOT)
    assert len(load_model.calls) == 2
    assert first is not second
    source.prepare(arguments())
    source.get(PolicyParameters('so101', 'another'), ROBOT)
    assert load_model.calls[-1] == ('another', 'so101', 'cpu')


@pytest.mark.parametrize('wrong', [{'checkpoint': 'broken'}, {'device': 'cuda'}])
def test_what_cannot_or_must_not_be_loaded_ahead_is_left_to_the_node(arguments, wrong):
    load_model = Loader()
    source = ModelSource(load_model)
    source.prepare(arguments(**wrong))
    assert len(load_model.calls) == ('checkpoint' in wrong)
    source.get(PolicyParameters('so101', 'good'), ROBOT)
    assert load_model.calls[-1] == ('good', 'so101', 'cpu')


@pytest.mark.parametrize('node', [action_generator, vlm_reasoner])
def test_the_nodes_with_a_model_have_it_when_they_are_called_up(tmp_path, checkpoint, node):
    told = tmp_path / 'parameters.yaml'
    told.write_text(f'/acting:\n  ros__parameters: {{robot: astribot_s1, checkpoint: {checkpoint}}}\n')
    work = node.prepare(['module', '--ros-args', '--remap', '__node:=acting', '--params-file', str(told)])
    (models,) = work.args
    models._load = pytest.fail
    assert models.get(PolicyParameters('astribot_s1', str(checkpoint)), load('astribot_s1')) is not None
    assert work.func is node.main
