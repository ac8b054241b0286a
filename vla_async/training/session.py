"""One run of `vla-async train`: from nothing, or from where it stopped, to a checkpoint folder."""
from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

from vla_async.acting.expert import FILE as EXPERT_FILE
from vla_async.acting.expert import ActionExpert
from vla_async.acting.policy import load_policy
from vla_async.acting.policy_spec import PolicySpec
from vla_async.embodiment import Embodiment
from vla_async.errors import ConfigError
from vla_async.launcher.interruption import Postponed
from vla_async.progress import ProgressBar
from vla_async.reasoning.reasoner import FOLDER, FUSION_FILE, load_fusion
from vla_async.reasoning.vision_language import VisionLanguage
from vla_async.training import demonstrations_store, model_card, training_state
from vla_async.training.batches import Batch, Batches, BatchSizes, fit_normalisation
from vla_async.training.demonstrations_store import Demonstrations
from vla_async.training.gradient_helper import GradientHelper
from vla_async.training.initialise import initialise
from vla_async.training.losses import Student
from vla_async.training.shard import Shard
from vla_async.training.trainer import Budget, Trainer

LOG_EVERY = 50  # updates
SHOWN = ('fast', 'slow', 'pixel', 'space_m')
SAVE_EVERY_S = 180.0
HELD_OUT = 0.04  # share of the episodes for validation
ACCELERATOR_SIZES = BatchSizes(slow=16, fast=6, alone=96)
VALIDATION_SIZES = BatchSizes(slow=16, fast=2, alone=32)
VALIDATION_BATCHES = 3


@dataclass(frozen=True)
class TrainOptions:
    """What `vla-async train` was asked for."""

    robot: str
    task: str
    episodes: int
    jobs: int
    minutes: float
    steps: int
    device: str
    seed: int
    out: Path
    data: Path
    resume: bool
    command: str


class Session:
    """Demonstrations, training and evaluation of one checkpoint folder."""

    def __init__(self, options: TrainOptions, robot: Embodiment) -> None:
        if options.minutes <= 0 or options.steps < 1 or options.jobs < 1:
            raise ConfigError('--minutes, --steps and --jobs must be positive')
        _check_device(options.device)
        self.options, self.robot = options, robot
        self.trainer: Trainer | None = None
        self._trained_on = ''

    def demonstrate(self) -> None:
        """Records the demonstrations that are missing."""
        from vla_async.training.demonstrations import record  # brings the simulator along
        with ProgressBar('demonstrations') as bar:
            record(self.options.data, self.options.robot, self.options.task, self.options.episodes,
                   jobs=self.options.jobs, progress=bar.update)

    def train(self) -> None:
        """Trains until the budget is used up or, after a whole update, it is interrupted; saves then and on the way."""
        options = self.options
        with ProgressBar('reading videos') as bar:
            data = demonstrations_store.load(options.data, bar.update)
        self._trained_on = in_words(data)
        with ExitStack() as helpers:
            self.trainer, validation = self._prepare(data, helpers)
            with Postponed() as interruption:
                self._loop(self.trainer, Budget(options.steps, options.minutes * 60), validation, interruption)
                self.save()

    def save(self) -> None:
        """The averaged weights as a checkpoint folder, and the state to resume from."""
        if self.trainer is None:
            return
        out, trainer = self.options.out, self.trainer
        training_state.save(trainer, out)
        trainer.with_average(lambda: export(trainer.shard.student, out))
        model_card.write(out, self._provenance(trainer), trainer.progress, None)

    def finish(self, seeds: Sequence[int]) -> None:
        """Success over `seeds` (none: not measured) into the model card."""
        if self.trainer is None or not seeds:
            return
        from vla_async.replay.report import make_report  # brings the simulator along
        from vla_async.sim.evaluate import EpisodeRunner
        runner = EpisodeRunner(self.robot, self.options.task, load_policy(self.options.out, self.robot))
        try:
            with ProgressBar('evaluation') as bar:
                episodes = [runner.run(seed) for seed in bar.track(seeds, len(seeds))]
        finally:
            runner.close()
        summary = {'seeds': [seeds[0], seeds[-1] + 1], **make_report(episodes, self.robot, {})['summary']}
        model_card.write(self.options.out, self._provenance(self.trainer), self.trainer.progress, summary)

    def _prepare(self, data: Demonstrations, stack: ExitStack) -> tuple[Trainer, list[Batch]]:
        """Trainer over one shard here and one helper for every further core, and the validation batches.

        The helpers end with the stack.
        """
        options, out = self.options, self.options.out
        if not options.resume:
            initialise(out, self.robot, 'small', options.seed, sorted(set(data.instructions)))
            spec = PolicySpec.load(out)
            replace(spec, normalisation=fit_normalisation(data, spec.horizon)).save(out)
        shard = make_shard(data, out, options.seed, 0, options.device)
        cores = options.jobs if options.device == 'cpu' else 1
        source = (options.data, len(data.starts))
        helpers = [stack.enter_context(closing(GradientHelper(make_shard, (source, out, options.seed, number),
                                                              shard.parameters)))
                   for number in range(1, cores)]
        trainer = Trainer(shard, helpers)
        if options.resume:
            training_state.load(trainer, out)
        return trainer, validation_batches(data, shard)

    def _loop(self, trainer: Trainer, budget: Budget, validation: list[Batch], interruption: Postponed) -> None:
        progress, recent = trainer.progress, list[dict[str, float]]()
        last = saved = time.monotonic()
        with ProgressBar('training') as bar:
            while (share := budget.share(progress)) < 1 and not interruption.asked:
                recent.append(trainer.step(budget))
                now = time.monotonic()
                progress.elapsed_s, last = progress.elapsed_s + now - last, now
                if progress.step % LOG_EVERY == 0:
                    _log(trainer, recent, validation)
                    recent = []
                    bar.console.print(_describe(trainer))
                if now - saved > SAVE_EVERY_S:
                    self.save()
                    saved = time.monotonic()
                bar.update(int(share * 100), 100, _describe(trainer))
            if interruption.asked:
                bar.console.print(f'saving after update {progress.step}; --resume goes on from there')

    def _provenance(self, trainer: Trainer) -> model_card.Provenance:
        options, student = self.options, trainer.shard.student
        counts = {name: sum(p.numel() for p in part.parameters()) for name, part in
                  (('reasoner', student.vlm), ('fusion queries', student.fusion), ('action expert', student.expert))}
        return model_card.Provenance(options.robot, options.task, options.command, options.seed, self._trained_on,
                                     counts)


