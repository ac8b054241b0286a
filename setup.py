"""What pyproject.toml cannot say: scripts from the table of nodes, share/ folders and the message build."""
import os
import sys
from pathlib import Path

from setuptools import Extension, setup

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE / 'tools')]

from message_build import MESSAGES, BuildMessages, DataDistribution  # noqa: E402

from vla_async.graph import ALL  # noqa: E402

SHARED_FOLDERS = ('checkpoints', 'config', 'launch', 'urdf')


def shared(folder):
    """`data_files` for share/vla_async/<folder> with everything below it."""
    for place, folders, names in os.walk(HERE / folder):
        folders[:] = [name for name in folders if name != '__pycache__']
        inside = Path(place).relative_to(HERE).as_posix()
        yield f'share/vla_async/{inside}', [f'{inside}/{name}' for name in sorted(names)]


setup(
    python_requires='>=3.10,<3.14',  # in pyproject.toml it becomes an object which colcon cannot read
    data_files=[
        ('share/ament_index/resource_index/packages', ['resource/vla_async']),
        ('share/vla_async', ['package.xml']),
        *(entry for folder in SHARED_FOLDERS for entry in shared(folder)),
    ],
    entry_points={
        'console_scripts': ['vla-async = vla_async.cli:main',
                            'keep = vla_async.launcher.keeper:main',
                            *(f'{node.executable} = vla_async.nodes.{node.executable}:main' for node in ALL)],
        'vla_async.policies': ['vla_async = vla_async.acting.policy:load_own'],
    },
    ext_modules=[Extension(f'{MESSAGES}.built_by_cmake', [])],
    cmdclass={'build_ext': BuildMessages},
    distclass=DataDistribution,
    zip_safe=False,
)
