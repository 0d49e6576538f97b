"""Occupancy as rows for programs: JSON objects, CSV, and scans in the manner of ITU-R SM.1809."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import Any

from sdr.occupancy import LevelRow, Occupancy
from sdr.record import instant
from sdr.shares import CONFIDENCE, Share

COLUMNS = (
    *("type", "low_hz", "high_hz", "center_hz", "fco", "fco_low", "fco_high", "fbo", "fbo_low", "fbo_high"),
    *("sro", "confidence", "n_samples", "n_occupied", "n_effective", "n_changes", "revisit_s", "seconds"),
    *("threshold_db", "noise_dbfs", "threshold_dbfs", "mean_dbfs", "peak_dbfs", "started_at", "flags"),
)


def records(found: Occupancy) -> list[dict[str, Any]]:
    """A ``channel`` object each, the ``band`` last."""
    rows = [
        {
            "type": "channel",
            "low_hz": round(one.low_hz, 1),
            "high_hz": round(one.high_hz, 1),
            "center_hz": round(one.center_hz, 1),
            **_share("fco", one.fco),
            "confidence": CONFIDENCE,
            "n_samples": one.n_samples,
            "n_occupied": one.n_occupied,
            "n_effective": round(one.n_effective, 1),
            "n_changes": one.n_changes,
            "noise_dbfs": round(one.noise_dbfs, 1),
            "threshold_dbfs": round(one.threshold_dbfs, 1),
            "mean_dbfs": round(one.mean_dbfs, 1),
            "peak_dbfs": round(one.peak_dbfs, 1),
            "flags": ["dc"] if one.has_dc else [],
        }
        for one in found.channels
    ]
    band = {
        "type": "band",
        "low_hz": round(found.low_hz, 1),
        "high_hz": round(found.high_hz, 1),
        "channel_hz": found.channel_hz,
        **_share("fbo", found.fbo),
        "sro": round(found.sro, 5),
        "confidence": CONFIDENCE,
        "revisit_s": round(found.revisit_s, 5),
        "seconds": round(found.seconds, 3),
        "threshold_db": found.threshold_db,
        "started_at": instant(found.started_at),
    }
    return [*rows, band]


def _share(name: str, share: Share) -> dict[str, float]:
    return {
        name: round(share.value, 5),
        f"{name}_low": round(share.low, 5),
        f"{name}_high": round(share.high, 5),
    }


def as_csv(found: Occupancy) -> str:
    """The same as `records`; what a row does not have is empty."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, restval="", extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for row in records(found):
        writer.writerow({**row, "flags": " ".join(row.get("flags", []))})
    return out.getvalue()


@dataclass(frozen=True, slots=True)
class Station:
    """Where the levels were taken, for the head of the exchange file."""

    name: str
    antenna: str = "unknown"
    latitude: float | None = None
    longitude: float | None = None


def scan_header(found: Occupancy, station: Station) -> str:
    """Head of a file in the manner of ITU-R SM.1809: names and values, then an empty line.

    Levels stay dBFS, which the standard does not know: a note says so.
    """
    lines = {
        "FileType": "Standard Data exchange Format 2.0",
        "LocationName": station.name,
        "Latitude": _degrees(station.latitude, "NS"),
        "Longitude": _degrees(station.longitude, "EW"),
        "FreqStart": f"{found.channels[0].center_hz / 1e3:.3f}",
        "FreqStop": f"{found.channels[-1].center_hz / 1e3:.3f}",
        "AntennaType": station.antenna,
        "FilterBandwidth": f"{found.channel_hz / 1e3:.3f}",
        "LevelUnits": "dBFS",
        "Date": f"{found.started_at:%Y-%m-%d}",
        "DataPoints": str(len(found.channels)),
        "ScanTime": f"{found.scan_s:.4f}",
        "Detector": "RMS",
        "Note": "levels in dB under full scale, not calibrated; times in UTC; mean of each line's time",
    }
    return "".join(f"{name} {value}\n" for name, value in lines.items()) + "\n"


def scan_line(row: LevelRow) -> str:
    """One scan: the time, then the level of every channel in whole dB."""
    return ",".join((f"{row.at:%H:%M:%S}", *(f"{value:.0f}" for value in row.dbfs))) + "\n"


def _degrees(value: float | None, signs: str) -> str:
    """``30.35.10N``: degrees, minutes and seconds."""
    if value is None:
        return "unknown"
    seconds = round(abs(value) * 3600)
    return f"{seconds // 3600:02d}.{seconds // 60 % 60:02d}.{seconds % 60:02d}{signs[value < 0]}"
