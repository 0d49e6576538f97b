"""``examwatch drill``: a scenario through the running system, or through one of its own where none runs."""

from __future__ import annotations

import asyncio
import json
import time
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from monitor.cli.alerts import InLanguage, Language
from monitor.cli.run import set_up_logging
from monitor.cli.stores import DEFAULT
from monitor.config import Setup, load_setup
from monitor.drill.record import Outcome, outcome
from monitor.drill.scenario import Scenario, load_scenario
from monitor.faults import Fault, InputError, WorldError

BEGIN_S = 15.0
"""The daemon looks for drills every second; one that does not begin by then is no daemon of this version."""


class Format(StrEnum):
    table = "table"
    json = "json"


def drill_command(
    scenario: Annotated[Path, typer.Argument(metavar="SCENARIO", help="The scenario, as YAML.")],
    config: Annotated[Path, typer.Option(help="The configuration of the system that is drilled.")] = DEFAULT,
    wait: Annotated[float, typer.Option(min=0, help="Seconds to wait for people after the last step.")] = 0,
    again: Annotated[str | None, typer.Option(help="Only report on an earlier drill, by its id.")] = None,
    format: Annotated[Format, typer.Option("--format")] = Format.table,
    language: InLanguage = Language.en,
) -> None:
    """Play signals and posts of our own through the whole system; report how soon each was found, told,
    seen, claimed and judged. All of it is marked as drill, and told only where a route says `drills: true`.
    演练：注入测试信号与帖子，统计发现、通知、确认、研判用时；全程标记为演练。

    With a daemon running on the same configuration the drill goes through that daemon; else through a whole
    system of its own, which ends with the drill. Exit code 1 if a step did not come out as it should.

    Example: examwatch drill configs/drills/self-test.yml
    """
    played = load_scenario(scenario)
    setup = load_setup(config, datetime.now(UTC))
    if played.venue is not None and setup.timetable.venues and played.venue not in setup.timetable.venues:
        there = ", ".join(setup.timetable.venues)
        raise InputError([Fault(str(scenario), 0, f"there is no venue '{played.venue}' (there is {there})")])
    folder = setup.config.drill_dir
    if again is not None:
        found = _report(setup, played, again)
    elif _is_running(setup):
        found = _through_daemon(setup, played, folder, wait)
    else:
        typer.echo("no daemon runs here: the drill has a system of its own", err=True)
        set_up_logging()
        found = asyncio.run(_alone(setup, played))
    if format is Format.json:
        typer.echo(json.dumps({**msgspec.to_builtins(found), "passed": found.passed}, ensure_ascii=False))
    else:
        Console().print(_table(found, language))
        typer.echo(_verdict(found, language))
    if not found.passed:
        raise typer.Exit(1)


def _is_running(setup: Setup) -> bool:
    from monitor.queue import QueueError
    from monitor.queue.sqlite import SqliteQueue

    url = setup.config.queue_url
    path = Path(url.removeprefix("sqlite:"))
    if not url.startswith("sqlite:") or not path.exists():
        return False

    async def try_open() -> None:
        await SqliteQueue.open(path).close()

    try:
        asyncio.run(try_open())
    except QueueError:
        # It belongs to another process: the daemon.
        return True
    return False


def _through_daemon(setup: Setup, scenario: Scenario, folder: Path, wait_s: float) -> Outcome:
    from monitor.drill.desk import order

    try:
        drill = order(folder, scenario.path, "cli", datetime.now(UTC))
    except OSError as error:
        raise WorldError(f"{folder}: {error.strerror or error}") from None
    typer.echo(f"drill {drill} goes through the running daemon; {scenario.ends_s:.0f} s", err=True)
    began_s = time.monotonic()
    while True:
        said = _said(folder, drill)
        state = said.get("state")
        if state == "failed":
            raise WorldError(f"drill {drill}: {said['error']}")
        if state == "played":
            break
        late = BEGIN_S if state is None else scenario.ends_s + 60
        if time.monotonic() - began_s > late:
            raise WorldError(f"drill {drill}: the daemon does not {'begin' if state is None else 'end'} it")
        time.sleep(0.3)
    time.sleep(wait_s)
    return _report(setup, scenario, drill)


