"""No line of the package runs what it reads: no pickle in any of its forms, no code from data, no shell."""
from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted([*(ROOT / 'vla_async').rglob('*.py'), *(ROOT / 'launch').glob('*.py'), *(ROOT / 'tools').glob('*.py'),
                  ROOT / 'setup.py'])

# whole modules: serialisers that run code, parsers that follow entities, servers and clients other than DDS
MODULES = {
    'pickle', '_pickle', 'cPickle', 'pickletools', 'marshal', 'shelve', 'dill', 'cloudpickle', 'joblib', 'jsonpickle',
    'xml.sax', 'xml.dom.pulldom', 'xml.dom.expatbuilder', 'lxml', 'xmlrpc', 'http', 'urllib.request', 'requests',
    'httpx', 'aiohttp', 'ftplib', 'telnetlib', 'socketserver', 'multiprocessing.managers', 'huggingface_hub',
    'torch.hub', 'torch.package'}
# functions: the same, of modules that are good for something else
FUNCTIONS = {
    'eval', 'exec', 'compile', '__import__', 'os.system', 'os.popen', 'os.execv', 'os.execve', 'os.execvp', 'os.spawnv',
    'subprocess.getoutput', 'subprocess.getstatusoutput', 'tempfile.mktemp',
    'torch.load', 'torch.save', 'torch.jit.load', 'torch.serialization.load', 'numpy.load', 'numpy.save',
    'numpy.lib.format.read_array', 'pandas.read_pickle', 'pyarrow.deserialize',
    'yaml.load', 'yaml.load_all', 'yaml.full_load', 'yaml.full_load_all', 'yaml.unsafe_load', 'yaml.unsafe_load_all',
    'yaml.Loader', 'yaml.FullLoader', 'yaml.UnsafeLoader', 'yaml.dump',
    'xml.dom.minidom.parse', 'xml.dom.minidom.parseString', 'xml.etree.ElementTree.parse',
    'xml.etree.ElementTree.iterparse', 'xml.etree.ElementTree.fromstring', 'xml.etree.ElementTree.XML',
    'multiprocessing.connection.Listener', 'multiprocessing.connection.Client', 'asyncio.create_subprocess_shell'}
# keyword -> the only value that it may have
KEYWORDS = {'shell': False, 'allow_pickle': False, 'trust_remote_code': False, 'weights_only': True,
            'local_files_only': True, 'use_safetensors': True}
# modules that import by a name which is not written in them: from the table of commands, of nodes, of wheels
IMPORTERS = {'cli', 'launcher.child', 'doctor.ros'}
# between a process and those that it started itself, by inherited pipes; nobody else can write to them
OWN_CHILDREN = {'bench', 'replay', 'sim', 'training'}


def named(tree: ast.AST) -> dict[str, str]:
    """What the names of a module stand for: `np` for numpy, `load` for torch.load."""
    names = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                names[alias.asname or alias.name.partition('.')[0]] = alias.name if alias.asname else (
                    alias.name.partition('.')[0])
        elif isinstance(node, ast.ImportFrom):
            names |= {alias.asname or alias.name: f'{node.module}.{alias.name}' for alias in node.names}
    return names


def dotted(node: ast.AST, names: dict[str, str]) -> str:
    """`np.lib.load` as `numpy.lib.load`; empty for what is no plain name."""
    if isinstance(node, ast.Name):
        return names.get(node.id, node.id)
    if isinstance(node, ast.Attribute) and (inner := dotted(node.value, names)):
        return f'{inner}.{node.attr}'
    return ''


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield str(node.module)
            yield from (f'{node.module}.{alias.name}' for alias in node.names)


def faults(text: str) -> Iterator[str]:
    """Everything in a module's text that is forbidden."""
    tree = ast.parse(text)
    names = named(tree)
    for name in imported(tree):
        if any(name == module or name.startswith(f'{module}.') for module in MODULES):
            yield f'import {name}'
    for node in ast.walk(tree):
        if isinstance(node, (ast.Name, ast.Attribute)) and (name := dotted(node, names)) in FUNCTIONS:
            yield name
        elif isinstance(node, ast.Call):
            yield from wrong_keywords(node)
            yield from loose_loading(node, names)


