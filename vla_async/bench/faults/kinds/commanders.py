"""Somebody else who commands the robot or stops it, and a reasoner who answers for what was asked before."""
from __future__ import annotations

import signal
import time
from typing import Any

from rclpy.node import Node
from rclpy.serialization import deserialize_message, serialize_message
from vla_async_msgs.msg import StopSignal

from vla_async.bench.faults.fault import Context, Fault
from vla_async.bench.faults.judge import GOES_ON, RESTS
from vla_async.bench.faults.spoil import FAR_NS
from vla_async.errors import DataError
from vla_async.graph import PIPELINE, SUPERVISION
from vla_async.nodes import topics
from vla_async.nodes.conversions import to_time
from vla_async.nodes.polling import PolledSubscription

SILENT_S, SPEAKING_S, OLD_S, ALONE_S = 2.0, 1.0, 3.0, 2.0
PERIOD_S = 0.1


def second_commander(context: Context) -> None:
    """A node advertises a controller's topic, as a joystick does that is plugged in, and then tells the robot again
    what it was told last.

    What one who tears at the robot at once does to it no bridge can undo: only access control keeps it away.
    """
    intruder, topic = Node('joystick'), topics.controller(context.robot.outputs[0])
    try:
        heard = PolledSubscription(intruder, topic)
        publisher = topic.advertise(intruder)
        context.begin()
        context.driver.wait(SILENT_S)
        held = heard.newest()
        for _ in range(round(SPEAKING_S / PERIOD_S) if held is not None else 0):
            publisher.publish(held)
            context.driver.wait(PERIOD_S)
    finally:
        intruder.destroy_node()


def answers_for_before(context: Context) -> None:
    """Latents for the instruction before the present one, with fresh stamps and high sequence numbers.

    Raises DataError when one of them is latched, whatever the robot did.
    """
    driver, topic = context.driver, topics.LATENT_UPDATE
    heard: list[Any] = []
    latched: list[Any] = []
    subscriptions = [topic.subscribe(driver.node, heard.append), topics.LATENT.subscribe(driver.node, latched.append)]
    publisher = topic.advertise(driver.node)
    try:
        driver.wait_until(lambda: any(len(message.fusion) for message in heard), 'a latent', 10.0)
        old = deserialize_message(serialize_message([m for m in heard if len(m.fusion)][-1]), topic.message)
        driver.ask(driver.another())
        driver.wait_until(lambda: heard[-1].task_id > old.task_id, 'a latent for the next task', 10.0)
        context.begin()
        latched.clear()
        for number in range(round(OLD_S / PERIOD_S)):
            old.header.stamp = old.ready = to_time(time.time_ns())
            old.sequence = heard[-1].sequence + 1000 + number
            publisher.publish(old)
            driver.wait(PERIOD_S)
        if any(message.task_id == old.task_id for message in latched):
            raise DataError(f'a latent for task {old.task_id} was latched after the next task was there')
    finally:
        for subscription in subscriptions:
            driver.node.destroy_subscription(subscription)
        driver.node.destroy_publisher(publisher)


def stop_button(context: Context) -> None:
    """Somebody presses it."""
    context.begin()
    context.driver.say(topics.STOP_SIGNAL, StopSignal(stop=True, reason='fault campaign'))


def stop_button_after_the_future(context: Context) -> None:
    """The same after words that nobody stops, stamped ten seconds ahead."""
    ahead = StopSignal()
    ahead.header.stamp = to_time(time.time_ns() + FAR_NS)
    context.driver.say(topics.STOP_SIGNAL, ahead)
    stop_button(context)


def stop_button_alone(context: Context) -> None:
    """The same while nothing but the bridge does anything: every other node stands still."""
    others = [spec.name for spec in (*SUPERVISION, *PIPELINE) if spec.name != 'hardware_bridge']
    context.begin()
    try:
        for name in others:
            context.signal(name, signal.SIGSTOP)
        context.driver.say(topics.STOP_SIGNAL, StopSignal(stop=True, reason='fault campaign'))
        context.driver.wait(ALONE_S)
    finally:
        for name in others:
            context.signal(name, signal.SIGCONT)


FAULTS = (Fault('second commander', second_commander, RESTS, resets=True),
          Fault('stop button', stop_button, RESTS, resets=True),
          Fault('stop button after a word from the future', stop_button_after_the_future, RESTS, resets=True),
          Fault('stop button, all other nodes stand still', stop_button_alone, RESTS, resets=True),
          Fault('reasoner answers for an older instruction', answers_for_before, GOES_ON))
