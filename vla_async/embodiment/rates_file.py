"""What a robot file says of time and pictures: how often what happens, and what the cameras send."""
from __future__ import annotations

from typing import Any

from vla_async.embodiment.checks import no_other_keys, within
from vla_async.embodiment.robot import Camera, Rates
from vla_async.errors import ConfigError

RATES_HZ = {  # lowest and highest of each
    'chunk_hz': (1.0, 200.0), 'trajectory_hz': (5.0, 200.0),
    'command_hz': (20.0, 500.0),  # the bridge counts as silent after 0.1 s
    'joint_state_hz': (10.0, 5000.0)}
SIZES = (16, 8192)  # [px]
CAMERA_HZ = (0.5, 1000.0)


def parse_rates(source: str, entry: Any) -> Rates:
    """The key `rates`; raises ConfigError that names file and rate."""
    where = f'{source}: rates'
    if not isinstance(entry, dict):
        raise ConfigError(f'{where} is a mapping with {", ".join(RATES_HZ)}')
    no_other_keys(where, entry, RATES_HZ)
    return Rates(**{key: within(f'{where}: {key}', entry.get(key), *span) for key, span in RATES_HZ.items()})


def parse_camera(source: str, name: str, entry: Any) -> Camera:
    """One entry of `cameras`; raises ConfigError that names file, camera and key."""
    where = f'{source}: camera {name}'
    if not isinstance(entry, dict) or not isinstance(entry.get('topic'), str) or not entry['topic']:
        raise ConfigError(f'{where} is a mapping with topic, width, height and rate_hz')
    no_other_keys(where, entry, ('topic', 'width', 'height', 'rate_hz'))
    sizes = {key: within(f'{where}: {key}', entry.get(key), *SIZES) for key in ('width', 'height')}
    for key, size in sizes.items():
        if size != int(size):
            raise ConfigError(f'{where}: {key} must be a whole number of pixels, got {size}')
    return Camera(name=str(name), topic=entry['topic'], width=int(sizes['width']), height=int(sizes['height']),
                  rate_hz=within(f'{where}: rate_hz', entry.get('rate_hz'), *CAMERA_HZ))
