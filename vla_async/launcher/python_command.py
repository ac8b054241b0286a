"""How another Python runs a module of this one's packages, whatever lies in the working directory."""
from __future__ import annotations

import sys

# -m would look for packages in the working directory first: in a source tree beside the one that is installed, say
RUN = 'import runpy, sys; del sys.path[0]; runpy.run_module({module!r}, run_name="__main__", alter_sys=True)'


def python_command(module: str, *arguments: str) -> list[str]:
    """Words of the command line."""
    return [sys.executable, '-c', RUN.format(module=module), *arguments]
