"""An exam day with eight sensors on the air, their past, a survey, and places on a map."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from dayserver import RunningDay, running
from sky import BIN_HZ, N_BINS, RATE_HZ, Sky, SkySensor

from monitor.bandplan import load
from monitor.config.model import Sensor
from monitor.geo import Place
from monitor.mapdesk import MapDesk
from monitor.mapfile import Ground, PlanPicture
from monitor.spectrum import HistoryFiles
from monitor.templates import SiteTemplates
from monitor.timetable import Name, Timetable
from sdr.history import History, HistoryBounds
from sdr.history_feed import Series
from sdr.survey import Key, Template
from sdr.survey.template import VERSION, HourLevels, Stretch, write

CENTER_HZ = 169.0e6
NAMES = ("roof", "hall", "gate", "yard", "lab", "attic", "court", "lodge")
PLACES = {"roof": (30.5936, 114.3068), "hall": (30.5934, 114.3040), "gate": (30.5915, 114.3054)}
PLAN = Path(__file__).parents[2] / "configs" / "bandplan" / "cn.yml"
SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>'


def keep_past(root: Path, now: datetime) -> None:
    """Ten minutes of the sensor roof: noise, and a burst of 20 s five minutes ago at 169.3 MHz."""
    history = History(root, "roof", HistoryBounds())
    series = Series(round(CENTER_HZ), round(RATE_HZ), N_BINS, 1)
    noise = np.full(N_BINS, 1e-11, np.float32)
    burst = noise.copy()
    burst[N_BINS // 2 + round(0.3e6 / BIN_HZ)] = 1e-7
    for s in range(600, 0, -1):
        row = burst if 280 <= s < 300 else noise
        while history.n_queued > 100:
            # A loop that only asks would keep the writer from its work.
            time.sleep(0.002)
        history.add(series, now - timedelta(seconds=s), row, row)
    history.close()


def survey(path: Path, now: datetime) -> None:
    first, n = round((CENTER_HZ - 1.2e6) / 12_500), 192
    levels = {name: [-70.0] * n for name in ("p10", "p50", "p90", "p99", "max")}
    hour = HourLevels(now.hour, 100, -110.0, levels, [0.0] * n)
    write(path, Template(VERSION, Key(), now, now, 60.0, 12_500.0, [Stretch(first, n, [hour])], []))


def sensors_of(folder: Path) -> list[Sensor]:
    made = []
    for name in NAMES:
        values: dict[str, Any] = {"id": name, "source": "rtl:0", "venue": "no1", "gain_db": 20.0}
        if name in PLACES:
            values["position"] = dict(zip(("lat", "lon"), PLACES[name], strict=True))
        if name == "roof":
            values["baseline"] = folder / "roof.json"
        made.append(Sensor.model_validate(values, context={"base": folder}))
    return made


@contextmanager
def sky_running(folder: Path) -> Iterator[tuple[Sky, RunningDay]]:
    now = datetime.now(UTC)
    keep_past(folder / "history", now)
    survey(folder / "roof.json", now)
    (folder / "plan.svg").write_text(SVG)
    sensors = [
        SkySensor(name, CENTER_HZ + i * 3e6, "no1", tunable=name != "gate") for i, name in enumerate(NAMES)
    ]
    table = Timetable(
        venues={"no1": Name("No. 1 School", "第一中学"), "no2": Name("No. 2 School", "第二中学")},
        places={"no1": Place(30.5927, 114.3054), "no2": Place(30.6010, 114.3200)},
    )
    picture = PlanPicture(
        folder / "plan.svg", "image/svg+xml", (Place(30.595, 114.302), Place(30.590, 114.309))
    )
    settings = sensors_of(folder)
    with Sky(sensors, now) as made, running(folder, with_morning=False) as day:
        day.hang_up()
        day.instead = {
            "health": made.health,
            "held": {one.name: one for one in sensors},
            "past": HistoryFiles(folder / "history", NAMES),
            "templates": SiteTemplates(settings),
            "map": MapDesk(settings, table, Ground(picture)),
            "plan": load(PLAN),
            "record": day.book.record,
        }
        day.listen()
        yield made, day
