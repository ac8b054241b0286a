"""One line says what the robot does, and names the first cause along the data flow."""
from vla_async.launcher.system_line import STALE, Saying, system_level, system_line


def bridge(state, reason='', level=0, heard_s=10.0):
    return {'hardware_bridge': Saying(level, f'{state}: {reason}', heard_s, {'state': state, 'reason': reason})}


def test_a_robot_that_follows_is_said_to_follow():
    assert system_line(bridge('following'), 10.5) == ('following', 'following')


def test_the_reason_of_the_bridge_is_told():
    assert system_line(bridge('stopped', 'stop signal: button', 1), 10.5)[1] == 'stopped: stop signal: button'


def test_the_first_cause_along_the_data_flow_is_named():
    said = bridge('holding', 'no new motion came') | {
        'chunk_fuser': Saying(1, 'no new chunk', 10.0),
        'action_generator': Saying(1, 'camera head is 0.62 s old', 10.0),
        'latent_buffer': Saying(0, 'fresh', 10.0)}
    assert system_line(said, 10.5)[1] == 'holding: no new motion came (action_generator: camera head is 0.62 s old)'


def test_a_node_that_fell_silent_is_a_cause():
    said = bridge('holding', 'no new motion came') | {'vlm_reasoner': Saying(0, 'fine', 5.0)}
    assert system_line(said, 10.5)[1] == 'holding: no new motion came (vlm_reasoner says nothing)'


def test_without_word_from_the_bridge_the_state_is_unknown():
    assert system_line({}, 10.0) == ('unknown', 'unknown: hardware_bridge says nothing')
    assert system_line(bridge('following'), 20.0)[0] == 'unknown'


def test_the_level_is_the_worst_of_those_that_still_speak():
    said = bridge('following') | {'chunk_fuser': Saying(1, 'no new chunk', 10.0), 'recorder': Saying(2, 'full', 5.0)}
    assert system_level(said, 10.5) == 1
    assert system_level({}, 10.5) == 0


def test_a_node_of_the_pipeline_that_fell_silent_is_stale():
    assert system_level(bridge('following') | {'chunk_fuser': Saying(0, 'fine', 5.0)}, 10.5) == STALE