def _said(folder: Path, drill: str) -> dict[str, Any]:
    try:
        return json.loads((folder / f"{drill}.json").read_text("utf-8"))
    except FileNotFoundError:
        return {}


def _report(setup: Setup, scenario: Scenario, drill: str) -> Outcome:
    from monitor.store import Store

    said = _said(setup.config.drill_dir, drill)
    if "started" not in said:
        raise InputError([Fault("--again", 0, f"no drill {drill!r} was played here")])
    started = {name: datetime.fromisoformat(at) for name, at in said["started"].items()}
    store = Store(setup.config.store_url, setup.config.store.password_file)
    try:
        return outcome(store, scenario, drill, started)
    finally:
        store.close()


async def _alone(setup: Setup, scenario: Scenario) -> Outcome:
    from monitor.clock import SystemClock
    from monitor.drill.desk import DrillDesk, DrillDoors, new_id
    from monitor.ears import drill_receiver
    from monitor.evidence import EvidenceStore
    from monitor.intake import Intake
    from monitor.pipeline import Pipeline
    from monitor.queue import open_queue
    from monitor.ruledesk.opening import open_rules
    from monitor.store import Store
    from monitor.store.book import StoreBook

    clock = SystemClock()
    with TemporaryDirectory(prefix="examwatch-drill-") as place:
        folder = Path(place)
        queue, book = open_queue("memory:"), StoreBook(Store(f"sqlite:{folder / 'store.db'}"), clock)
        evidence = EvidenceStore(folder / "evidence")
        rules, _ = open_rules(setup.rules, setup.exemptions, setup.rule_files, folder)
        bank = setup.bank.match if setup.bank is not None else None
        intake = Intake(rules, setup.timetable, setup.bandplan, queue, evidence, bank)
        pipeline = asyncio.create_task(Pipeline(queue, book, clock).run())
        own = setup.config.model_copy(update={"data_dir": folder})
        alone = DrillDoors(
            lambda name, venue, world: drill_receiver(
                name, venue, world, own.drill_dir, setup.bandplan, evidence.root
            ),
            intake.emission,
            intake.document,
            book,
            clock,
            folder / "drills",
        )
        try:
            return await DrillDesk(alone).play(scenario, new_id(clock.now()), "cli")
        finally:
            pipeline.cancel()
            await asyncio.gather(pipeline, return_exceptions=True)
            await queue.close()
            await book.close()


_HEAD = {
    "en": ("Step", "What", "Alert of", "Found", "Told", "Seen", "Claimed", "Judged", ""),
    "zh": ("步骤", "类型", "触发规则", "发现", "通知", "确认", "认领", "研判", ""),
}
_KIND = {"en": {"signal": "signal", "post": "post"}, "zh": {"signal": "信号", "post": "帖子"}}


def _table(found: Outcome, language: Language) -> Table:
    table = Table(box=None, pad_edge=False, title=f"{found.name[language.value]} · {found.drill}")
    for i, name in enumerate(_HEAD[language.value]):
        table.add_column(name, justify="right" if 3 <= i <= 7 else "left")
    for one in found.reactions:
        times = (one.found_s, one.told_s, one.seen_s, one.claimed_s, one.judged_s)
        table.add_row(
            one.step,
            _KIND[language.value][one.kind],
            one.rule or "–",
            *("–" if s is None else _span(s) for s in times),
            "✓" if one.passed else "✗",
        )
    return table


def _span(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 120 else str(timedelta(seconds=round(seconds)))


def _verdict(found: Outcome, language: Language) -> str:
    n_bad = sum(not one.passed for one in found.reactions)
    n = len(found.reactions)
    if language is Language.zh:
        return f"{n} 个步骤全部按预期" if not n_bad else f"{n} 个步骤中有 {n_bad} 个未按预期"
    return f"all {n} steps came out as they should" if not n_bad else f"{n_bad} of {n} steps did not"
