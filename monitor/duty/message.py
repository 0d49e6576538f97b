"""What is told when nobody has seen an alert. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from monitor.alert import wire
from monitor.alert.alert import LEVEL_RANK
from monitor.duty.plan import Escalation
from monitor.notify.message import N_SHOWN, Language, line, record
from monitor.store.merge import Merged


def body(
    some: Sequence[Escalation],
    alerts: Mapping[str, Merged],
    site: str,
    venues: Mapping[str, str],
    language: Language,
    now: datetime,
) -> dict[str, Any]:
    """One message for all of `some`, which are at the step that is due; `venues` by id as they are called."""
    found = [alerts[one.fingerprint] for one in some if one.fingerprint in alerts]
    found.sort(key=lambda one: (-LEVEL_RANK[one.level], one.starts_at, one.fingerprint))
    n, minutes = len(some), max(int((now - one.started_at).total_seconds() // 60) for one in some)
    step, n_steps = max((one.n_done + 1, len(one.steps)) for one in some)
    is_drill = any(one.drill for one in found)
    if language == "zh":
        unseen = f"{n} 条告警 {minutes} 分钟无人确认"
        head = f"{'【演练】' if is_drill else ''}{site} · 升级第 {step}/{n_steps} 级 · {unseen}"
        rest = f"另有 {n - N_SHOWN} 条"
    else:
        head = (
            f"{'[DRILL] ' if is_drill else ''}{site} · Escalation {step} of {n_steps} · "
            f"{n} alert{'s' * (n != 1)} not acknowledged for {minutes} min"
        )
        rest = f"and {n - N_SHOWN} more"
    told = [line(one, language, venues.get(one.venue or "", one.venue or "")) for one in found[:N_SHOWN]]
    lines = [head, *told, *([rest] if n > N_SHOWN else [])]
    return wire.plain(
        {
            "version": 1,
            "site": site,
            "reason": "escalation",
            "at": now,
            "labels": {},
            "title": head,
            "text": "\n".join(lines),
            "firing": [record(one) for one in found],
            "resolved": [],
            "escalations": [
                {"id": one.id, "step": one.n_done + 1, "of": len(one.steps), "since": one.started_at}
                for one in some
            ],
        }
    )
