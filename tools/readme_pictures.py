"""Makes the README's pictures from a demo's report folder: `python tools/readme_pictures.py runs/<time>`."""
from __future__ import annotations

import json
import sys
from pathlib import Path

import av
import numpy as np
from PIL import Image

from vla_async import embodiment
from vla_async.replay import figures
from vla_async.replay.bag_episodes import read_episodes

PICTURES = Path(__file__).resolve().parent.parent / 'docs/pictures'
MOMENTS = (0.02, 0.35, 0.97)  # shares of the episode


def main(report: Path) -> None:
    """The first episode as three moments of its video, its motion, its ages and rates."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    moments(sorted(report.glob('*.mp4'))[0]).save(PICTURES / 'demo.png', optimize=True)
    robot = embodiment.load(json.loads((report / 'report.json').read_text())['provenance']['robot'])
    trace = read_episodes(report / 'bag', robot)[0].trace
    (PICTURES / 'motion.png').write_bytes(figures.motion(trace))
    (PICTURES / 'ages_and_rates.png').write_bytes(figures.ages_and_rates(trace))


def moments(video: Path) -> Image.Image:
    """Frames at MOMENTS, one below the other."""
    with av.open(str(video)) as container:
        frames = [frame.to_ndarray(format='rgb24') for frame in container.decode(video=0)]
    return Image.fromarray(np.concatenate([frames[round(share * (len(frames) - 1))] for share in MOMENTS]))


if __name__ == '__main__':
    main(Path(sys.argv[1]))
