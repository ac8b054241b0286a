import pytest

from vla_async import embodiment
from vla_async.urdf import expand
from vla_async.viz import ghost
from vla_async.viz.ghost import ghost_description
from vla_async.viz.urdf_elements import children


@pytest.fixture(params=embodiment.available())
def robot(request):
    return embodiment.load(request.param)


def rgba(element):
    return [tuple(map(float, colour.getAttribute('rgba').split())) for colour in element.getElementsByTagName('color')]


def test_every_visible_part_has_the_one_transparent_colour(robot):
    urdf = ghost_description(robot)
    visuals = urdf.getElementsByTagName('visual')
    assert visuals
    for visual in visuals:
        assert [rgba(material) for material in children(visual, 'material')] == [[(*ghost.COLOUR, ghost.OPACITY)]]
    assert set(rgba(urdf)) == {(*ghost.COLOUR, ghost.OPACITY)}


def strip(urdf):
    for material in list(urdf.getElementsByTagName('material')):
        material.parentNode.removeChild(material)
    return urdf


def test_but_for_its_looks_it_is_the_robot(robot):
    one, other = (document(robot) for document in (expand, ghost_description))
    assert strip(one).toxml().split() == strip(other).toxml().split()


def test_the_robots_own_description_keeps_its_colours(robot):
    before = expand(robot).toxml()
    ghost_description(robot)
    assert expand(robot).toxml() == before


def test_parts_without_a_colour_get_the_ghosts(robot, monkeypatch):
    monkeypatch.setattr(ghost, 'expand', lambda robot: strip(expand(robot)))
    urdf = ghost_description(robot)
    assert rgba(urdf) == [(*ghost.COLOUR, ghost.OPACITY)] * len(urdf.getElementsByTagName('visual'))
