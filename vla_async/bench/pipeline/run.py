"""Runs the demo as a user would, in a process of its own, and reads the figures from what it recorded."""
from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vla_async import embodiment
from vla_async.bench.pipeline.speed import Figures, speed
from vla_async.embodiment import Embodiment
from vla_async.errors import VlaAsyncError
from vla_async.replay.bag import is_topic, messages, open_bag, sent_messages
from vla_async.replay.bag_episodes import read_episodes
from vla_async.replay.trace import EpisodeTrace

EPISODE_S = 10.0
OUTPUT_LINES = 12


class BenchFault(VlaAsyncError):
    """The graph that was to be measured did not run."""


@dataclass(frozen=True)
class Run:
    """What is measured."""

    robot: str
    task: str
    checkpoint: str | None
    seed: int
    seconds: float

    def measure(self, slow_delay_ms: int) -> Figures:
        """Figures of the running graph, with every reasoner pass longer by `slow_delay_ms`."""
        with tempfile.TemporaryDirectory(prefix='vla_async_bench_') as folder:
            report = Path(folder) / 'run'
            _demo(self._arguments(report, slow_delay_ms))
            bag = report / 'bag'
            robot = embodiment.load(self.robot)
            traces = [episode.trace for episode in read_episodes(bag, robot)]
            return speed(traces, pictures_sent(bag, robot), lateness_ms(bag, traces), largest_latent(bag))

    def _arguments(self, report: Path, slow_delay_ms: int) -> list[str]:
        episodes = max(1, round(self.seconds / EPISODE_S))
        limit_s = min(EPISODE_S, self.seconds)
        checkpoint = [] if self.checkpoint is None else ['--checkpoint', self.checkpoint]
        return ['--robot', self.robot, '--task', self.task, '--seed', str(self.seed), '--episodes', str(episodes),
                '--time-limit', str(limit_s), '--slow-delay-ms', str(slow_delay_ms), '--report', str(report),
                '--headless', '--to-the-end', *checkpoint]


def pictures_sent(bag: Path, robot: Embodiment) -> dict[int, int]:
    """When the last of a chunk's pictures left its camera [ns], by the chunk's sequence number.

    Cameras of a busy machine are not all on time, and a chunk is not kept waiting for long: it may have pictures of
    several stamps. A chunk with a picture that the bag lacks is left out.
    """
    topics = [camera.topic for camera in robot.cameras]
    sent = {(camera, message.stamp_ns): message.sent_ns for message in sent_messages(bag, *topics)
            for camera, topic in enumerate(topics) if is_topic(message.topic, topic)}
    last: dict[int, int] = {}
    with open_bag(bag) as reader:
        for received in messages(reader, 'action_chunk'):
            pictures = list(enumerate(received.message.pictures))
            if pictures and all(picture in sent for picture in pictures):
                last[received.message.sequence] = max(sent[picture] for picture in pictures)
    return last


def lateness_ms(bag: Path, traces: Sequence[EpisodeTrace]) -> Figures:
    """How late the bridge's ticks were by its own clock: the worst report of an episode; None when there is none."""
    worst: Figures = {'p99': None, 'max': None}
    with open_bag(bag) as reader:
        for received in messages(reader, 'diagnostics'):
            if any(trace.start_ns <= received.received_ns <= trace.end_ns for trace in traces):
                for key, value in _bridge_lateness(received.message):
                    worst[key] = max(value, worst[key] or 0.0)
    return worst


def _bridge_lateness(message: Any) -> Iterator[tuple[str, float]]:
    for status in message.status:
        if status.name.startswith('hardware_bridge'):
            yield from ((key, float(entry.value)) for key in ('p99', 'max') for entry in status.values
                        if entry.key == f'lateness {key} [ms]')


def largest_latent(bag: Path) -> int | None:
    """Size of the largest serialized latent of a bag [bytes]; None when there is none."""
    with open_bag(bag) as reader:
        latents = [c for c in reader.connections if is_topic(c.topic, 'latent')]
        return max((len(raw) for _, _, raw in reader.messages(connections=latents)), default=None) if latents else None


def _demo(arguments: Sequence[str]) -> None:
    """Run it; raises BenchFault with its last words when it fails."""
    command = [sys.executable, '-m', 'vla_async.cli', 'demo', *arguments]
    with subprocess.Popen(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          start_new_session=True) as demo:  # Ctrl-C is for us; the demo hears of it once, from us
        try:
            output, _ = demo.communicate()
        except BaseException:
            demo.terminate()  # it ends its nodes; killed, it could not
            demo.wait()  # after a Ctrl-C `with` does not
            raise
    if demo.returncode != 0:
        last = '\n'.join(output.strip().splitlines()[-OUTPUT_LINES:])
        raise BenchFault(f'vla-async demo ended with status {demo.returncode}:\n{last}')
