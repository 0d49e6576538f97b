"""``examwatch cases``: what people made of the alerts, and reports of it. Works beside a running daemon."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from monitor import timetable
from monitor.case.habits import Habits
from monitor.case.machine import ACTIONS, VERDICTS, Case, Step, StepError
from monitor.case.playbook import playbooks
from monitor.case.reader import CaseQuery, CaseReader, Listed, Whole
from monitor.case.register import CaseRegister, NoSuchError
from monitor.cli.alerts import Format, InLanguage, Language, StoreOption
from monitor.cli.stores import DEFAULT, shell_actor, store_place
from monitor.cli.terminal import marked
from monitor.config import load_config
from monitor.config.desk import habits_of
from monitor.faults import Fault, InputError
from monitor.plain import plain
from monitor.server.case_views import case_view
from monitor.store import Store

if TYPE_CHECKING:
    from monitor.case.press import Press

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Cases and reports. 案件与报告。")
Out = Annotated[Path, typer.Option("--out", help="FILE.html or FILE.pdf.")]


@app.command("list")
def list_(
    store: StoreOption = str(DEFAULT),
    open_: Annotated[bool, typer.Option("--open", help="Only those that are not closed.")] = False,
    late: Annotated[bool, typer.Option("--late", help="Only those whose next step is overdue.")] = False,
    department: Annotated[str | None, typer.Option(help="Only this department's.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 50,
    format: Annotated[Format, typer.Option("--format")] = Format.table,
    language: InLanguage = Language.en,
) -> None:
    """Cases, the one with the newest step first. 列出案件，最近有动作的在前。

    Example: examwatch cases list --store configs/demo.yml --open
    """
    query = CaseQuery(is_open=True if open_ else None, department=department, late=late, limit=limit)
    with _store(store) as opened:
        found, _ = CaseReader(opened.reader).page(query, datetime.now(UTC))
    if format is Format.jsonl:
        for one in found:
            typer.echo(msgspec.json.encode(case_view(one)))
        return
    table = _table(found, language)
    Console().print(table)


def _table(found: list[Listed], language: Language) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in ("updated", "id", "level", "state", "verdict", "with", "alerts"):
        table.add_column(name, no_wrap=True)
    table.add_column("title")
    for one in found:
        case = one.case
        table.add_row(
            f"{case.updated_at.astimezone():%m-%d %H:%M}",
            case.id,
            case.level,
            case.state,
            case.verdict or "",
            marked(case.department),
            str(len(one.alerts)),
            marked(case.title[language]),
        )
    return table


@app.command()
def show(
    case: Annotated[str, typer.Argument(help="The case's id.")],
    store: StoreOption = str(DEFAULT),
    format: Annotated[Format, typer.Option("--format")] = Format.table,
    language: InLanguage = Language.en,
) -> None:
    """One case with every step. 单个案件及其全部步骤。

    Example: examwatch cases show C0607-1A2B3C --store configs/demo.yml
    """
    with _store(store) as opened:
        whole = _whole(opened, case)
    if format is Format.jsonl:
        events = msgspec.to_builtins(whole.events)
        told = {**msgspec.to_builtins(case_view(whole.listed)), "events": events}
        typer.echo(msgspec.json.encode(told))
        return
    console, one = Console(), whole.listed.case
    console.print(f"[bold]{one.id}[/] {marked(one.title[language])}", highlight=False)
    console.print(f"{one.level}, {one.state}, {one.verdict or 'not judged'}, with {marked(one.department)}")
    console.print(f"alerts: {', '.join(whole.listed.alerts)}", highlight=False)
    for event in whole.events:
        told = " ".join(f"{name}={value}" for name, value in event.body.items())
        console.print(
            f"{event.seq:>6} {event.at.astimezone():%m-%d %H:%M:%S} "
            f"{plain(f'{event.actor}: {event.action} {told}')}",
            highlight=False,
            markup=False,
        )


@app.command()
def step(
    case: Annotated[str, typer.Argument(help="The case's id, or an alert's fingerprint.")],
    action: Annotated[str, typer.Argument(help=f"One of {', '.join(ACTIONS)}, undo.")],
    store: StoreOption = str(DEFAULT),
    verdict: Annotated[str | None, typer.Option(help=f"Of judge: one of {', '.join(VERDICTS)}.")] = None,
    outcome: Annotated[str | None, typer.Option(help="Of finish: found, lost, stopped.")] = None,
    department: Annotated[str | None, typer.Option(help="Of notify and transfer: to whom.")] = None,
    text: Annotated[str, typer.Option(help="A note, or what a task is.")] = "",
    item: Annotated[str | None, typer.Option(help="Of task-done and check: which.")] = None,
) -> None:
    """Take a step with a case, or with an alert's; the record names the account. 对案件执行一步操作。

    "undo" takes back one's own last step, a merge or a split too. “undo” 撤销自己的上一步，包括并案与拆分。

    Example: examwatch cases step C0607-1A2B3C judge --verdict scam --text "seller of last week"
    """
    if action == "undo":
        _undo(case, store)
        return
    wanted = {"action": action, "actor": shell_actor(), "text": text}
    wanted |= {"verdict": verdict, "outcome": outcome, "department": department, "item": item}
    try:
        taken = msgspec.convert(wanted, Step)
    except msgspec.ValidationError as error:
        raise InputError([Fault(action, 0, str(error))]) from None
    now = datetime.now(UTC)
    with _register(store, case) as register:
        if case.startswith("C"):
            done = register.step(case, taken, now)
        else:
            done = register.step_on_alert(case, taken, now)
    _tell(done)


def _undo(case: str, store: str) -> None:
    with _register(store, case) as register:
        _tell(register.undo(case, shell_actor(), datetime.now(UTC)))


def _tell(done: Case) -> None:
    typer.echo(f"{done.id}: {done.state}" + (f", {done.verdict}" if done.verdict else ""))


@contextmanager
def _register(store: str, subject: str) -> Generator[CaseRegister]:
    """A refusal is a fault of `subject`."""
    config = load_config(Path(store)) if store.endswith((".yml", ".yaml")) else None
    habits = habits_of(config.departments, config.cases) if config is not None else Habits()
    with _store(store) as opened:
        try:
            yield CaseRegister(opened, habits)
        except (NoSuchError, StepError) as error:
            raise InputError([Fault(subject, 0, str(error))]) from None


@app.command()
def report(
    case: Annotated[str, typer.Argument(help="The case's id.")],
    out: Out,
    store: StoreOption = str(DEFAULT),
    language: InLanguage = Language.zh,
) -> None:
    """A case as a page to be handed on, with hashes. 案件报告（HTML 或 PDF），附哈希值。

    Example: examwatch cases report C0607-1A2B3C --store configs/demo.yml --out case.pdf
    """
    _check_out(out)
    with _store(store) as opened:
        try:
            html = _press(opened, store).case(case, language.value, datetime.now(UTC))
        except NoSuchError as error:
            raise InputError([Fault(case, 0, str(error))]) from None
    _write(out, html)


@app.command()
def session(
    out: Out,
    start: Annotated[datetime, typer.Option("--from", help="Local time, such as '2026-06-07 08:30'.")],
    end: Annotated[datetime, typer.Option("--to", help="Local time.")],
    store: StoreOption = str(DEFAULT),
    language: InLanguage = Language.zh,
) -> None:
    """A span of time as a page: found, verdicts, what was not watched. 场次报告；未发现异常时同样生成。

    Example: examwatch cases session --from '2026-06-07 08:30' --to '2026-06-07 12:00' --out morning.pdf
    """
    _check_out(out)
    first, last = start.astimezone(UTC), end.astimezone(UTC)
    if last <= first:
        raise InputError([Fault("--to", 0, "the end comes after the beginning")])
    with _store(store) as opened:
        html = _press(opened, store).session(first, last, language.value, datetime.now(UTC))
    _write(out, html)


def _whole(store: Store, case_id: str) -> Whole:
    try:
        return CaseReader(store.reader).get(case_id)
    except NoSuchError as error:
        raise InputError([Fault(case_id, 0, str(error))]) from None


def _press(store: Store, given: str) -> Press:
    """With the site's name, its own playbooks and departments, where a configuration says so."""
    from monitor.case.press import Press

    if not given.endswith((".yml", ".yaml")):
        return Press(store, playbooks())
    config = load_config(Path(given))
    named = config.timetable
    table = timetable.load(named, datetime.now(UTC)) if named is not None else None
    site = {"en": config.site.name.en, "zh": config.site.name.zh}
    return Press(
        store,
        playbooks(config.cases.playbooks),
        site,
        habits_of(config.departments, config.cases).departments,
        table,
    )


def _check_out(out: Path) -> None:
    if out.suffix not in (".html", ".pdf"):
        raise InputError([Fault(str(out), 0, "a report is written to a file that ends in .html or .pdf")])
    if not out.parent.is_dir():
        raise InputError([Fault(str(out), 0, f"there is no folder {out.parent}")])


def _write(out: Path, html: str) -> None:
    from monitor.pdf import print_pdf

    content = html.encode() if out.suffix == ".html" else print_pdf(html)
    part = out.with_name(f".{out.name}.part")
    try:
        part.write_bytes(content)
        os.replace(part, out)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise InputError([Fault(str(out), 0, f"cannot be written: {error.strerror}")]) from None


@contextmanager
def _store(given: str) -> Generator[Store, None, None]:
    opened = store_place(given).open()
    try:
        yield opened
    finally:
        opened.close()
