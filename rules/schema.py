"""The JSON Schema of a rule file, for editors: keys, fields and modifiers as they are completed.

Made from the same tables that the loader checks with, so it cannot say otherwise. It
holds less than the loader (no condition grammar, no reachability): `rules check` decides.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rules.correlation import TYPES
from rules.event import FIELDS, Field
from rules.load import EITHER, OPTIONAL, REQUIRED
from rules.modifiers import MODIFIERS, VERDICTS
from rules.rule import CATEGORIES, IDENTITY, LEVELS, Kind, label_names

DRAFT = "https://json-schema.org/draft/2020-12/schema"

_DEFS: dict[str, Any] = {
    "both": {
        "type": "object",
        "properties": {"en": {"type": "string"}, "zh": {"type": "string"}},
        "required": ["en", "zh"],
        "additionalProperties": False,
    },
    "words": {"type": "array", "items": {"type": "string"}, "uniqueItems": True},
    "number": {"type": ["number", "string"], "description": "433.92M, 12.5k, 30"},
    "pair": {"type": "array", "items": {"$ref": "#/$defs/number"}, "minItems": 2, "maxItems": 2},
    "range": {
        "anyOf": [
            {"$ref": "#/$defs/pair"},
            {"type": "array", "items": {"$ref": "#/$defs/pair"}, "minItems": 1},
        ]
    },
    "duration": {"type": "string", "pattern": "^ *[0-9.]+ *(s|m|min|h|d) *$", "description": "90s, 10m, 1h"},
    "flag": {"type": "boolean"},
    "instant": {"type": "string", "format": "date-time"},
    "word": {"type": ["string", "number"]},
    "verdict": {"enum": list(CATEGORIES["web"])},
}


def _ref(name: str, **about: Any) -> dict[str, Any]:
    return {"$ref": f"#/$defs/{name}", **about}


def rule_schema() -> dict[str, Any]:
    """The whole schema, as `examwatch rules schema` prints it."""
    kinds: list[Kind] = ["radio", "web", "correlation"]
    return {
        "$schema": DRAFT,
        "title": "examwatch rule",
        "type": "object",
        "required": list(REQUIRED),
        "properties": _properties(kinds),
        "additionalProperties": False,
        "allOf": [_of_kind(kind) for kind in kinds],
        "$defs": _DEFS | {f"{kind}_selection": _selection(kind) for kind in kinds},
    }


def _properties(kinds: list[Kind]) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "id": {"type": "string", "pattern": "^[a-z0-9]+(-[a-z0-9]+)*$"},
        "title": _ref("both"),
        "advice": _ref("both", description="What to check first"),
        "kind": {"enum": list(kinds)},
        "level": {"enum": list(LEVELS), "description": "IV, III, II, I"},
        "category": {"type": "string"},
        "owner": {"type": "string"},
        "version": {"type": "integer", "minimum": 1},
        "status": {"enum": ["stable", "experimental"], "description": "experimental never pages anyone"},
        "tags": _ref("words"),
        "references": _ref("words"),
        "labels": _ref("words", minItems=1, description="What tells one case from another"),
        "false_positives": {"type": "array", "items": _ref("both")},
        "condition": {"type": "string", "description": "and, or, not, ( ), 1 of x*, all of x*, 1 of them"},
        "correlation": _correlation(),
        "budget": {
            "type": "object",
            "description": "False alarms a sensor-day (radio, correlation) or 10,000 posts (web)",
            "properties": {
                "limit": {"type": "number", "minimum": 0},
                "measured": {"type": "number", "minimum": 0},
                "baseline": {"type": "string"},
            },
            "required": ["limit"],
            "additionalProperties": False,
        },
        "selections": {"type": "object", "minProperties": 1},
        "samples": {"type": "object"},
    }
    missing = {*REQUIRED, *EITHER, *OPTIONAL} ^ set(properties)
    if missing:
        raise KeyError(f"the schema and the loader differ in {sorted(missing)}")
    return properties


def _correlation() -> dict[str, Any]:
    labels = list(label_names("correlation"))
    duration = _ref("duration")
    return {
        "type": "object",
        "required": ["type", "within"],
        "additionalProperties": False,
        "properties": {
            "type": {"enum": list(TYPES)},
            "of": {"type": "string", "description": "count, values, period: which events count"},
            "steps": {"type": "array", "items": {"type": "string"}, "minItems": 2},
            "within": duration,
            "by": _ref("words", items={"enum": labels}, description="Labels that the events agree in"),
            "near": {"type": "object", "description": "Fields in which they are alike, with the tolerance"},
            "field": {"enum": labels, "description": "values: whose different values are counted"},
            "at_least": {"type": "integer", "minimum": 2},
            "period": {"type": "array", "items": duration, "minItems": 2, "maxItems": 2},
            "jitter": _ref("number", description="Share of the period, 0.05 if left out"),
        },
    }


def _of_kind(kind: Kind) -> dict[str, Any]:
    selection = _ref(f"{kind}_selection")
    event: dict[str, Any] = {
        "type": "object",
        "properties": {name: _value(field) for name, field in FIELDS[kind].items()},
    }
    several = kind == "correlation"
    if several:
        event["properties"] |= {name: {"type": "string"} for name in ("at", *IDENTITY[kind])}
        event["required"] = ["kind", "at"]
    key, content = (
        ("events", {"type": "array", "items": event, "minItems": 1}) if several else ("event", event)
    )
    wanted, unwanted = EITHER[:: -1 if several else 1]
    sample = {
        "type": "object",
        "properties": {"note": {"type": "string"}, key: content},
        "required": [key],
        "additionalProperties": False,
    }
    samples = {"type": "array", "items": sample}
    return {
        "if": {"properties": {"kind": {"const": kind}}, "required": ["kind"]},
        "then": {
            "required": [wanted],
            "properties": {
                unwanted: False,
                "category": {"enum": list(CATEGORIES[kind])},
                "labels": {"items": {"enum": list(label_names(kind))}},
                "selections": {
                    "additionalProperties": {
                        "oneOf": [selection, {"type": "array", "items": selection, "minItems": 1}]
                    }
                },
                "samples": {
                    "properties": {"fires": samples, "quiet": samples},
                    "additionalProperties": False,
                },
            },
        },
    }


def _selection(kind: Kind) -> dict[str, Any]:
    keys = {key: value for field in FIELDS[kind].values() for key, value in _tests(field)}
    return {
        "type": "object",
        "minProperties": 1,
        "additionalProperties": False,
        "properties": keys,
        "patternProperties": {r"^[a-z_]+(\|[a-z]+)?\|any$": True},
    }


def _tests(field: Field) -> Iterator[tuple[str, dict[str, Any]]]:
    """The keys that test `field`, each with what its value may be."""
    about = f"{field.en} / {field.zh}" + (f" ({field.unit})" if field.unit else "")
    for modifier in MODIFIERS[field.type]:
        key = field.name if modifier == "equals" else f"{field.name}|{modifier}"
        if modifier in ("exists", "empty"):
            yield key, _ref("flag", description=about)
        elif modifier in ("between", "within"):
            yield key, _ref("range", description=about)
        else:
            one = _ref("verdict") if modifier in VERDICTS else _item(field, modifier)
            several = {"type": "array", "items": one, "minItems": 1}
            yield key, {"anyOf": [one, several], "description": about}
            if field.type in ("words", "text", "word"):
                yield f"{key}|all", {**several, "minItems": 2, "description": about}


def _item(field: Field, modifier: str) -> dict[str, Any]:
    if field.values and modifier == "equals":
        return {"enum": list(field.values)}
    return _ref(field.type if field.type in ("number", "instant", "flag") else "word")


def _value(field: Field) -> dict[str, Any]:
    if field.type == "words":
        return {"type": "array", "items": _item(field, "equals")}
    return {"anyOf": [_item(field, "equals"), {"type": "null"}]}
