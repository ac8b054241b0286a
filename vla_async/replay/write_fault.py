"""Why a bag cannot be written any further, and what helps."""
from __future__ import annotations

import errno
import shutil
from pathlib import Path

from vla_async.errors import EnvironmentFault

CURES = {
    errno.ENOSPC: 'make room there',
    errno.EDQUOT: "make room there, or have the user's quota raised",
    errno.EFBIG: 'let it begin new files in time (split_mb), or have the largest size of a file raised'}


def write_fault(folder: Path, error: Exception) -> EnvironmentFault:
    """The end of a recording into `folder`, with the room that is left there and the cure."""
    why = error.strerror or str(error) if isinstance(error, OSError) else str(error)
    cure = CURES.get(error.errno or 0, '') if isinstance(error, OSError) else ''
    return EnvironmentFault(
        f'recording into {folder} ended: {why} ({_room(folder)}); {cure}{", " if cure else ""}'
        f'give the bag its index with `vla-async bag mend {folder}` and record into another folder')


def _room(folder: Path) -> str:
    try:
        return f'{shutil.disk_usage(folder).free / 1e6:.1f} MB free there'
    except OSError as error:
        return f'not there any more: {error.strerror}'
