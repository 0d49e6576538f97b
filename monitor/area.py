"""Where an emission may come from, by its levels at several sensors: an area, or in words why there is none.

One emission's levels and the sensors' places in, `sdr.locate`'s answer out as GeoJSON. A building block is
shown, never a room.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from monitor.geo import FlatMap, SensorSite, feature


def located(
    name: str | None,
    center_hz: float | None,
    levels: Mapping[str, Sequence[float]],
    sites: Mapping[str, SensorSite],
    flat: FlatMap,
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Features of one emission, and what is said of it.

    Parameters
    ----------
    levels
        dB by sensor, as many as were read; their median counts. Every sensor is in `sites`.
    """
    from sdr.locate import BLOCK_M, CONFIDENCE, Heard, locate, strongest

    heard = [
        Heard(sensor, sites[sensor].x_m, sites[sensor].y_m, median(read) - sites[sensor].offset_db)
        for sensor, read in levels.items()
    ]
    common = {"emission": name, "center_hz": center_hz, "n_sensors": len(heard)}
    best = strongest(heard)
    features: list[dict[str, Any]] = []
    if best is not None:
        point = flat.position(best.x_m, best.y_m)
        told = {"kind": "strongest", "sensor": best.sensor, "level_db": round(best.level_db, 1)}
        features.append(feature("Point", point, {**told, **common}))
    area = locate(heard)
    if area is None:
        return features, {**insufficient(name, best.sensor if best else None, len(heard)), **common}
    polygons = [[[flat.position(x, y) for x, y in ring] for ring in polygon] for polygon in area.rings()]
    single = len(polygons) == 1
    properties = {
        "kind": "area",
        "confidence": CONFIDENCE,
        "area_m2": round(area.area_m2),
        "block_m": area.block_m,
        "least_block_m": BLOCK_M,
        **common,
    }
    features.insert(
        0,
        feature("Polygon" if single else "MultiPolygon", polygons[0] if single else polygons, properties),
    )
    result = {"status": "located", "strongest": best.sensor if best else None, **common}
    if area.is_vague:
        result |= {
            "status": "vague",
            "en": f"{_label(name)}the levels say little: the area is {area.share:.0%} of the search",
            "zh": f"{_label(name)}电平信息不足：结果覆盖搜索范围的 {area.share:.0%}",
        }
    return features, result


def insufficient(name: str | None, strongest: str | None, n_sensors: int) -> dict[str, Any]:
    """What is said where too few sensors heard it."""
    from sdr.locate import LEAST_SENSORS

    best_en = f"; strongest at {strongest}" if strongest else ""
    best_zh = f"；{strongest} 处最强" if strongest else ""
    return {
        "status": "insufficient",
        "strongest": strongest,
        "n_sensors": n_sensors,
        "en": f"{_label(name)}insufficient: heard at {n_sensors} places, {LEAST_SENSORS} are needed{best_en}",
        "zh": f"{_label(name)}数据不足：仅 {n_sensors} 处收到，至少需要 {LEAST_SENSORS} 处{best_zh}",
    }


def _label(name: str | None) -> str:
    return f"{name}: " if name else ""
