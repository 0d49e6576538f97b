"""The ``sources:`` of a configuration, read whole: every fault at once, each with its key path.

    sources:
      - kind: feed
        id: board-news
        url: https://example.org/rss.xml
      - kind: forum
        id: town-forum
        url: https://bbs.example.org/forum-2-1.html
        preset: discuz

The room does not read files: whoever does turns a fault's path into a line.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, ValidationInfo, field_validator
from pydantic_core import ErrorDetails

from crawlers.source.base import Source, SourceConfig, Strict, under
from crawlers.source.registry import KINDS


class CrawlSettings(Strict):
    """What holds for all sources: the ``crawl:`` mapping of a configuration."""

    contact: str = Field(default="", max_length=200)
    """A URL or mail address in our User-Agent, where a site's owner can complain."""
    n_connections: int = Field(default=50, ge=1, le=1000)
    screenshots: bool = True
    """Picture the page of each post that raises an alert, where there is a browser."""
    memory: str = "sqlite:"
    """What was seen: one's own in ``sqlite:PATH`` (``sqlite:`` alone: ``crawl.db``), or a crew's in
    ``postgresql://…``."""
    password_file: Path | None = None
    """Of the user in a ``postgresql://`` URL, which holds none itself."""
    worker: str = Field(default="", pattern=r"^[A-Za-z0-9_.-]{0,64}$")
    """This worker's name in the crew; empty: the machine's."""

    @field_validator("memory", mode="after")
    @classmethod
    def _memory(cls, value: str, info: ValidationInfo) -> str:
        scheme, _, rest = value.partition(":")
        if scheme not in ("sqlite", "postgresql"):
            raise ValueError(f"no memory of kind '{scheme}:' (sqlite: or postgresql:)")
        if urlsplit(value).password is not None:
            raise ValueError("a password stands in password_file, not in the URL")
        return f"sqlite:{under(Path(rest), info)}" if scheme == "sqlite" and rest else value

    @field_validator("password_file", mode="after")
    @classmethod
    def _password_under_base(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        return value and under(value, info)


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with the configuration; `path` leads to it from ``sources``."""

    path: tuple[str | int, ...]
    message: str


def parse_sources(
    raw: object, base: Path | None = None, at: tuple[str | int, ...] = ("sources",)
) -> tuple[list[SourceConfig], list[Fault]]:
    """The sources that are right, and every fault of the others.

    Parameters
    ----------
    raw : object
        What stands under ``sources:``, as plain lists, mappings and scalars.
    base : Path, optional
        The folder that relative paths in it start from.
    at : tuple
        The key path of `raw` in its document, put before every fault's.
    """
    configs: list[SourceConfig] = []
    faults: list[Fault] = []
    if not isinstance(raw, Sequence) or isinstance(raw, (str, bytes)):
        return [], [Fault(at, "sources is a list of mappings")]
    first_place: dict[str, int] = {}
    for i, entry in enumerate(cast("Sequence[object]", raw)):
        config = _parse_one(entry, (*at, i), base, faults)
        if config is None:
            continue
        if config.id in first_place:
            faults.append(
                Fault((*at, i, "id"), f"id {config.id!r} is taken by source {first_place[config.id] + 1}")
            )
            continue
        first_place[config.id] = i
        configs.append(config)
    return configs, faults


def _parse_one(
    entry: object, path: tuple[str | int, ...], base: Path | None, faults: list[Fault]
) -> SourceConfig | None:
    if not isinstance(entry, dict):
        faults.append(Fault(path, "a source is a mapping"))
        return None
    values = cast("dict[str, Any]", entry)
    kind = KINDS.get(str(values.get("kind")))
    if kind is None:
        there = ", ".join(KINDS)
        what = f"no kind of source {values['kind']!r}" if "kind" in values else "kind is missing"
        faults.append(Fault((*path, "kind") if "kind" in values else path, f"{what}; there are: {there}"))
        return None
    try:
        return kind.config.model_validate(values, context={"base": base})
    except ValidationError as error:
        details = error.errors(include_url=False)
        faults += [Fault((*path, *detail["loc"]), _sentence(detail, kind.config)) for detail in details]
        return None


def _sentence(detail: ErrorDetails, model: type[SourceConfig]) -> str:
    name = str(detail["loc"][-1]) if detail["loc"] else ""
    if detail["type"] == "extra_forbidden":
        near = difflib.get_close_matches(name, sorted(_keys(model) - {name}), n=1)
        return f"unknown key {name!r}" + (f", did you mean {near[0]!r}?" if near else "")
    if detail["type"] == "missing":
        return f"{name} is missing"
    return detail["msg"].removeprefix("Value error, ")


def _keys(model: type[SourceConfig]) -> set[str]:
    """Every key that stands anywhere in `model`: enough for a hint."""
    schema = model.model_json_schema()
    return {
        key for table in (schema, *schema.get("$defs", {}).values()) for key in table.get("properties", {})
    }


def build_sources(configs: Iterable[SourceConfig]) -> dict[str, Source]:
    """A source for each configuration, by its id."""
    return {config.id: KINDS[config.kind].build(config) for config in configs}
