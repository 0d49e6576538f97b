"""The user's plan and outlines, checked before anybody is shown them.

A picture is what its first bytes say. An SVG is refused if it could do anything but be looked at; browsers
are shown it as a picture all the same, which runs nothing. Of a GeoJSON geometry and names are kept, all
else is dropped.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from xml.etree import ElementTree

import msgspec

from monitor.faults import Fault, InputError
from monitor.geo import Place

MOST_PLAN_BYTES = 20 << 20
MOST_GEOJSON_BYTES = 10 << 20
MOST_POSITIONS = 50_000
"""Drawn as paths, so many still move smoothly."""
NAMES = ("name", "name_en", "name_zh")
"""Of what stands on the map: in one language, or in both."""
_ACTIVE = frozenset(
    {"script", "foreignobject", "iframe", "object", "embed", "handler", "animate", "set", "animatetransform"}
)
_OUTSIDE = re.compile(r"@import|url\(\s*['\"]?(?!#|['\"]?data:image/)|javascript:", re.IGNORECASE)
_RINGS = {"Point": 0, "MultiPoint": 1, "LineString": 1, "MultiLineString": 2, "Polygon": 2, "MultiPolygon": 3}
"""How deep positions lie in the coordinates of each kind."""


@dataclass(frozen=True, slots=True)
class PlanPicture:
    path: Path
    media_type: str
    corners: tuple[Place, ...]
    """Upper left and lower right; or upper left, upper right, lower left."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What the map is drawn on."""

    plan: PlanPicture | None = None
    outlines: tuple[dict[str, Any], ...] = ()
    """GeoJSON features with `NAMES` at most."""


def read_plan(path: Path, corners: tuple[Place, ...]) -> PlanPicture:
    """The picture in `path`, checked.

    Raises
    ------
    InputError
        If it is no picture, too large, or an SVG that is more than one.
    """
    raw = _bytes(path, MOST_PLAN_BYTES)
    if raw.startswith(b"\x89PNG\r\n\x1a\n"):
        return PlanPicture(path, "image/png", corners)
    if raw.startswith(b"\xff\xd8\xff"):
        return PlanPicture(path, "image/jpeg", corners)
    if path.suffix.lower() != ".svg":
        raise InputError([Fault(str(path), 0, "a plan is PNG, JPEG or SVG")])
    fault = _svg_fault(raw)
    if fault is not None:
        raise InputError([Fault(str(path), 0, fault)])
    return PlanPicture(path, "image/svg+xml", corners)


def _svg_fault(raw: bytes) -> str | None:
    if b"<!DOCTYPE" in raw or b"<!ENTITY" in raw or b"<?xml-stylesheet" in raw:
        return "an SVG with a document type, entities or a style sheet of its own is refused"
    try:
        # Entities, through which a parser is attacked, are refused above.
        root = ElementTree.fromstring(raw)  # noqa: S314
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        return f"not an SVG: {error}"
    if _local(root.tag) != "svg":
        return "not an SVG: its root is another element"
    for element in root.iter():
        name = _local(element.tag)
        if name in _ACTIVE:
            return f"an SVG with <{name}> is refused: a plan is only looked at"
        if name == "style" and _OUTSIDE.search(element.text or ""):
            return "an SVG whose style fetches something is refused"
        for key, value in element.attrib.items():
            attribute = _local(key)
            if attribute.startswith("on"):
                return f"an SVG with {attribute}= is refused: a plan is only looked at"
            is_link = attribute in ("href", "src")
            if is_link and not value.strip().startswith(("#", "data:image/png", "data:image/jpeg")):
                return f"an SVG that refers to {value[:40]!r} is refused: nothing is fetched from outside"
            if _OUTSIDE.search(value):
                return f"an SVG whose {attribute} fetches something is refused"
    return None


def _local(tag: object) -> str:
    """Comments and instructions have no name."""
    return tag.rpartition("}")[2].lower() if isinstance(tag, str) else ""


def read_outlines(path: Path) -> tuple[dict[str, Any], ...]:
    """The features of the GeoJSON in `path`.

    Raises
    ------
    InputError
        If it is none, or one position lies nowhere on earth.
    """
    raw = _bytes(path, MOST_GEOJSON_BYTES)
    try:
        tree = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError([Fault(str(path), 0, f"not JSON: {error}")]) from None
    try:
        outlines = tuple(_features(tree))
        n = sum(_n_positions(one["geometry"]["coordinates"]) for one in outlines)
    except (_GeoError, RecursionError) as error:
        raise InputError([Fault(str(path), 0, f"not GeoJSON: {error or 'too deep'}")]) from None
    if n > MOST_POSITIONS:
        raise InputError([Fault(str(path), 0, f"{n} positions, more than {MOST_POSITIONS}: simplify it")])
    return outlines


class _GeoError(ValueError):
    pass


def _features(tree: Any) -> list[dict[str, Any]]:
    if not isinstance(tree, dict):
        raise _GeoError("an object with a type is needed")
    node = cast("dict[str, Any]", tree)
    kind = node.get("type")
    if kind == "FeatureCollection":
        members = node.get("features")
        if not isinstance(members, list):
            raise _GeoError("a FeatureCollection has a list of features")
        return [one for member in cast("list[Any]", members) for one in _features(member)]
    if kind == "Feature":
        if node.get("geometry") is None:
            return []
        properties = node.get("properties")
        given = cast("dict[str, Any]", properties) if isinstance(properties, dict) else {}
        names = {key: given[key] for key in NAMES if isinstance(given.get(key), str)}
        return [{**one, "properties": names} for one in _features(node["geometry"])]
    if kind == "GeometryCollection":
        parts = node.get("geometries")
        if not isinstance(parts, list):
            raise _GeoError("a GeometryCollection has a list of geometries")
        return [one for part in cast("list[Any]", parts) for one in _features(part)]
    if not isinstance(kind, str) or kind not in _RINGS:
        raise _GeoError(f"{kind!r} is no geometry")
    coordinates = _checked(node.get("coordinates"), _RINGS[kind])
    geometry = {"type": kind, "coordinates": coordinates}
    return [{"type": "Feature", "geometry": geometry, "properties": {}}]


def _checked(coordinates: Any, depth: int) -> list[Any]:
    if not isinstance(coordinates, list):
        raise _GeoError("coordinates are lists")
    parts = cast("list[Any]", coordinates)
    if depth:
        return [_checked(part, depth - 1) for part in parts]
    match parts:
        case [float() | int() as lon, float() | int() as lat, *_]:
            if math.isfinite(lon) and math.isfinite(lat) and abs(lon) <= 180 and abs(lat) <= 90:
                return [lon, lat]
        case _:
            pass
    raise _GeoError(f"{str(parts)[:60]} is no position: longitude, then latitude, in degrees")


def _n_positions(coordinates: list[Any]) -> int:
    if coordinates and not isinstance(coordinates[0], list):
        return 1
    return sum(_n_positions(part) for part in coordinates)


def _bytes(path: Path, most: int) -> bytes:
    try:
        if path.stat().st_size > most:
            raise InputError([Fault(str(path), 0, f"more than {most >> 20} MiB")])
        return path.read_bytes()
    except OSError as error:
        raise InputError([Fault(str(path), 0, error.strerror or str(error))]) from None