def _check_device(name: str) -> None:
    """Before anything is done; raises ConfigError where torch knows no such device or has none."""
    try:
        torch.empty(1, device=name)
    except (RuntimeError, AssertionError) as error:
        raise ConfigError(f'--device {name}: {str(error).splitlines()[0]}') from error


def in_words(data: Demonstrations) -> str:
    """What a checkpoint was trained on, for its model card."""
    from vla_async.training.demonstrations import FIRST_TRAINING_SEED  # brings the simulator along
    return (f'{len(data.starts):,} demonstrations of the scripted expert, {len(data.position):,} steps at '
            f'{data.fps:g} Hz, in scenes from seed {FIRST_TRAINING_SEED} on; {HELD_OUT:.0%} of them held out.')


def make_shard(data: Demonstrations | tuple[Path, int], folder: Path, seed: int, number: int, device: str = 'cpu'
               ) -> Shard:
    """The `number`-th worker of a training in the checkpoint folder.

    In a helper's process, which cannot be given arrays, `data` is the dataset's folder and the number of episodes.
    """
    if isinstance(data, tuple):
        data = demonstrations_store.load(data[0], most=data[1])
    spec = PolicySpec.load(folder)
    model = VisionLanguage.load(folder / FOLDER)
    fusion = load_fusion(folder / FUSION_FILE, model.width)
    student = Student(model, fusion, ActionExpert.load(folder, spec)).to(device)
    sizes = BatchSizes() if device == 'cpu' else ACCELERATOR_SIZES
    batches = Batches(data, split(data)[0], spec, model.prompts, np.random.default_rng([seed, number]), sizes)
    return Shard(student, batches, seed * 1000 + number, device)


def validation_batches(data: Demonstrations, shard: Shard) -> list[Batch]:
    """The same batches of held-out episodes whenever it is called."""
    fixed = Batches(data, split(data)[1], shard.batches.spec, shard.batches.prompts, np.random.default_rng(0),
                    VALIDATION_SIZES, augment=False)
    return [fixed.draw(shard.device) for _ in range(VALIDATION_BATCHES)]


def export(student: Student, folder: Path) -> None:
    """Weights into a checkpoint folder whose configuration is there already; in bfloat16, as they run."""
    folder.mkdir(parents=True, exist_ok=True)
    half = {name: _half(part) for name, part in (('fusion', student.fusion), ('expert', student.expert))}
    save_file(half['fusion'], folder / FUSION_FILE)
    save_file(half['expert'], folder / EXPERT_FILE)
    student.vlm.save_pretrained(folder / FOLDER, state_dict=_half(student.vlm))


def split(data: Demonstrations) -> tuple[np.ndarray, np.ndarray]:
    """Pictures for training and for validation; whole episodes, the last ones are held out."""
    episodes = data.picture_episodes()
    first_held_out = len(data.starts) - max(1, round(HELD_OUT * len(data.starts)))
    pictures = np.arange(len(episodes))
    return pictures[episodes < first_held_out], pictures[episodes >= first_held_out]


def _half(part: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {k: v.detach().to('cpu', torch.bfloat16).contiguous() for k, v in part.state_dict().items()}


def _log(trainer: Trainer, recent: list[dict[str, float]], validation: list[Batch]) -> None:
    """Means since the last time, and now and then the losses on held-out episodes."""
    progress = trainer.progress
    means = {k: float(np.mean([r[k] for r in recent])) for k in recent[0]}
    progress.curves.append({'step': progress.step, 'elapsed_s': progress.elapsed_s, **means})
    if progress.step % (4 * LOG_EVERY) == 0:
        progress.validation.append({'step': progress.step, **trainer.validate(validation)})


def _describe(trainer: Trainer) -> str:
    """The newest figures in one line."""
    progress = trainer.progress
    rows = [('', progress.curves[-1:]), ('held out: ', progress.validation[-1:])]
    shown = [name + ' '.join(f'{key} {row[0][key]:.3f}' for key in SHOWN if key in row[0]) for name, row in rows if row]
    return f'update {progress.step} after {progress.elapsed_s / 60:.1f} min  ' + ' | '.join(shown)
