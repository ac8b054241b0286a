"""Links between hosts that break or are bad, cameras that freeze, clocks that jump."""
from __future__ import annotations

from functools import partial

from vla_async.bench.faults.fault import INSTRUMENTED, TWO_HOSTS, Context, Fault
from vla_async.bench.faults.graph import NODES, POLICY_HOST
from vla_async.bench.faults.relay import NAME
from vla_async.bench.faults.treatment import CUT, FROZEN, LOSSY, STALE

CUT_S, BAD_S, FROZEN_S, CLOCK_S = (0.1, 5.0), 4.0, 5.0, 5.0
LOOSE, LOOSE_S = (3, 9), (0.05, 0.5)  # how often, and how long each time
JUMP_S = 10.0
BETWEEN = ('action_chunk', 'latent', 'trajectory', 'joint_states', 'cameras')
# By when a robot rests [s] that is cut off from what leads it: a chunk reaches 1.1 s ahead, a window to its rest, and
# arms swing out after that. A latent is heeded for longer than any of these cuts lasts.
CHUNKS_END_S = 3.5
CUT_RESTS_S = {'action_chunk': CHUNKS_END_S, 'cameras': CHUNKS_END_S, 'trajectory': 3.0, 'joint_states': 2.0}
OLD_RESTS_S = CHUNKS_END_S + 0.5  # the same where pictures go on, until they are too old


def pull_the_cable(context: Context) -> None:
    """Nothing passes between the two hosts for a while, in either direction."""
    _unplugged_for(context.rng.uniform(*CUT_S), context)


def loose_cable(context: Context) -> None:
    """The same again and again for moments."""
    for _ in range(int(context.rng.integers(*LOOSE))):
        _unplugged_for(context.rng.uniform(*LOOSE_S), context)
        context.driver.wait(context.rng.uniform(*LOOSE_S))


def _unplugged_for(seconds: float, context: Context) -> None:
    if context.host is None:
        raise ValueError('a cable can be pulled in a graph on two hosts only')
    context.host.unplug()
    try:
        context.driver.wait(seconds)
    finally:
        context.host.plug()


def cut(names: tuple[str, ...], context: Context) -> None:
    """Nothing arrives for a while; `cameras` stands for all of them."""
    context.treat_for(context.rng.uniform(*CUT_S), CUT, *_topics(names, context))


def degrade(names: tuple[str, ...], context: Context) -> None:
    """A fifth is lost, the rest is up to 0.2 s late and out of order."""
    context.treat_for(BAD_S, LOSSY, *_topics(names, context))


def freeze(treatment: str, context: Context) -> None:
    """All cameras give one picture again and again."""
    context.treat_for(FROZEN_S, treatment, *_topics(('cameras',), context))


def jump_for_good(by_s: float, context: Context) -> None:
    """The clock of the only computer steps, for every node at once."""
    _jump((*NODES, NAME), by_s, context)


def jump_and_return(by_s: float, context: Context) -> None:
    """The clock of the policy's computer steps, and is put right after a while."""
    _jump(POLICY_HOST, by_s, context)
    try:
        context.driver.wait(CLOCK_S)
    finally:
        _jump(POLICY_HOST, -by_s, context)


def _jump(names: tuple[str, ...], by_s: float, context: Context) -> None:
    if context.clocks is None:
        raise ValueError('clocks can be moved in an instrumented graph only')
    context.clocks.jump(names, by_s)


def _topics(names: tuple[str, ...], context: Context) -> tuple[str, ...]:
    cameras = tuple(camera.topic for camera in context.robot.cameras)
    return tuple(topic for name in names for topic in (cameras if name == 'cameras' else (name,)))


FAULTS = (
    Fault('cable of the policy host pulled', pull_the_cable, graph=TWO_HOSTS, rests_by_s=CHUNKS_END_S),
    Fault('cable of the policy host loose', loose_cable, graph=TWO_HOSTS),
    *(Fault(f'cut {name}', partial(cut, (name,)), graph=INSTRUMENTED, rests_by_s=CUT_RESTS_S.get(name))
      for name in BETWEEN),
    Fault('cut off the policy host', partial(cut, ('cameras', 'action_chunk')), graph=INSTRUMENTED,
          rests_by_s=CHUNKS_END_S),
    *(Fault(f'loss and jitter of {name}', partial(degrade, (name,)), graph=INSTRUMENTED) for name in BETWEEN),
    Fault('loss and jitter everywhere', partial(degrade, BETWEEN), graph=INSTRUMENTED),
    Fault('cameras frozen, stamps go on', partial(freeze, FROZEN), graph=INSTRUMENTED),
    Fault('cameras frozen, stamps stand still', partial(freeze, STALE), graph=INSTRUMENTED, rests_by_s=OLD_RESTS_S),
    *(Fault(f'clock {by_s:+g} s', partial(jump_for_good, by_s), graph=INSTRUMENTED) for by_s in (JUMP_S, -JUMP_S)),
    *(Fault(f'clock of the policy host {by_s:+g} s', partial(jump_and_return, by_s), graph=INSTRUMENTED,
            rests_by_s=CHUNKS_END_S) for by_s in (JUMP_S, -JUMP_S)),
)
