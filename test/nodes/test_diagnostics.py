"""Every node of the suite says once a second how it is, and which process it is."""
from importlib import import_module

import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.lifecycle import LifecycleNode
from rclpy.parameter import Parameter

from vla_async.graph import ALL
from vla_async.launcher.identity import own_identity
from vla_async.nodes import topics
from vla_async.nodes.diagnostics import MAX_TEXT, MAX_VALUES, WARN, RateMeter, sayings

S = 1_000_000_000


@pytest.fixture
def make(graph, monkeypatch, tmp_path):
    """The node that a module's `main()` runs, here in this process."""
    needs = {'recorder': {'folder': str(tmp_path / 'bag')}}

    def start(name):
        module, made = import_module(f'vla_async.nodes.{name}'), []
        monkeypatch.setattr(module, 'run', lambda kind, *_args, **_options: made.append(kind) or 0)
        monkeypatch.setattr(module, 'be_nice', lambda _niceness: None, raising=False)
        assert module.main() == 0
        values = [Parameter(key, value=value) for key, value in needs.get(name, {}).items()]
        return graph.add(made[0](context=graph.context, parameter_overrides=values))
    return start


@pytest.mark.parametrize('spec', ALL, ids=lambda spec: spec.name)
def test_every_node_publishes_its_diagnosis_and_goes_on_with_it(graph, make, spec):
    node = make(spec.name)
    assert isinstance(node, LifecycleNode) == spec.lifecycle
    heard = graph.hear(topics.DIAGNOSTICS)
    graph.until(lambda: len(heard) >= 3, 'three diagnoses')
    for message in heard:
        (status,) = message.status
        assert status.name.startswith(f'{spec.name}: ')
        assert status.message
        assert status.hardware_id == 'astribot_s1'
        assert {entry.key: entry.value for entry in status.values}['process'] == own_identity()
    first, _, third = (m.header.stamp.sec + m.header.stamp.nanosec * 1e-9 for m in heard[:3])
    assert third - first > 1.0  # once a second, but for one that came late


def test_of_what_others_say_only_known_names_and_bounded_texts_are_kept():
    endless = DiagnosticStatus(level=WARN, name='chunk_fuser: fuses', message='x' * 10**5,
                               values=[KeyValue(key=f'{i}' * 2000, value='v' * 10**4) for i in range(1000)])
    message = DiagnosticArray(status=[DiagnosticStatus(name='laser'), DiagnosticStatus(name=''), endless])
    ((name, health),) = sayings(message, {'chunk_fuser'})
    assert (name, health.level) == ('chunk_fuser', WARN)
    assert len(health.message) == MAX_TEXT + 1
    assert len(health.values) <= MAX_VALUES
    assert max(len(text) for entry in health.values.items() for text in entry) == MAX_TEXT + 1


class TestRateMeter:
    def test_it_tells_rate_and_age_of_what_came(self):
        meter = RateMeter(window_s=2.0)
        for i in range(21):
            meter.tick(100 * S + i * S // 10)
        assert meter.rate_hz(102 * S) == pytest.approx(10.0)
        assert meter.age_s(105 * S) == 3.0
        assert meter.rate_hz(105 * S) == 0.0

    def test_without_an_event_there_is_no_age(self):
        assert RateMeter().age_s(100 * S) is None

    def test_events_of_a_clock_that_was_set_back_do_not_count(self):
        meter = RateMeter(window_s=2.0)
        for i in range(21):
            meter.tick(100 * S + i * S // 10)
        assert meter.age_s(50 * S) is None
        assert meter.rate_hz(50 * S) == 0.0
        for i in range(11):
            meter.tick(50 * S + i * S // 10)
        assert meter.rate_hz(51 * S) == pytest.approx(10.0)
