"""Alerts as a city's store has them after thirty exam days, as rows: most of them judged long ago.

Texts are short, so that ten million fit a small disk: the JSON of an alert and of its event are
0.4 kB each here and about 3 kB in service. The chain has one entry for every tenth alert and one
for each step with a case, without hashes that fit: nothing here verifies it.
"""

from __future__ import annotations

# ruff: noqa: E501 - rows as they lie in the tables
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

FIRST = datetime(2026, 5, 20, tzinfo=UTC)
DAYS = 30
LAST = FIRST + timedelta(days=DAYS)
N_VENUES, N_DEPARTMENTS, N_PEOPLE = 200, 8, 60
N_RINGING = 20
"""Alerts with thousands of events each: a jammer that rings for a day."""
N_RINGS = 5_000
CHUNK = 20_000
KINDS, KIND_SHARES = ("radio", "web", "correlation", "health"), (0.68, 0.28, 0.01, 0.03)
LEVELS, LEVEL_SHARES = ("low", "medium", "high", "critical"), (0.45, 0.38, 0.15, 0.02)
DRILL_SHARE, OPEN_SHARE, IN_CASE = 0.004, 0.0004, 4
VERDICTS = ("benign", "duplicate", "confirmed", "unclear")
Row = tuple[object, ...]

COLUMNS = {
    "alerts": "fingerprint kind level level_rank labels annotations starts_at updated_at ends_at count venue drill "
    "experimental why event evidence newest_event_id rules changed_seq judged",
    "events": "event_id fingerprint cause at recorded_at kind level venue body",
    "event_ids": "event_id fingerprint cause at",
    "changes": "seq fingerprint at action event_id",
    "audit": "seq entry hash",
    "cases": "id state is_open level_rank department owner venue drill opened_at updated_at due_at body changed_seq",
    "case_alerts": "fingerprint case_id",
    "case_events": "seq case_id at actor action body before",
    "acks": "fingerprint by at note",
    "evidence": "digest media_type role path n_bytes recorded_at",
    "evidence_alerts": "digest fingerprint",
}


@dataclass(frozen=True, slots=True)
class Sizes:
    n_alerts: int
    n_open: int
    """Nobody has judged them."""


def sizes(n_alerts: int, n_open: int | None = None) -> Sizes:
    return Sizes(n_alerts, max(500, round(n_alerts * OPEN_SHARE)) if n_open is None else n_open)


def chunks(of: Sizes, seed: int = 1) -> Iterator[dict[str, list[Row]]]:
    """Rows by table; the alerts in the order of their times."""
    rng = np.random.default_rng(seed)
    seq = 0
    for first in range(0, of.n_alerts, CHUNK):
        made = {name: list[Row]() for name in COLUMNS}
        seq = _chunk(of, first, min(CHUNK, of.n_alerts - first), rng, seq, made)
        yield made


def instant(s: float) -> str:
    return (FIRST + timedelta(seconds=s)).strftime("%Y-%m-%d %H:%M:%S.%f")


def fingerprint(n: int) -> str:
    return f"{n * 0x9E3779B97F4A7C15 % 2**64:016x}"


