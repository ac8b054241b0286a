"""How the processes of the suite reach each other: by UDP, and through shared memory where there are pictures.

Who writes into the shared memory of a process that was killed may have to wait: with Fast DDS 3.2, on two busy cores,
0.3 s after every thirteenth kill of a reader and up to 3 s after every thirtieth. By UDP no write took longer than
35 ms, but a third of the pictures of 224x224 is lost, as they do not fit into a socket's buffer. So nothing that motion
hangs on shares memory with anybody (docs/safety.md).
"""
from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from vla_async.resources import share

PROFILE, RANGE = 'FASTDDS_DEFAULT_PROFILES_FILE', 'ROS_AUTOMATIC_DISCOVERY_RANGE'
LOCALHOST, AS_IN_PROFILE = 'LOCALHOST', 'SYSTEM_DEFAULT'
LOCAL, NETWORK = 'local', 'network'  # profiles
PICTURES = '_pictures'


def transport(base: Mapping[str, str], *, pictures: bool) -> dict[str, str]:
    """Variables for a process that otherwise has those of `base`; none where somebody has chosen another profile.

    `pictures`: it sends or reads them. Where discovery keeps to this machine, the profile sees to that: for the range
    LOCALHOST ROS adds shared memory to whatever is chosen.
    """
    chosen = Path(base.get(PROFILE, folder() / NETWORK))
    if chosen.parent != folder():
        return {}
    local = chosen.stem.startswith(LOCAL) or base.get(RANGE) == LOCALHOST
    profile = folder() / f'{LOCAL if local else NETWORK}{PICTURES if pictures else ""}.xml'
    return {PROFILE: str(profile)} | ({RANGE: AS_IN_PROFILE} if local else {})


def folder() -> Path:
    """Where the profiles are."""
    return share() / 'config/dds'
