"""The retro-hunt over a million stored posts: real ones, in turn, until there are enough.

Usage: python -m benchmarks.hunt FOLDER [N_POSTS [N_WORKERS]]      FOLDER as in `benchmarks.leaks`

With one worker (of two) the processor time is told too: all the work is then done in this process.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.leaks import papers, real_posts
from crawlers.memory import Memory
from crawlers.stored import Place
from monitor.hunt import Quarry, hunt
from monitor.timetable import Timetable
from rules.load import LIBRARY, load_rules, load_text
from rules.rule import Rule
from rules.text.bank import Bank, Item, new_key, write_key


async def _fill(path: Path, folder: Path, n_posts: int) -> float:
    texts = [text for _, text in real_posts(folder)]
    now = datetime.now(UTC).timestamp()
    async with Memory(path):
        pass
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA synchronous=OFF")
        ids = [f"{n:016x}" for n in range(n_posts)]
        db.executemany(
            "INSERT INTO documents VALUES (?,'s',?,'http://x.test/',1,'d',NULL,?,NULL)",
            ((id, id, now) for id in ids),
        )
        db.executemany(
            "INSERT INTO versions VALUES (?,1,'d','',?,?,'{}')",
            ((id, texts[n % len(texts)], now) for n, id in enumerate(ids)),
        )
    return sum(len(text.encode()) for text in texts) / len(texts)


def main() -> None:
    n_posts = int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000
    n_workers = int(sys.argv[3]) if len(sys.argv) > 3 else 2
    with tempfile.TemporaryDirectory() as folder:
        memory = Path(folder) / "crawl.db"
        n_bytes = asyncio.run(_fill(memory, Path(sys.argv[1]), n_posts))
        rules = tuple(rule for rule in load_rules(LIBRARY) if rule.kind == "web")
        print(f"{n_posts} posts of {n_bytes:.0f} bytes in the mean, {len(rules)} rules")
        bank = _bank(Path(sys.argv[1]), Path(folder))
        items = tuple(rule for rule in rules if "secret-item" in rule.id)
        for name, asked, asked_bank in (
            ("the whole library", rules, None),
            ("one new rule of words", (_new_word(),), None),
            ("a new bank", items, bank),
        ):
            began_s, began_cpu_s = time.perf_counter(), time.process_time()
            quarry = Quarry(Place(f"sqlite:{memory}"), asked, Timetable(), asked_bank)
            n_found = sum(len(done.found) for done in hunt(quarry, Path(folder) / "place.json", n_workers))
            took_s, cpu_s = time.perf_counter() - began_s, time.process_time() - began_cpu_s
            print(
                f"{name}: {took_s:.1f} s, {n_posts / took_s:.0f} posts/s, {n_found} found,"
                f" {1e6 * cpu_s / n_posts:.0f} us of this process a post, load {os.getloadavg()[0]:.1f}"
            )


def _bank(data: Path, folder: Path) -> tuple[Path, Path]:
    """A bank of real papers and its key."""
    file, key_file, key = folder / "bank", folder / "key", new_key()
    write_key(key_file, key)
    Bank.build([Item(str(n), text) for n, text in enumerate(papers(data))], key)[0].save(file)
    return file, key_file


NEW_WORD = """\
id: bench-new-word
title: {en: A word learnt today, zh: 今天新得知的暗语}
advice: {en: Look at the post, zh: 查看该帖}
kind: web
level: high
category: sell
status: experimental
selections: {word: {text|contains: [青花鱼套餐, 老地方取件]}}
condition: word
owner: bench
"""


def _new_word() -> Rule:
    rule, faults = load_text(NEW_WORD, "bench-new-word.yml")
    if rule is None:
        raise SystemExit("\n".join(map(str, faults)))
    return rule


if __name__ == "__main__":
    main()
