"""``examwatch hunt``: new rules, words or a new bank asked of the posts that were seen before."""

from __future__ import annotations

import sqlite3
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from monitor.faults import Fault, InputError, WorldError

DAYS = 30.0


def hunt_command(
    config: Annotated[Path, typer.Argument(metavar="CONFIG", help="The daemon's configuration.")],
    rules: Annotated[Path | None, typer.Option("--rules", help="Rules instead of those in force.")] = None,
    bank: Annotated[Path | None, typer.Option("--bank", help="A bank of secret items. 指纹库。")] = None,
    key: Annotated[Path | None, typer.Option("--key", help="Its key. 密钥。")] = None,
    days: Annotated[float, typer.Option("--days", min=0.0, help="Posts first seen since then.")] = DAYS,
    workers: Annotated[int, typer.Option("--workers", min=1, max=64, help="Processes. 进程数。")] = 2,
    raise_: Annotated[
        bool, typer.Option("--raise", help="Store what is found as alerts, marked retro.")
    ] = False,
) -> None:
    """Ask rules and bank of every stored post; one JSON line a find. 用新规则或指纹库回溯已抓取的帖子。

    Broken off, it goes on where it was when the same is asked again.

    Example: examwatch hunt configs/examwatch.yml --rules my-rules --days 7 --raise
    """
    from crawlers import stored
    from monitor.cli.match import to_record
    from monitor.cli.posts import each_record
    from monitor.cli.stores import Place
    from monitor.config import load_setup
    from monitor.evidence import EvidenceStore
    from monitor.hunt import Hunter, Quarry, hunt
    from rules.fault import RuleErrors
    from rules.load import load_rules
    from rules.text.bank import BankError

    now = datetime.now(UTC)
    setup = load_setup(config, now)
    if (bank is None) != (key is None):
        raise InputError([Fault(str(bank or key), 0, "--bank and --key are given together or not at all")])
    memory = stored.Place(setup.config.crawl_url, setup.config.crawl.password_file)
    if memory.file is not None and not memory.file.is_file():
        raise InputError([Fault(str(memory), 0, "nothing was crawled yet")])
    try:
        asked = tuple(load_rules(rules)) if rules is not None else setup.rules
    except RuleErrors as error:
        raise InputError(Fault(fault.file, fault.line, fault.message) for fault in error.faults) from error
    files = setup.config.bank
    known = (bank, key) if bank and key else (files.file, files.key_file) if files else None
    quarry = Quarry(memory, asked, setup.timetable, known, now - timedelta(days=days))
    evidence = EvidenceStore(setup.config.data_dir / "evidence")
    store = Place(setup.config.store_url, setup.config.store.password_file).open() if raise_ else None
    console = Console(stderr=True)
    n_found = 0
    try:
        hunter = Hunter(quarry)
        with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
            task = bar.add_task("hunt 回溯")
            for done in hunt(quarry, setup.config.data_dir / "hunt.json", workers):
                for document in done.found:
                    n_found += 1
                    matches = [to_record(match) for match in hunter.judge(document)[1]]
                    record = {"id": document.id, "version": document.version, "url": document.url}
                    sys.stdout.write(each_record({**record, "matches": matches}))
                    if store is not None:
                        store.merge(hunter.alerts(document, evidence, now), now)
                sys.stdout.flush()
                bar.update(task, total=done.n_pieces, completed=done.n_done)
    except BankError as error:
        raise InputError([Fault(str(bank), 0, str(error))]) from error
    except BrokenPipeError:
        # Whoever read the finds has enough of them: no fault of memory's.
        raise
    except (sqlite3.Error, OSError) as error:
        raise WorldError(f"{memory}: {error}") from error
    finally:
        if store is not None:
            store.close()
    console.print(f"{n_found} posts found / 找到 {n_found} 条", highlight=False)
