"""control_msgs, of which there is no wheel, built from the one message that is needed of it."""
from __future__ import annotations

import os
import shutil
import sys
import sysconfig
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE, OURS = 'control_msgs', 'vla_async_msgs'
DEPENDS = {'CMakeLists.txt': ('action_msgs builtin_interfaces std_msgs', 'std_msgs trajectory_msgs'),
           'package.xml': ('<depend>action_msgs</depend>', '<depend>trajectory_msgs</depend>')}


def control_msgs_environment(work: Path) -> dict[str, str]:
    """Build it below `work` as the suite builds its own messages; returns the environment that finds it."""
    source = work / 'msg'
    shutil.copytree(Path(__file__).with_name(PACKAGE), source)
    for name, change in DEPENDS.items():
        (source / name).write_text((ROOT / 'msg' / name).read_text().replace(OURS, PACKAGE).replace(*change))
    spec = spec_from_file_location('message_build', ROOT / 'tools/message_build.py')
    builder = module_from_spec(spec)
    spec.loader.exec_module(builder)
    prefix = builder.build(source, work / 'built')
    site = Path(sysconfig.get_path('purelib')).relative_to(sys.prefix)
    added = {'PYTHONPATH': prefix / site, 'LD_LIBRARY_PATH': prefix / 'lib', 'AMENT_PREFIX_PATH': prefix}
    return {**os.environ, **{name: os.pathsep.join(filter(None, [str(path), os.environ.get(name)]))
                             for name, path in added.items()}}
