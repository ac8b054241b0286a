"""Texts that others send do not fill log and diagnostics, nor act in reports."""
from __future__ import annotations

import pytest
from rclpy.context import Context
from sensor_msgs.msg import JointState

from vla_async.nodes.diagnostics import MAX_TEXT, shortened
from vla_async.nodes.lifecycle import PipelineNode


class Idle(PipelineNode):
    """Does nothing."""

    TASK = 'waits'


@pytest.fixture
def node(ros_domain: int):
    context = Context()
    context.init(domain_id=ros_domain)
    made = Idle('idle', context=context)
    yield made
    made.destroy_node()
    context.shutdown()


def test_a_problem_that_names_what_was_sent_stays_short(node) -> None:
    message = JointState(name=['x' * 1_000_000] * 3)
    node.report('unknown joints', ', '.join(message.name))
    assert len(node.problems['unknown joints'].text) == MAX_TEXT + 1
    assert node.problems['unknown joints'].text.endswith('…')


@pytest.mark.parametrize('text', ['', 'short', 'x' * MAX_TEXT])
def test_a_short_text_stays_as_it_is(text: str) -> None:
    assert shortened(text) == text
