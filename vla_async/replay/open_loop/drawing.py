"""A bag's timeline as one zoomable figure (Plotly) and as a picture (Matplotlib)."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from matplotlib.figure import Figure
from plotly.subplots import make_subplots

from vla_async.embodiment import Embodiment
from vla_async.plots import png, tidy
from vla_async.replay.open_loop.judge import Judged
from vla_async.replay.open_loop.sketch import Sketch
from vla_async.replay.recordings.events import Doing
from vla_async.types import FloatArray

JOINTS = 6  # as many as moved most
CHUNK, ROBOT, LIMIT, STOP = '#9aa5b1', '#1f2933', '#c2410c', '#b91c1c'
COLOURS = ('#0b5cad', '#0f766e', '#b45309', '#7c3aed', '#be123c', '#4d7c0f')  # of the configurations
ASKED = ('#dbe4ee', '#c7dcf3')
FIRST_JOINT = 3  # row
LATENT, PICTURES = '#c2410c', '#0f766e'
ROW_PX = 170
GAP_S = 0.2


def timeline(judged: Sequence[Judged], stops: Sequence[Doing], robot: Embodiment) -> go.Figure:
    """Ages, and below them the joints that moved most: chunks as fans, the motions, what the robot did, the limits."""
    sketch = judged[0].sketch
    joints = most_moved(sketch, robot)
    titles = ['asked', 'ages [ms]', *(robot.joint_names[j] for j in joints)]
    figure = make_subplots(rows=len(titles), cols=1, shared_xaxes=True, vertical_spacing=0.25 / (len(titles) + 4),
                           subplot_titles=titles, row_heights=[0.25, *[1.0] * (len(titles) - 1)])
    _asked(figure, sketch)
    _ages(figure, sketch)
    for row, joint in enumerate(joints, FIRST_JOINT):
        _joint(figure, row, joint, judged, robot)
    for stop in stops:
        figure.add_vline(sketch.at(stop.stamp_ns), line={'color': STOP, 'dash': 'dash', 'width': 1},
                         annotation_text=stop.state, annotation_hovertext=stop.text)
    figure.update_layout(height=ROW_PX * len(titles) + 120, template='plotly_white', margin={'l': 60, 'r': 20, 't': 80},
                         legend={'orientation': 'h', 'y': -0.06}, hovermode='x')
    figure.update_xaxes(title_text='time since the first instruction [s]', row=len(titles))
    return figure


def most_moved(sketch: Sketch, robot: Embodiment) -> list[int]:
    """Joints that covered the largest share of their range of motion in the time that was replayed, largest first."""
    if not sketch.motion.rows:
        return []
    covered = np.ptp(np.array([row[1] for row in sketch.motion.rows]), axis=0) / robot.array('velocity')
    return [int(j) for j in np.argsort(-covered, kind='stable')[:JOINTS] if covered[j] > 1e-3]


def still_picture(judged: Judged, robot: Embodiment) -> bytes:
    """The same as a PNG, of one configuration."""
    sketch = judged.sketch
    joints = most_moved(sketch, robot)
    figure = Figure(figsize=(11, 1.6 * max(1, len(joints)) + 0.6), layout='constrained')
    panels = figure.subplots(max(1, len(joints)), 1, sharex=True, squeeze=False)[:, 0]
    for panel, joint in zip(panels, joints, strict=False):
        panel.plot(*_fan(sketch, robot, joint), color=CHUNK, lw=0.5, alpha=0.5, label='chunks')
        panel.plot(*_robot(sketch, joint), color=ROBOT, lw=0.8, label='robot, as recorded')
        panel.plot(*_motion(sketch, joint), color=COLOURS[0], lw=1.4, label=judged.configuration.label)
        panel.set_title(robot.joint_names[joint], loc='left', fontsize=9, fontweight='bold')
    tidy(*panels)
    if joints:
        panels[0].legend(loc='lower right', bbox_to_anchor=(1, 0.98), ncols=3, frameon=False, fontsize=8)
    panels[-1].set_xlabel('time since the first instruction [s]')
    return png(figure)


def _asked(figure: go.Figure, sketch: Sketch) -> None:
    """When which instruction counted; the whole text where there is room, else under the pointer."""
    starts, ends, texts = (list(column) for column in zip(*sketch.asked, strict=True)) if sketch.asked else ([], [], [])
    figure.add_trace(go.Bar(
        orientation='h', base=starts, x=np.subtract(ends, starts), y=[''] * len(texts),
        text=texts, textposition='inside', insidetextanchor='start', textangle=0, constraintext='none', cliponaxis=True,
        marker={'color': [ASKED[number % 2] for number in range(len(texts))]}, hovertext=texts, hoverinfo='text',
        showlegend=False), row=1, col=1)


def _ages(figure: go.Figure, sketch: Sketch) -> None:
    times = np.array([row[0] for row in sketch.ages.rows])
    for place, name, colour in ((1, 'latent age', LATENT), (2, 'picture age', PICTURES)):
        x, y = _gapped(times, np.array([np.nan if row[place] is None else row[place] for row in sketch.ages.rows]))
        figure.add_trace(go.Scatter(x=_short(x), y=_short(y), name=name, mode='lines',
                                    line={'color': colour, 'width': 1}), row=2, col=1)


def _joint(figure: go.Figure, row: int, joint: int, judged: Sequence[Judged], robot: Embodiment) -> None:
    def line(data: tuple[Any, Any], name: str, colour: str, width: float, **more: Any) -> None:
        figure.add_trace(go.Scatter(
            x=_short(data[0]), y=_short(data[1]), name=name, legendgroup=name, showlegend=row == FIRST_JOINT,
            mode='lines', line={'color': colour, 'width': width}, **more), row=row, col=1)

    sketch = judged[0].sketch
    line(_fan(sketch, robot, joint), 'chunks', CHUNK, 0.6, opacity=0.6, hoverinfo='skip')
    line(_robot(sketch, joint), 'robot, as recorded', ROBOT, 1.0)
    for number, one in enumerate(judged):
        line(_motion(one.sketch, joint), one.configuration.label, COLOURS[number % len(COLOURS)], 1.6,
             visible=True if number == 0 else 'legendonly')
    low, high = (robot.array(end)[joint] for end in ('lower', 'upper'))
    values = np.array([entry[1][joint] for entry in sketch.motion.rows])
    for limit in (low, high):  # only where they are near, or they would flatten the motion
        if np.isfinite(limit) and np.abs(values - limit).min() < 0.5 * np.ptp(values):
            figure.add_hline(limit, line={'color': LIMIT, 'dash': 'dot', 'width': 1}, row=row, col=1)


def _motion(sketch: Sketch, joint: int) -> tuple[Any, Any]:
    """Times and positions of the motion; gaps where nothing was asked."""
    times = np.array([row[0] for row in sketch.motion.rows])
    return _gapped(times, np.array([row[1][joint] for row in sketch.motion.rows]))


def _robot(sketch: Sketch, joint: int) -> tuple[Any, Any]:
    times = np.array([row[0] for row in sketch.robot.rows])
    return _gapped(times, np.array([row[1][joint] for row in sketch.robot.rows]))


def _fan(sketch: Sketch, robot: Embodiment, joint: int) -> tuple[Any, Any]:
    """All chunks as one line with gaps; none where chunks are poses of hands."""
    name = robot.joint_names[joint]
    if name not in robot.chunk_columns or not sketch.chunks.rows:
        return np.empty(0), np.empty(0)
    column = robot.chunk_columns.index(name)
    times = [np.append(start + step * np.arange(len(rows)), np.nan) for start, step, rows in sketch.chunks.rows]
    return np.concatenate(times), np.concatenate([np.append(rows[:, column], np.nan)
                                                  for _, _, rows in sketch.chunks.rows])


def _gapped(times: FloatArray, values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """With a nan wherever there was nothing for long."""
    if len(times) < 3:
        return times, values
    wide = np.flatnonzero(np.diff(times) > max(GAP_S, 10 * np.median(np.diff(times)))) + 1
    return np.insert(times, wide, np.nan), np.insert(values, wide, np.nan)


def _short(values: Any) -> list[float | None]:
    """For the page: four decimals are more than a screen shows."""
    return [None if value is None or value != value else round(float(value), 4) for value in values]
