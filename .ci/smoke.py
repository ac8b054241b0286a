"""Asks an installed vla_async for its messages and its data; imports nothing heavy."""
import sys
from pathlib import Path

from vla_async_msgs.action import RunTask
from vla_async_msgs.msg import ActionChunk
from vla_async_msgs.srv import ResetSimulation

from vla_async import resources

assert ActionChunk(sequence=1, positions=[0.5]).positions[0] == 0.5
assert RunTask.Goal().instruction == ResetSimulation.Request().task == ''

share, source = resources.share(), Path(sys.argv[1])
assert share != resources.SOURCE_TREE, 'the source tree was found instead of the installation'
for folder in ('checkpoints', 'config', 'launch', 'urdf'):
    for path in (source / folder).rglob('*.*'):
        assert (share / path.relative_to(source)).exists(), f'{path} was not installed'
print(f'installed: messages and {share}')
