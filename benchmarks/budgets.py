"""What each rule costs on a clean baseline: false alarms a sensor-day or 10,000 posts, into its own file.

python -m benchmarks.budgets --posts DATA/text [--write]           real posts, none of an offer
python -m benchmarks.budgets --events day.jsonl --sensor-days 2 [--write]    a survey, nobody cheating

Events are judged as if a session were on, so that rules which hold only then are counted too.
An alert is one identity a day. Nothing found in N is not zero: the upper end of 95 % is 3/N.
Also: how often bursts at random distances look evenly spaced (the periodic correlation).
"""

from __future__ import annotations

import argparse
import json
import random
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC
from pathlib import Path
from typing import Any

from benchmarks.leaks import real_posts
from rules.backtest import day_of, identity
from rules.budget import POSTS, UNITS
from rules.correlate import Correlator
from rules.gates import gates
from rules.load import LIBRARY, load_rules
from rules.match import RuleSet
from rules.rule import Rule
from rules.window import even_period

N_TRAINS = 100_000
_BUDGET = re.compile(r"^budget: .*\n", re.MULTILINE)
_OWNER = re.compile(r"^(?=owner: )", re.MULTILINE)


def posts(folder: Path) -> Iterator[dict[str, Any]]:
    for number, (source, text) in enumerate(real_posts(folder)):
        yield {"kind": "web", "phase": "in", "source": source, "document": str(number), "text": text}


def events(file: Path) -> Iterator[dict[str, Any]]:
    with file.open("rb") as lines:
        yield from ({**json.loads(line), "phase": "in"} for line in lines if line.strip())


def count(rules: list[Rule], stream: Iterable[dict[str, Any]]) -> tuple[Counter[str], int, set[str]]:
    """Alerts by rule, the number of events, and the fields that any of them had."""
    fields = {"rule"}
    compiled, correlator = RuleSet(rules), Correlator(rules)
    seen: set[tuple[str, ...]] = set()
    n_events = 0
    for event in stream:
        n_events += 1
        fields |= {name for name, value in event.items() if value is not None}
        fired = [match.rule for match in compiled.match(event)]
        seen |= {(rule.id, day_of(event, UTC), *identity(event, rule)) for rule in fired}
        for found in correlator.feed(event, [rule.id for rule in fired]):
            seen.add((found.rule.id, day_of(found.event, UTC), *identity(found.event, found.rule)))
    return Counter(alert[0] for alert in seen), n_events, fields


def exercised(rule: Rule, fields: set[str]) -> bool:
    """Whether events with `fields` could make the rule fire at all: if not, no alert says nothing."""
    return all(any(test.field in fields for test in gate) for gate in gates(rule).needed)


def write(rule: Rule, measured: float, baseline: str) -> None:
    """Put the figure into the rule's file, its limit kept."""
    limit = rule.budget.limit if rule.budget else 1
    line = f"budget: {{limit: {limit:g}, measured: {measured:.3g}, baseline: {json.dumps(baseline)}}}\n"
    path = Path(rule.file)
    text = _BUDGET.sub("", path.read_text("utf-8"))
    path.write_text(_OWNER.sub(line, text, count=1), "utf-8")


def chance_of_evenness(n_bursts: int = 5, jitter: float = 0.03) -> float:
    """The share of trains of bursts at random distances that look evenly spaced."""
    draw = random.Random(1)
    n_even = 0
    for _ in range(N_TRAINS):
        starts, mean_s = [0.0], draw.choice([30, 60, 120, 300, 600])
        for _ in range(n_bursts - 1):
            starts.append(starts[-1] + max(5.0, draw.expovariate(1 / mean_s)))
        n_even += even_period(starts, 10.0, 900.0, jitter) > 0
    return n_even / N_TRAINS


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--posts", type=Path, help="the folder with posts/ and ads/")
    parser.add_argument("--events", type=Path, help="flat events of a survey, one a line")
    parser.add_argument("--sensor-days", type=float, default=0.0, help="how long sensors listened for them")
    parser.add_argument("--rules", type=Path, default=LIBRARY)
    parser.add_argument("--write", action="store_true", help="put the figures into the rules' files")
    given = parser.parse_args()
    rules = load_rules(given.rules)
    print(f"even by chance, 5 bursts: {chance_of_evenness() * 1e4:.1f} of 10,000 trains")
    kinds: tuple[str, ...]
    if given.posts:
        kinds, stream = ("web",), posts(given.posts)
    elif given.events and given.sensor_days > 0:
        kinds, stream = ("radio", "correlation"), events(given.events)
    else:
        return
    alerts, n_events, fields = count(rules, stream)
    exposure = n_events / POSTS if given.posts else given.sensor_days
    baseline = (
        f"{n_events} real posts, none of an offer (reviews, comments, microblogs, abstracts, messages)"
        if given.posts
        else f"{given.sensor_days:g} sensor-days, {n_events} emissions ({given.events.name})"
    )
    print(baseline)
    for rule in rules:
        if rule.kind not in kinds:
            continue
        if not exercised(rule, fields):
            print(f"  {rule.id:32} not measured: the baseline lacks what it looks at")
            continue
        measured = alerts[rule.id] / exposure
        bound = f", under {3 / exposure:.2g} (95 %)" if not alerts[rule.id] else ""
        over = "  OVER ITS LIMIT" if rule.budget and measured > rule.budget.limit else ""
        print(f"  {rule.id:32} {alerts[rule.id]:5} = {measured:.3g} a {UNITS[rule.kind]}{bound}{over}")
        if given.write:
            write(rule, measured, baseline)


if __name__ == "__main__":
    main()