def wrong_keywords(call: ast.Call) -> Iterator[str]:
    for keyword in call.keywords:
        if keyword.arg in KEYWORDS:
            given = keyword.value
            if not (isinstance(given, ast.Constant) and given.value is KEYWORDS[keyword.arg]):
                yield f'{keyword.arg}={ast.unparse(given)}'


def loose_loading(call: ast.Call, names: dict[str, str]) -> Iterator[str]:
    """Hugging Face: from local files only, no code of theirs, weights from safetensors."""
    name = dotted(call.func, names)
    if not name.endswith('.from_pretrained'):
        return
    needed = {'local_files_only'}
    if name.startswith('transformers.Auto'):
        needed |= {'trust_remote_code'}
    if 'Model' in name:
        needed |= {'use_safetensors'}
    yield from (f'{name} without {keyword}' for keyword in sorted(needed - {str(k.arg) for k in call.keywords}))


@pytest.mark.parametrize('path', SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_has_nothing_of_the_kind(path: Path) -> None:
    assert list(faults(path.read_text())) == []


@pytest.mark.parametrize(('text', 'found'), [
    ('import pickle', 'import pickle'),
    ('def f():\n    from cloudpickle import loads', 'import cloudpickle'),
    ('from xml import sax', 'import xml.sax'),
    ('import torch as t\nt.load("x")', 'torch.load'),
    ('from torch import load as read\nread("x")', 'torch.load'),
    ('import numpy as np\nmade = map(np.load, paths)', 'numpy.load'),
    ('import yaml\nyaml.load(text, yaml.SafeLoader)', 'yaml.load'),
    ('import yaml\nclass Mine(yaml.UnsafeLoader): pass', 'yaml.UnsafeLoader'),
    ('eval("1")', 'eval'),
    ('import os\nos.system("ls")', 'os.system'),
    ('import subprocess\nsubprocess.run("ls", shell=True)', 'shell=True'),
    ('import subprocess\nsubprocess.run("ls", shell=asked)', 'shell=asked'),
    ('from xml.etree import ElementTree\nElementTree.parse(path)', 'xml.etree.ElementTree.parse'),
    ('from transformers import AutoModel\nAutoModel.from_pretrained(f, local_files_only=True, use_safetensors=True)',
     'transformers.AutoModel.from_pretrained without trust_remote_code'),
    ('from transformers import AutoModel\nAutoModel.from_pretrained(f, local_files_only=True, '
     'trust_remote_code=False)', 'transformers.AutoModel.from_pretrained without use_safetensors'),
    ('from transformers import AutoTokenizer\nAutoTokenizer.from_pretrained(f, trust_remote_code=True)',
     'trust_remote_code=True'),
])
def test_what_is_forbidden_is_found(text: str, found: str) -> None:
    assert found in list(faults(text))


def users(*functions: str) -> set[str]:
    """Modules of the package that use one of the functions, below vla_async."""
    found = set()
    for path in SOURCES:
        tree = ast.parse(path.read_text())
        names = named(tree)
        if path.is_relative_to(ROOT / 'vla_async') and any(
                dotted(node, names) in functions for node in ast.walk(tree)):
            found.add('.'.join(path.relative_to(ROOT / 'vla_async').with_suffix('').parts))
    return found


def test_modules_are_imported_by_name_in_few_places() -> None:
    assert users('importlib.import_module') == IMPORTERS


def test_objects_travel_between_a_process_and_its_own_children_only() -> None:
    """The pipes of multiprocessing carry pickles."""
    rooms = {name.partition('.')[0] for name in users(
        'multiprocessing.get_context', 'torch.multiprocessing.get_context', 'multiprocessing.Pool',
        'multiprocessing.Process', 'concurrent.futures.ProcessPoolExecutor')}
    assert rooms <= OWN_CHILDREN
