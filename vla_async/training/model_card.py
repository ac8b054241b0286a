"""The README.md of a checkpoint folder: what it is, what it was made from, by which command, and how good it is."""
from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from vla_async.training.trainer import Progress

CURVES = 'training_curves.png'
_PLOTS = {'fast': 'flow matching', 'slow': 'reasoning text', 'space_m': 'target located [m]',
          'pixel': 'attention [picture]'}


@dataclass(frozen=True)
class Provenance:
    """How a checkpoint came to be."""

    robot: str
    task: str
    command: str
    seed: int
    data: str  # what it was trained on, in a sentence
    parameters: dict[str, int]


def write(folder: Path, provenance: Provenance, progress: Progress, success: dict[str, Any] | None) -> None:
    """Writes README.md and the curves; `success` is the summary of an evaluation's report with its `seeds`."""
    plot(folder / CURVES, progress)
    made = provenance
    counts = '\n'.join(f'| {name} | {count:,} |' for name, count in made.parameters.items())
    last = json.dumps({k: round(v, 4) for k, v in progress.validation[-1].items()}) if progress.validation else 'none'
    (folder / 'README.md').write_text(
        f'# Policy for {made.robot}, task {made.task}\n\n'
        'A SmolVLM-family reasoner of small size and a flow-matching action expert, trained together end to end.\n\n'
        f'Made by `{made.command}` (seed {made.seed}), {progress.step} updates in '
        f'{progress.elapsed_s / 60:.0f} minutes.\n\n'
        f'## Data\n\n{made.data}\n\n'
        f'## Size\n\n| part | parameters |\n|---|---|\n{counts}\n\n'
        f'## Success in simulation\n\n{_in_words(success)}\n\n'
        f'## Training\n\nLosses of the averaged weights on held-out episodes at the end: `{last}`\n\n'
        f'![curves]({CURVES})\n')


def _in_words(success: dict[str, Any] | None) -> str:
    if success is None:
        return 'Not evaluated.'
    touched, right = success['success'], success['correct_target']
    low, high = touched['interval_95']
    return (f'{touched["count"]} of {success["episodes"]} episodes in virtual time succeeded (95 % interval {low:.0%} '
            f'to {high:.0%}), the right object was reached in {right["count"]}; seeds {success["seeds"][0]} to '
            f'{success["seeds"][1] - 1}, of which no demonstration was made.')


def plot(path: Path, progress: Progress) -> None:
    """Training and validation curves as a PNG."""
    figure = Figure(figsize=(4 * len(_PLOTS), 3), layout='constrained')
    axes = figure.subplots(1, len(_PLOTS))
    for axis, (key, title) in zip(axes, _PLOTS.items(), strict=True):
        for label, rows in (('training', progress.curves), ('held out', progress.validation)):
            shown = [row for row in rows if key in row]  # the first stage has some of the losses only
            axis.plot([row['step'] for row in shown], [row[key] for row in shown], label=label)
        axis.set(title=title, xlabel='update', yscale='log')
        axis.grid(alpha=0.3)
    axes[0].legend()
    figure.savefig(path, dpi=80)
