"""config/vla_async.yaml, docs/parameters.md and the nodes' own declarations say the same, for every node."""
import re
from dataclasses import MISSING, fields
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
import yaml

from vla_async.graph import ALL, PIPELINE
from vla_async.resources import share

ROOT = Path(__file__).resolve().parents[2]
NAMES = [spec.name for spec in ALL]
FILE = yaml.safe_load((share() / 'config/vla_async.yaml').read_text())
PAGE = (ROOT / 'docs/parameters.md').read_text(encoding='utf-8')


def declared(name):
    return fields(import_module(f'vla_async.nodes.{name}').Parameters)


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def rows(name):
    """Cells of the page's table of a node, by parameter."""
    table = PAGE.partition(f'## {name}\n')[2].partition('\n## ')[0]
    lines = [[cell.strip() for cell in line.strip('|').split(' | ')] for line in table.splitlines()
             if line.startswith('| `')]
    return {cells[0].strip('`'): cells[1:] for cells in lines}


def test_sections_stand_in_the_order_of_the_data():
    assert list(FILE)[:len(PIPELINE)] == [node.name for node in PIPELINE]
    assert re.findall(r'^## (.*)$', PAGE, re.MULTILINE) == NAMES


@pytest.mark.parametrize('name', NAMES)
def test_every_parameter_is_in_the_file_with_its_default(name):
    assert FILE[name]['ros__parameters'] == {field.name: field.default for field in declared(name)}


@pytest.mark.parametrize('name', NAMES)
def test_every_parameter_has_a_description_and_every_number_a_range(name):
    for field in declared(name):
        assert field.default is not MISSING
        assert field.metadata['description'], field.name
        if is_number(field.default):
            assert field.metadata['low'] <= field.default <= field.metadata['high'], field.name


@pytest.mark.parametrize('name', NAMES)
def test_every_physical_parameter_names_its_unit(name):
    for field in declared(name):
        if isinstance(field.default, float) or field.name.endswith(('_s', '_ms', '_hz')):
            assert re.search(r'\[.+\]|share', field.metadata['description']), field.name


@pytest.mark.parametrize('name', NAMES)
def test_the_page_tells_each_parameter_with_default_range_and_meaning(name):
    told = rows(name)
    assert list(told) == [field.name for field in declared(name)]
    for field in declared(name):
        default, span, unit, meaning = told[field.name]
        value = yaml.safe_load(default.strip('`'))
        assert type(value) is type(field.default)
        assert value == (pytest.approx(field.default, rel=1e-5) if is_number(value) else field.default)
        assert [float(end) for end in span.split(' to ') if end] == [
            float(end) for end in (field.metadata['low'], field.metadata['high']) if end is not None]
        assert (f'[{unit}]' in field.metadata['description']) if unit else '[' not in field.metadata['description']
        assert meaning


def test_the_page_is_what_its_maker_makes():
    spec = spec_from_file_location('parameter_docs', ROOT / 'tools/parameter_docs.py')
    maker = module_from_spec(spec)
    spec.loader.exec_module(maker)
    assert maker.page() == PAGE, 'run: python tools/parameter_docs.py'
