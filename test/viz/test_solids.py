from xml.dom.minidom import parseString

import numpy as np
import pytest
import trimesh

from vla_async import embodiment
from vla_async.errors import ConfigError
from vla_async.urdf import expand
from vla_async.viz.solids import GREY, solids


def robot(*visuals):
    return parseString(  # noqa: S318
        '<robot><material name="red"><color rgba="1 0 0 1"/></material>'
        f'<link name="body">{"".join(f"<visual>{visual}</visual>" for visual in visuals)}</link></robot>')


def size(solid):
    return np.ptp(solid.vertices, axis=0)


def test_solids_of_one_colour_and_link_are_one():
    (red, own) = solids(robot(
        '<geometry><box size="1 2 3"/></geometry><material name="red"/>',
        '<origin xyz="0 0 10"/><geometry><sphere radius="0.5"/></geometry><material name="red"/>',
        '<geometry><cylinder radius="0.5" length="4"/></geometry>'
        '<material name="own"><color rgba="0 1 0 1"/></material>'))
    assert (red.link, red.colour, own.colour) == ('body', (1.0, 0.0, 0.0), (0.0, 1.0, 0.0))
    assert size(red) == pytest.approx([1.0, 2.0, 12.0])
    assert size(own) == pytest.approx([1.0, 1.0, 4.0])


def test_a_solid_lies_where_its_origin_has_it():
    (box,) = solids(robot('<origin xyz="5 0 0" rpy="0 0 1.5707963267948966"/><geometry><box size="1 2 3"/></geometry>'))
    assert size(box) == pytest.approx([2.0, 1.0, 3.0])
    assert box.vertices.mean(axis=0) == pytest.approx([5.0, 0.0, 0.0])
    assert box.colour == GREY


@pytest.mark.parametrize('prefix', ['', 'file://'])
def test_a_mesh_is_read_from_its_file_and_scaled(tmp_path, prefix):
    trimesh.creation.box(extents=(1.0, 1.0, 1.0)).export(tmp_path / 'cube.stl')
    (mesh,) = solids(robot(f'<geometry><mesh filename="{prefix}{tmp_path}/cube.stl" scale="1 2 3"/></geometry>'))
    assert size(mesh) == pytest.approx([1.0, 2.0, 3.0])


def test_a_mesh_of_a_package_is_found_where_packages_are_installed(tmp_path, monkeypatch):
    folder = tmp_path / 'share/arm/meshes'
    folder.mkdir(parents=True)
    trimesh.creation.box(extents=(1.0, 1.0, 1.0)).export(folder / 'cube.stl')
    monkeypatch.setenv('AMENT_PREFIX_PATH', f'/nowhere:{tmp_path}')
    (mesh,) = solids(robot('<geometry><mesh filename="package://arm/meshes/cube.stl"/></geometry>'))
    assert size(mesh) == pytest.approx([1.0, 1.0, 1.0])


def test_a_mesh_that_is_missing_or_no_mesh_is_named(tmp_path):
    with pytest.raises(ConfigError, match='hand.stl of the URDF does not exist'):
        solids(robot(f'<geometry><mesh filename="{tmp_path}/hand.stl"/></geometry>'))
    (tmp_path / 'hand.dae').write_text('no mesh')
    with pytest.raises(ConfigError, match='hand.dae cannot be read: .*formats that can'):
        solids(robot(f'<geometry><mesh filename="{tmp_path}/hand.dae"/></geometry>'))


@pytest.mark.parametrize('name', embodiment.available())
def test_the_first_part_of_a_link_has_the_colour_of_most_of_it_as_rviz_gives_it_to_all(name):
    main, first = {}, {}
    for solid in solids(expand(embodiment.load(name))):  # those of the first part come first
        area = trimesh.Trimesh(solid.vertices, solid.faces).area
        first.setdefault(solid.link, solid.colour)
        main[solid.link] = max(main.get(solid.link, (0.0, ())), (area, solid.colour))
    assert {link: colour for link, (_, colour) in main.items()} == first


@pytest.mark.parametrize('name', embodiment.available())
def test_every_robot_has_looks(name):
    urdf = expand(embodiment.load(name))
    links = {link.getAttribute('name') for link in urdf.getElementsByTagName('link')
             if link.getElementsByTagName('visual')}
    assert {solid.link for solid in solids(urdf)} == links
