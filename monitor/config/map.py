"""What the map is drawn on: a plan or an outline that the user has; without either a plain grid."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator

from monitor.geo import Place
from monitor.paths import ExistingPath, Strict


class Position(Strict):
    """Where something stands, in degrees."""

    lat: float = Field(ge=-85, le=85)
    lon: float = Field(ge=-180, le=180)

    @property
    def place(self) -> Place:
        return Place(self.lat, self.lon)


def _corner(value: object) -> object:
    match value:
        case [float() | int() as lat, float() | int() as lon]:
            return {"lat": lat, "lon": lon}
        case _:
            return value


Corner = Annotated[Position, BeforeValidator(_corner)]


class Map(Strict):
    plan: ExistingPath | None = None
    """PNG, JPEG, or SVG without scripts."""
    corners: tuple[Corner, ...] = Field(default=(), max_length=3)
    """Of the plan: upper left and lower right where north is up, else upper left, upper right, lower left."""
    geojson: ExistingPath | None = None
    """Outlines of buildings, streets, rivers; longitude first, as GeoJSON has it."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.plan is not None and len(self.corners) not in (2, 3):
            raise ValueError("a plan needs its corners: [lat, lon] of upper left and lower right")
        if self.plan is None and self.corners:
            raise ValueError("corners are those of a plan, and there is none")
        return self
