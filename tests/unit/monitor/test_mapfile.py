"""A user's plan and outlines: what is a picture is shown, what could do more is refused with the reason."""

from __future__ import annotations

import json

import pytest

from monitor.faults import InputError
from monitor.geo import Place
from monitor.mapfile import read_outlines, read_plan

CORNERS = (Place(30.6, 114.3), Place(30.5, 114.4))
SVG = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">{}</svg>'


def plan(tmp_path, body: bytes | str, name: str = "plan.svg"):
    path = tmp_path / name
    path.write_bytes(body.encode() if isinstance(body, str) else body)
    return read_plan(path, CORNERS)


@pytest.mark.parametrize(
    ("head", "media_type"), [(b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff\xe0", "image/jpeg")]
)
def test_a_picture_is_what_its_first_bytes_say(tmp_path, head, media_type):
    assert plan(tmp_path, head + b"...", "plan.bin").media_type == media_type


def test_a_plain_svg_is_taken(tmp_path):
    picture = '<image href="data:image/png;base64,AA"/>'
    body = f'<style>.a{{fill:url(#g)}}</style><!-- c --><a id="x"/><use href="#x"/>{picture}'
    assert plan(tmp_path, SVG.format(body)).media_type == "image/svg+xml"


@pytest.mark.parametrize(
    "body",
    [
        "<script>alert(1)</script>",
        '<rect onload="alert(1)"/>',
        '<rect ONCLICK="alert(1)"/>',
        "<foreignObject><b/></foreignObject>",
        '<image href="https://evil.example/x.png"/>',
        '<image xlink:href="file:///etc/passwd"/>',
        '<a href="javascript:alert(1)"/>',
        '<use href="data:text/html,x"/>',
        "<style>@import 'https://evil.example/x.css';</style>",
        '<rect style="fill:url(https://evil.example/x)"/>',
        '<set attributeName="href" to="javascript:x"/>',
        '<x:script xmlns:x="http://www.w3.org/2000/svg">alert(1)</x:script>',
    ],
)
def test_an_svg_that_could_do_more_than_be_looked_at_is_refused(tmp_path, body):
    with pytest.raises(InputError, match=r"plan\.svg: .*SVG"):
        plan(tmp_path, SVG.format(body))


@pytest.mark.parametrize(
    ("body", "name", "told"),
    [
        ("<!DOCTYPE svg [<!ENTITY a 'b'>]><svg/>", "p.svg", "document type"),
        ("<svg><", "p.svg", "not an SVG"),
        ("<html/>", "p.svg", "root"),
        ("GIF89a", "p.gif", "PNG, JPEG or SVG"),
        ("MZ", "p.png", "PNG, JPEG or SVG"),
    ],
)
def test_what_is_no_plan_is_told(tmp_path, body, name, told):
    with pytest.raises(InputError, match=told):
        plan(tmp_path, body, name)


def test_a_missing_file_and_one_too_large_are_told(tmp_path, monkeypatch):
    with pytest.raises(InputError, match="No such file"):
        read_plan(tmp_path / "none.png", CORNERS)
    monkeypatch.setattr("monitor.mapfile.MOST_PLAN_BYTES", 4)
    with pytest.raises(InputError, match="more than"):
        plan(tmp_path, b"\x89PNG\r\n\x1a\n")


def outlines(tmp_path, tree):
    path = tmp_path / "city.geojson"
    path.write_text(tree if isinstance(tree, str) else json.dumps(tree))
    return read_outlines(path)


RING = [[[114.3, 30.5, 12.0], [114.4, 30.5], [114.4, 30.6], [114.3, 30.5]]]


def test_of_outlines_geometry_and_name_are_kept_and_nothing_else(tmp_path):
    building = {
        "type": "Feature",
        "id": 7,
        "geometry": {"type": "Polygon", "coordinates": RING, "crs": "x"},
        "properties": {"name": "图书馆", "owner": "someone", "n": 3},
    }
    both = {
        "type": "GeometryCollection",
        "geometries": [{"type": "LineString", "coordinates": [[114.3, 30.5], [114.4, 30.5]]}],
    }
    nowhere = {"type": "Feature", "geometry": None, "properties": {}}
    found = outlines(tmp_path, {"type": "FeatureCollection", "features": [building, both, nowhere]})
    assert [one["geometry"]["type"] for one in found] == ["Polygon", "LineString"]
    assert found[0]["properties"] == {"name": "图书馆"}
    assert found[0]["geometry"]["coordinates"][0][0] == [114.3, 30.5]
    assert set(found[0]) == {"type", "geometry", "properties"}


@pytest.mark.parametrize(
    ("tree", "told"),
    [
        ("{", "not JSON"),
        ([], "an object"),
        ({"type": "Circle"}, "'Circle' is no geometry"),
        ({"type": "FeatureCollection"}, "list of features"),
        ({"type": "Point", "coordinates": [200, 30]}, "no position"),
        ({"type": "Point", "coordinates": ["a", "b"]}, "no position"),
        ({"type": "Polygon", "coordinates": [[1, 2]]}, "lists"),
        ({"type": "Point", "coordinates": None}, "lists"),
    ],
)
def test_what_is_no_geojson_is_told(tmp_path, tree, told):
    with pytest.raises(InputError, match=told):
        outlines(tmp_path, tree)


def test_more_than_can_be_drawn_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("monitor.mapfile.MOST_POSITIONS", 3)
    with pytest.raises(InputError, match="4 positions"):
        outlines(tmp_path, {"type": "Polygon", "coordinates": RING})
