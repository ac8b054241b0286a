"""What some of the fusers make of a scenario, as PNG."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from vla_async.bench.fusion.figures import ON_PATH_S
from vla_async.bench.fusion.run import OURS, SERVO_NS, SERVO_PER_STEP, Trace, run
from vla_async.bench.fusion.scenarios import Scenario
from vla_async.plots import png, tidy
from vla_async.timebase import NS_PER_S

DRAWN = {'lerobot_weighted_average': '#c2410c', 'physicalai_lerp': '#b7791f', 'vla_rail_paper': '#7b8794',
         OURS: '#0b5cad'}
SPAN_S = (4.0, 8.0)  # of a run that is drawn over time
Traces = Mapping[str, Trace]


def picture(scenario: Scenario) -> bytes:
    """The path of a circle, one joint over time of anything else."""
    traces = {name: run(name, scenario, seed=0) for name in DRAWN}
    figure = (_over_time if scenario.circle is None else _round_the_circle)(traces, scenario)
    return png(figure)


def _over_time(traces: Traces, scenario: Scenario) -> Figure:
    """Where a joint is, and its second difference: the gripper if there is one."""
    figure = Figure(figsize=(11, 4.2), layout='constrained')
    where, bend = figure.subplots(2, 1, sharex=True)
    column, size = (0, scenario.amplitude) if scenario.gripper is None else (-1, 1.0)
    for name, trace in traces.items():
        times = trace.times_s[::SERVO_PER_STEP]
        joint = trace.positions[::SERVO_PER_STEP, column] / size
        shown = (times >= SPAN_S[0]) & (times <= SPAN_S[1])
        where.plot(times[shown], joint[shown], **_line(name))
        bend.plot(times[1:-1][shown[1:-1]], np.diff(joint, 2)[shown[1:-1]], **_line(name))
    where.set(ylabel='position' if scenario.gripper is None else 'gripper', xlim=SPAN_S)
    bend.set(ylabel='second difference', xlabel='time [s]')
    where.legend(loc='lower right', bbox_to_anchor=(1, 1), ncols=len(DRAWN), frameon=False, fontsize=8)
    tidy(where, bend)
    return figure


def _round_the_circle(traces: Traces, scenario: Scenario) -> Figure:
    """Where a robot gets to that follows the set-points as fast as it may, and how fast they ask joint 0 to move."""
    figure = Figure(figsize=(11, 5.2), layout='constrained')
    path, speed = figure.subplots(1, 2, width_ratios=(1, 1.2))
    turn = np.linspace(0.0, 2 * np.pi, 200)
    path.plot(np.cos(turn), np.sin(turn), color='black', lw=0.8, ls='--', zorder=3, label='wanted')
    for name, trace in traces.items():
        shown = trace.times_s >= ON_PATH_S
        robot = trace.robot[shown] / scenario.amplitude
        path.plot(robot[:, 0], robot[:, 1], **_line(name))
        asked = np.diff(trace.positions[::SERVO_PER_STEP, 0]) / (SERVO_NS * SERVO_PER_STEP / NS_PER_S)
        speed.plot(trace.times_s[SERVO_PER_STEP::SERVO_PER_STEP], asked, **_line(name))
    for bound in (-scenario.most[0, 0], scenario.most[0, 0]):
        speed.axhline(bound, color='black', lw=0.8, ls='--')
    path.set(aspect='equal', xlabel='joint 0 of the robot', ylabel='joint 1 of the robot')
    speed.set(xlabel='time [s]', ylabel='velocity asked of joint 0 [rad/s], its limit dashed', xlim=(ON_PATH_S, 10.0))
    path.legend(loc='center', frameon=False, fontsize=8)
    tidy(path, speed)
    return figure


def _line(name: str) -> dict[str, Any]:
    return {'color': DRAWN[name], 'lw': 1.8 if name == OURS else 1.0, 'label': name}