def _chunk(
    of: Sizes, first: int, n: int, rng: np.random.Generator, seq: int, made: dict[str, list[Row]]
) -> int:
    kinds = rng.choice(len(KINDS), n, p=KIND_SHARES)
    levels = rng.choice(len(LEVELS), n, p=LEVEL_SHARES)
    venues = rng.integers(0, N_VENUES, n)
    drills = rng.random(n) < DRILL_SHARE
    channels = rng.integers(400_000, 470_000, n)
    # What came in the last days is what is open, with a few that nobody took for weeks.
    is_open = rng.random(n) < (np.arange(first, first + n) / of.n_alerts) ** 8 * 9 * of.n_open / of.n_alerts
    span_s = DAYS * 86_400 / of.n_alerts
    for i in range(n):
        number = first + i
        kind, level = KINDS[kinds[i]], LEVELS[levels[i]]
        venue = None if kind == "web" and venues[i] % 2 else f"venue-{venues[i]:03d}"
        s = number * span_s
        at, name = instant(s), fingerprint(number)
        event_id, cause = f"e{number:015x}{name}", f"c{number:015x}"
        n_rings = N_RINGS if number % (of.n_alerts // N_RINGING) == 7 else 1
        stamp = at.replace(" ", "T") + "Z"
        text = _event(kind, venue, int(channels[i]), number, at)
        title = f'"title_en":"Unknown narrowband {number % 977}","title_zh":"未知窄带信号 {number % 977}"'
        for ring in range(n_rings):
            seq += 1
            ring_id = event_id if ring == 0 else f"{event_id}-{ring}"
            ring_at = at if ring == 0 else instant(s + ring * 15)
            made["event_ids"].append((ring_id, name, cause, ring_at))
            body = (
                f'{{"annotations":{{}},"cause":"{cause}","ends_at":null,"event":{text},"id":"{ring_id}",'
                f'"kind":"{kind}","labels":{{}},"level":"{level}","starts_at":"{stamp}","updated_at":"{stamp}","why":[]}}'
            )
            made["events"].append((ring_id, name, cause, ring_at, ring_at, kind, level, venue, body))
            made["changes"].append((seq, name, ring_at, "raised" if ring == 0 else "repeated", ring_id))
        if number % 10 == 0:
            made["audit"].append((seq, entry(seq, at, "examwatch", "alert.raised", name, level), name * 4))
        if kind == "radio" and number % 10 == 0:
            digest = f"sha256:{name * 4}"
            made["evidence"].append((digest, "image/png", "spectrogram", f"{name}.png", 113_000, at))
            made["evidence_alerts"].append((digest, name))
        made["alerts"].append(
            (
                name,
                kind,
                level,
                int(levels[i]),
                f'{{"venue":"{venue}","channel":"{channels[i]}"}}',
                f"{{{title}}}",
                at,
                at if n_rings == 1 else instant(s + (n_rings - 1) * 15),
                instant(s + 720) if number % 50_000 else None,
                n_rings,
                venue,
                bool(drills[i]),
                number % 40 == 0,
                "[]",
                text,
                "[]",
                event_id,
                "[]",
                seq,
                not is_open[i],
            )
        )
        if number % 50 == 0:
            made["acks"].append((name, f"person-{number % N_PEOPLE}", at, ""))
        # Alerts of one case stand beside each other; every second open one has a case that waits.
        if not is_open[i]:
            case = f"C{number // IN_CASE:09d}"
        elif number % 2:
            case = f"W{number:09d}"
        else:
            continue
        made["case_alerts"].append((name, case))
        if is_open[i] or number % IN_CASE == 0:
            seq = _case(
                made, case, number, seq, at, level, int(levels[i]), venue, bool(drills[i]), bool(is_open[i])
            )
    return seq


def _case(
    made: dict[str, list[Row]], case: str, number: int, seq: int, at: str, level: str, rank: int, venue: str | None,
    drill: bool, is_open: bool,
) -> int:  # fmt: skip
    seq += 1
    owner, department = f"person-{number % N_PEOPLE}", f"department-{number % N_DEPARTMENTS}"
    state = ("new", "claimed", "suspected")[number % 3] if is_open else "closed"
    verdict = "null" if is_open else f'"{VERDICTS[number % len(VERDICTS)]}"'
    stamp = at.replace(" ", "T") + "Z"
    body = (
        f'{{"id":"{case}","kind":"radio","title":{{"en":"Unknown narrowband {number % 977}",'
        f'"zh":"未知窄带信号 {number % 977}"}},"level":"{level}","venue":{json.dumps(venue)},"drill":'
        f'{"true" if drill else "false"},"department":"{department}","opened_at":"{stamp}","updated_at":"{stamp}",'
        f'"version":2,"state":"{state}","owner":"{owner}","verdict":{verdict}}}'
    )
    due_at = at if is_open else None
    made["cases"].append(
        (case, state, is_open, rank, department, owner, venue, drill, at, at, due_at, body, seq)
    )
    told = f'{{"state":"{state}","verdict":{verdict}}}'
    made["case_events"].append((seq, case, at, owner, "judge", told, None))
    made["audit"].append((seq, entry(seq, at, owner, "case.judge", case, level), case * 6))
    return seq


def _event(kind: str, venue: str | None, channel: int, number: int, at: str) -> str:
    place = f'"at":"{at}","kind":"{kind}","venue":{json.dumps(venue)}'
    if kind == "radio":
        return f'{{{place},"center_hz":{channel}000.0,"bandwidth_hz":12100.0,"snr_db":18.2,"sensor":"s{number % 997}"}}'
    if kind == "web":
        again = f',"repost_of":"doc-{number // 3}"' if number % 3 else ""
        return f'{{{place},"document":"doc-{number}","source":"forum-{number % 50}"{again}}}'
    return f'{{{place},"part":"sensor","id":"s{number % 997}"}}'


def entry(seq: int, at: str, actor: str, action: str, subject: str, level: str) -> str:
    stamp = at.replace(" ", "T") + "Z"
    return (
        f'{{"action":"{action}","actor":"{actor}","at":"{stamp}","body":{{"level":"{level}"}},'
        f'"seq":{seq},"subject":"{subject}"}}'
    )
