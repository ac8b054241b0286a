"""Where the package's data lies: the installed share folder, or the source tree it runs from."""
from __future__ import annotations

import sys
from pathlib import Path

SOURCE_TREE = Path(__file__).resolve().parent.parent


def share() -> Path:
    """Folder that holds config/, launch/, urdf/ and checkpoints/."""
    if (SOURCE_TREE / 'package.xml').is_file():
        return SOURCE_TREE
    for prefix in (*Path(__file__).resolve().parents, Path(sys.prefix)):
        if (prefix / 'share/vla_async/package.xml').is_file():
            return prefix / 'share/vla_async'
    raise FileNotFoundError('the share folder of vla_async is missing; install the package again')
