"""Demonstrations in memory: numbers as arrays, pictures as memory-mapped arrays decoded once from the videos."""
from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vla_async.datasets.lerobot_dataset import Dataset, Episode
from vla_async.errors import DataError
from vla_async.types import FloatArray, ImageArray

CACHE = 'frame_cache'
STRIDE = 4  # every 4th picture is kept: successive ones are nearly the same, and 30 a second would not fit in memory


@dataclass
class Demonstrations:
    """N rows at `fps`; pictures exist for the rows `picture_rows` (M,) only, in the same order as `pictures`."""

    fps: float
    position: FloatArray  # (N, D) [rad or m]
    velocity: FloatArray  # (N, D) [rad/s or m/s]
    action: FloatArray  # (N, D) set-points [rad or m]
    target_position: FloatArray  # (N, 3) base frame [m]
    target_pixel: FloatArray  # (N, 2) 0..1 in the main camera's picture; outside that range: not seen
    starts: np.ndarray  # (E,) first row of each episode
    stops: np.ndarray  # (E,) one past its last row
    instructions: list[str]  # (E,)
    hands: list[str]  # (E,)
    targets: list[str]  # (E,)
    picture_rows: np.ndarray  # (M,) sorted rows
    pictures: dict[str, ImageArray]  # camera -> (M, h, w, 3)

    def picture_episodes(self) -> np.ndarray:
        """Episode of every picture, (M,)."""
        return np.searchsorted(self.starts, self.picture_rows, side='right') - 1

    def chunk(self, rows: np.ndarray, horizon: int) -> FloatArray:
        """Set-points from each row on, (B, horizon, D); past an episode's end its last one is repeated."""
        episode = np.searchsorted(self.starts, rows, side='right') - 1
        steps = np.minimum(rows[:, None] + np.arange(horizon), self.stops[episode][:, None] - 1)
        return self.action[steps]


def load(root: str | Path, progress: Callable[[int, int], None] = lambda done, total: None, most: int | None = None
         ) -> Demonstrations:
    """From the first `most` episodes of a LeRobot dataset; what is not yet in `frame_cache/` is decoded into it."""
    data = Dataset(root)
    numbers = data.numeric
    for key in ('privileged.target_position', 'privileged.target_pixel'):
        if key not in numbers:
            raise DataError(f'{root}: column {key} is missing; record the demonstrations with vla-async')
    episodes = data.episodes[:most]
    starts, stops = np.array([e.start for e in episodes]), np.array([e.stop for e in episodes])
    rows = np.concatenate([np.arange(a, b, STRIDE) for a, b in zip(starts, stops, strict=True)])

    def column(name: str) -> FloatArray:
        return numbers[name][:stops[-1]].astype(np.float64)

    return Demonstrations(
        data.fps, column('observation.state'), column('observation.velocity'), column('action'),
        column('privileged.target_position'), column('privileged.target_pixel'), starts, stops,
        [e.instruction for e in episodes], [_note(e, 'hand') for e in episodes],
        [_note(e, 'target') for e in episodes], rows,
        {camera: _pictures(data, camera, episodes, progress) for camera in data.cameras})


def _note(episode: Episode, key: str) -> str:
    if key not in episode.notes:
        raise DataError(f'episode {episode.index}: the note {key!r} is missing in meta/episodes')
    return str(episode.notes[key])


def _pictures(data: Dataset, camera: str, episodes: Sequence[Episode], progress: Callable[[int, int], None]
              ) -> ImageArray:
    """Memory-mapped (M, h, w, 3); decodes only the episodes that an earlier, shorter cache does not hold."""
    folder = data.root / CACHE
    folder.mkdir(exist_ok=True)
    height, width, _ = data.info['features'][f'observation.images.{camera}']['shape']
    path, state = folder / f'{camera}.rgb', folder / f'{camera}.json'
    done = json.loads(state.read_text())['episodes'] if state.is_file() else 0
    if done < len(episodes):
        with path.open('r+b' if done else 'wb') as file:
            file.seek(_kept(data.episodes[:done]) * height * width * 3)
            for episode in episodes[done:]:
                file.write(data.frames(episode.index, camera)[::STRIDE].tobytes())
                progress(episode.index + 1, len(episodes))
        state.write_text(json.dumps({'episodes': len(episodes), 'stride': STRIDE}))
    return np.memmap(path, np.uint8, 'r', shape=(_kept(episodes), height, width, 3))


def _kept(episodes: Sequence[Episode]) -> int:
    return sum(-(-e.length // STRIDE) for e in episodes)
