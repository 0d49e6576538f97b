"""A configuration with all that it names: timetable, rules and sources, every fault at once.

examwatch.yml ──> Config ──┬─ timetable.yml ──> Timetable
                           ├─ rules/         ──> RuleSet        all faults of all of them
                           └─ sources:       ──> SourceConfig      in one InputError
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Any, cast

from crawlers.config import parse_sources
from crawlers.source.base import SourceConfig
from crawlers.source.tips import TipsConfig
from monitor import bandplan, timetable, yamltree
from monitor.bandplan import BandPlan
from monitor.case.habits import Habits
from monitor.case.playbook import Playbooks, playbooks
from monitor.config.desk import departments_of, habits_of
from monitor.config.model import Config
from monitor.config.people import oidc_misfits
from monitor.demo.posts import DemoPosts, load_posts
from monitor.drill.scenario import Scheduled, load_scenario
from monitor.duty.roster import Roster, load_roster
from monitor.faults import Fault, FaultList, InputError, collected
from monitor.mapfile import Ground, read_outlines, read_plan
from monitor.ruledesk.shelf import RuleFiles
from monitor.timetable import Timetable
from monitor.yamltree import Tree
from rules.exemption import Exemption, load_exemptions
from rules.fault import RuleErrors
from rules.load import load_rules
from rules.rule import Rule
from rules.text.bank import Bank, BankError, read_key

LOOPBACK = ("127.0.0.1", "::1", "localhost")
LIBRARY = Path(str(files("rules"))) / "library"
"""The rules that come with the program."""


@dataclass(frozen=True, slots=True)
class Setup:
    """Everything that a run needs to know before it starts, checked."""

    path: Path
    config: Config
    timetable: Timetable
    bandplan: BandPlan
    rules: tuple[Rule, ...]
    rule_files: RuleFiles
    sources: tuple[SourceConfig, ...]
    demo: DemoPosts | None = None
    bank: Bank | None = None
    exemptions: tuple[Exemption, ...] = ()
    habits: Habits = field(default_factory=Habits)
    playbooks: Playbooks = field(default_factory=playbooks)
    roster: Roster = field(default_factory=Roster)
    test_signals: tuple[Scheduled, ...] = ()
    ground: Ground = field(default_factory=Ground)


def load_config(path: Path) -> Config:
    """The configuration alone, for commands that need no more.

    Raises
    ------
    InputError
        With every fault and its line.
    """
    return _config(yamltree.read(path))


def load_setup(path: Path, now: datetime) -> Setup:
    """The configuration in `path` and everything that it names.

    Raises
    ------
    InputError
        With every fault of every file.
    """
    tree = yamltree.read(path)
    faults: list[Fault] = []
    sources = _sources(tree, faults)
    try:
        config = _config(tree)
    except InputError as error:
        raise InputError([*faults, *error.faults]) from None
    table, plan = Timetable(), BandPlan()
    if config.timetable is not None:
        with collected(faults):
            table = timetable.load(config.timetable, now)
    if config.bandplan is not None:
        with collected(faults):
            plan = bandplan.load(config.bandplan)
    posts: DemoPosts | None = None
    if config.demo is not None:
        with collected(faults):
            posts = load_posts(config.demo.posts)
    books = playbooks()
    if config.cases.playbooks is not None:
        with collected(faults):
            books = playbooks(config.cases.playbooks)
    signals: list[Scheduled] = []
    for entry in config.test_signals:
        with collected(faults):
            signals.append(Scheduled(load_scenario(entry.scenario), entry.every_min * 60))
    roster = Roster()
    if config.duty is not None:
        with collected(faults):
            roster = load_roster(config.duty.roster)
    files = rule_files_of(config)
    rules, exemptions = _rules(files, faults)
    bank = _bank(config, faults)
    faults += _misfits(tree, config, table, sources)
    faults += _desk_misfits(tree, config, books)
    if config.people.oidc is not None:
        hosts = {*LOOPBACK, config.server.host, *config.server.allowed_hosts}
        departments = {one.id for one in departments_of(config.departments)}
        faults += oidc_misfits(tree, config.people.oidc, config.auth, hosts, departments, set(table.venues))
    if roster.people:
        faults += _duty_misfits(tree, config, roster)
    for sensor in config.sensors:
        if sensor.baseline is not None:
            with collected(faults):
                check_template(sensor.baseline)
    ground = _ground(config, faults)
    if faults:
        raise InputError(faults)
    return Setup(
        path, config, table, plan, rules, files, sources, posts, bank, exemptions,
        habits_of(config.departments, config.cases), books, roster, tuple(signals), ground,
    )  # fmt: skip


def _ground(config: Config, faults: list[Fault]) -> Ground:
    picture, outlines = None, ()
    if config.map.plan is not None:
        with collected(faults):
            picture = read_plan(config.map.plan, tuple(corner.place for corner in config.map.corners))
    if config.map.geojson is not None:
        with collected(faults):
            outlines = read_outlines(config.map.geojson)
    return Ground(picture, outlines)


def check_template(path: Path) -> None:
    """Raises `InputError` if `path` holds no template."""
    # The radio room takes a second to load: only for who has a survey.
    from monitor.baseline import read_template

    read_template(path)


def _config(tree: Tree) -> Config:
    if isinstance(tree.value, dict):
        # A section whose every line is commented out reads as null, and means its defaults.
        written = cast("dict[str, Any]", tree.value)
        tree = replace(tree, value={key: part for key, part in written.items() if part is not None})
    return yamltree.validate(tree, Config, {"base": tree.path.parent})


def _sources(tree: Tree, faults: list[Fault]) -> tuple[SourceConfig, ...]:
    written = tree.value.get("sources") if isinstance(tree.value, dict) else None
    if written is None:
        return ()
    configs, found = parse_sources(written, tree.path.resolve().parent)
    faults += [
        Fault(str(tree.path), tree.line(fault.path), _told(fault.path, fault.message)) for fault in found
    ]
    return tuple(configs)


def _told(path: tuple[str | int, ...], message: str) -> str:
    return f"{'.'.join(str(step) for step in path)}: {message}"


def rule_files_of(config: Config) -> RuleFiles:
    """Where its rules and exceptions stand."""
    return RuleFiles(config.rules.dirs or (LIBRARY,), config.rules.exceptions)


def _rules(files: RuleFiles, faults: list[Fault]) -> tuple[tuple[Rule, ...], tuple[Exemption, ...]]:
    try:
        rules = load_rules(*files.folders)
        exemptions = load_exemptions(files.exceptions, rules) if files.exceptions is not None else []
    except RuleErrors as error:
        faults += [Fault(fault.file, fault.line, fault.message) for fault in error.faults]
        return (), ()
    return tuple(rules), tuple(exemptions)


def _bank(config: Config, faults: list[Fault]) -> Bank | None:
    if config.bank is None:
        return None
    try:
        return Bank.load(config.bank.file, read_key(config.bank.key_file))
    except BankError as error:
        # Its message begins with the file.
        place, _, message = str(error).partition(":1: ")
        faults.append(Fault(place, 1, message))
        return None


def _misfits(tree: Tree, config: Config, table: Timetable, sources: tuple[SourceConfig, ...]) -> list[Fault]:
    """What is right by itself and wrong beside the rest."""
    faults = FaultList(tree.path)
    if config.auth == "off" and config.server.host not in LOOPBACK:
        faults.add(
            tree.line(("auth",)),
            f"auth: off is for a console on this machine alone, but the host is {config.server.host}",
        )
    if config.queue_url == "nats:" and config.link is None:
        faults.add(tree.line(("queue", "url")), "a queue in nats: needs the section 'link'")
    boxes = {source.id for source in sources if isinstance(source, TipsConfig)}
    if config.tips is not None and config.tips.source not in boxes:
        faults.add(
            tree.line(("tips", "source")),
            f"no source of kind 'tips' is called '{config.tips.source}'"
            + (f" (there is {', '.join(sorted(boxes))})" if boxes else ""),
        )
    first: dict[str, int] = {}
    for i, sensor in enumerate(config.sensors):
        line = tree.line(("sensors", i, "id"))
        if sensor.id in first:
            faults.add(line, f"sensor '{sensor.id}' stands twice (first in line {first[sensor.id]})")
        first.setdefault(sensor.id, line)
        apart = next((one for one in config.sensors if one.share == sensor.share), sensor)
        if sensor.share is not None and (sensor.bands, sensor.rate_hz) != (apart.bands, apart.rate_hz):
            faults.add(
                tree.line(("sensors", i, "share")),
                f"sensors that share '{sensor.share}' need the same bands and rate_hz as '{apart.id}'",
            )
        if sensor.venue is not None and table.venues and sensor.venue not in table.venues:
            faults.add(
                tree.line(("sensors", i, "venue")),
                f"venue '{sensor.venue}' is not in the timetable {config.timetable}",
            )
    return faults.faults


def _desk_misfits(tree: Tree, config: Config, books: Playbooks) -> list[Fault]:
    """Ways of cases to departments or playbooks that there are not."""
    faults = FaultList(tree.path)
    departments = {one.id for one in departments_of(config.departments)}
    receivers = {one.id for one in config.notify.receivers} if config.notify is not None else set[str]()
    if config.audit.receiver is not None and config.audit.receiver not in receivers:
        there = ", ".join(sorted(receivers)) or "none: there is no section notify"
        told = f"there is no receiver '{config.audit.receiver}' (there is {there})"
        faults.add(tree.line(("audit", "receiver")), told)
    for i, way in enumerate(config.cases.routes):
        if way.department not in departments:
            there = ", ".join(sorted(departments))
            faults.add(
                tree.line(("cases", "routes", i, "department")),
                f"there is no department '{way.department}' (there is {there})",
            )
        if way.playbook is not None and way.playbook not in books.books:
            there = ", ".join(sorted(books.books))
            faults.add(
                tree.line(("cases", "routes", i, "playbook")),
                f"there is no playbook '{way.playbook}' (there is {there})",
            )
    return faults.faults


def _duty_misfits(tree: Tree, config: Config, roster: Roster) -> list[Fault]:
    """A roster whose receivers or departments there are not, and steps that can reach nobody, ever."""
    faults = FaultList(tree.path)
    duty = config.duty
    if duty is None:
        return []
    place = tree.line(("duty", "roster"))
    receivers = {one.id for one in config.notify.receivers} if config.notify is not None else set[str]()
    for name in sorted(roster.named_receivers - receivers):
        there = ", ".join(sorted(receivers)) or "none: there is no section notify"
        faults.add(place, f"{duty.roster}: there is no receiver '{name}' (there is {there})")
    departments = {one.id for one in departments_of(config.departments)}
    for name in sorted(roster.departments - departments):
        faults.add(place, f"{duty.roster}: there is no department '{name}'")
    for i, plan in enumerate(duty.plans):
        for j, step in enumerate(plan.steps):
            for one in step.to:
                if one.department not in roster.departments:
                    there = ", ".join(sorted(roster.departments))
                    faults.add(
                        tree.line(("duty", "escalation", i, "steps", j)),
                        f"the roster knows nobody of '{one.department}' (there is {there})",
                    )
    return faults.faults
