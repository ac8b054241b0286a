"""config/vla_async.yaml and the nodes' own declarations say the same."""
from dataclasses import MISSING, fields

import pytest
import yaml

from vla_async.graph import PIPELINE
from vla_async.nodes import action_generator, chunk_fuser, hardware_bridge, latent_buffer, vlm_reasoner
from vla_async.resources import share

MODULES = {m.__name__.rpartition('.')[2]: m for m in (vlm_reasoner, latent_buffer, action_generator, chunk_fuser,
                                                       hardware_bridge)}
FILE = yaml.safe_load((share() / 'config/vla_async.yaml').read_text())


def test_sections_stand_in_the_order_of_the_data():
    assert list(FILE)[:len(PIPELINE)] == [node.name for node in PIPELINE]


@pytest.mark.parametrize('name', MODULES)
def test_every_parameter_is_in_the_file_with_its_default(name):
    declared = {field.name: field.default for field in fields(MODULES[name].Parameters)}
    assert FILE[name]['ros__parameters'] == declared


@pytest.mark.parametrize('name', MODULES)
def test_every_parameter_has_a_description_and_every_number_a_range(name):
    for field in fields(MODULES[name].Parameters):
        assert field.default is not MISSING
        assert field.metadata['description'], field.name
        if isinstance(field.default, (int, float)) and not isinstance(field.default, bool):
            assert field.metadata['low'] <= field.default <= field.metadata['high'], field.name
