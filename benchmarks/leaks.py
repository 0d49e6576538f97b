"""Leaks: recall, false alarms, bank recall against noise and length, throughput.

    python -m benchmarks.leaks [FOLDER]

FOLDER holds real texts (``posts/``, ``ads/``, ``papers/`` as in the manifest of the team's data);
without it only made texts are measured. Made posts: tests/unit/rules/text.
"""

from __future__ import annotations

import csv
import importlib.util
import json
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import ahocorasick
import numpy as np

from rules.text.bank import Bank, Item
from rules.text.fingerprint import squeeze
from rules.text.lexicon_file import shipped_lexicon
from rules.text.normalise import normalise
from rules.text.reading import read_with

ROOT = Path(__file__).parents[1]
SEED = 20
NOISES = (0.0, 0.05, 0.10, 0.15, 0.20)
LENGTHS = (20, 30, 40, 60, 100)
KEY = bytes(32)
COMMON = (
    "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动"
    "同工也能下过子说产种面而方后多定行学法所民得经"
)


def _made(name: str) -> ModuleType:
    path = ROOT / "tests" / "unit" / "rules" / "text" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise FileNotFoundError(path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def fired(text: str) -> set[str]:
    return {score.category for score in read_with(shipped_lexicon(), text).fired}


def by_category() -> None:
    made = _made("made_posts")
    n, own, some = Counter[str](), Counter[str](), Counter[str]()
    for category, text in made.offers(4, SEED):
        found = fired(text)
        n[category] += 1
        own[category] += category in found
        some[category] += bool(found)
    print("\nmade posts: recall by category          in its category   in any")
    for category in n:
        in_its_own, in_any = own[category] / n[category], some[category] / n[category]
        print(f"  {category:10} {n[category]:5} {in_its_own:24.1%} {in_any:8.1%}")
    quiet = list(made.harmless(4, SEED))
    print(f"  false alarms on made harmless exam talk: {sum(bool(fired(t)) for t in quiet)} of {len(quiet)}")
    posts = _made("held_out").POSTS
    wanted = [(c, t) for c, t in posts if c]
    silent = [t for c, t in posts if c is None]
    print(
        f"  whole posts in other wording: {sum(c in fired(t) for c, t in wanted)} of {len(wanted)} found,",
        end=" ",
    )
    print(f"{sum(bool(fired(t)) for t in silent)} of {len(silent)} harmless ones raised")


def by_disguise() -> None:
    made, disguises = _made("made_posts"), _made("disguises").DISGUISES
    chance = random.Random(SEED)
    posts, quiet = list(made.offers(1, SEED)), list(made.harmless(1, SEED))
    print("\nrecall by disguise (posts that it changes)     false alarms")
    for name, disguise in disguises.items():
        changed = [(c, d) for c, t in posts if (d := disguise(t, chance)) != t]
        recall = sum(c in fired(d) for c, d in changed) / len(changed)
        false = sum(bool(fired(disguise(t, chance))) for t in quiet)
        print(f"  {name:14} {len(changed):5} {recall:8.1%} {false:20} of {len(quiet)}")


def real_posts(folder: Path) -> Iterator[tuple[str, str]]:
    """Posts that are no offers: reviews, comments, microblogs, abstracts, text messages."""
    with (folder / "posts" / "waimai_10k.csv").open(encoding="utf-8") as file:
        yield from (("reviews", row[1]) for row in csv.reader(file))
    with (folder / "posts" / "cold" / "dev.csv").open(encoding="utf-8-sig") as file:
        yield from (("comments", row["TEXT"]) for row in csv.DictReader(file))
    for name in ("usual", "virus"):
        path = folder / "posts" / "smp2020" / f"{name}_eval_labeled.json"
        yield from (("microblogs", row["content"]) for row in json.loads(path.read_text(encoding="utf-8")))
    path = folder / "posts" / "fewclue" / "csldcp__dev_few_all.json"
    yield from (("abstracts", json.loads(line)["content"]) for line in path.open(encoding="utf-8"))
    path = folder / "ads" / "uci_sms_en.tsv"
    yield from (("messages, English", line.split("\t", 1)[1]) for line in path.open(encoding="utf-8"))


def on_real_posts(folder: Path) -> None:
    n, raised = Counter[str](), Counter[str]()
    for source, text in real_posts(folder):
        n[source] += 1
        raised[source] += bool(fired(text))
    print("\nfalse alarms on real posts")
    for source in n:
        print(f"  {source:20} {raised[source]:4} of {n[source]:6} {raised[source] / n[source]:8.3%}")


def papers(folder: Path) -> list[str]:
    texts: list[str] = []
    for path in sorted((folder / "papers" / "gaokao_bench").glob("*.json")):
        content = json.loads(path.read_text(encoding="utf-8"))
        entries = content["example"] if isinstance(content, dict) else content
        texts.extend(entry["question"] for entry in entries)
    return [text for text in dict.fromkeys(texts) if len(squeeze(text)) > 110]


def made_papers() -> list[str]:
    chance = random.Random(SEED)
    alphabet = [chr(code) for code in range(0x4E00, 0x5A00)]
    return ["".join(chance.choices(alphabet, k=200)) for _ in range(500)]


def noisy(text: str, share: float, chance: random.Random) -> str:
    out: list[str] = []
    for character in text:
        luck = chance.random()
        if luck < 0.7 * share:
            out.append(
                chance.choice(COMMON if character > "\u2e80" else "abcdefghijklmnopqrstuvwxyz0123456789")
            )
        elif luck >= 0.85 * share:
            out.append(character * (2 if luck < share else 1))
    return "".join(out)


def bank_recall(texts: list[str], what: str) -> None:
    chance = random.Random(SEED)
    start = time.perf_counter()
    bank, _ = Bank.build([Item(str(n), text) for n, text in enumerate(texts)], KEY)
    took = time.perf_counter() - start
    print(f"\nbank of {len(texts)} items of {what}: built in {took:.1f} s")
    print("  recall   noise " + "".join(f"{share:8.0%}" for share in NOISES))
    letters = ["".join(map(chr, squeeze(text))) for text in texts]
    for length in LENGTHS:
        row: list[str] = []
        for share in NOISES:
            found = 0
            sample = chance.sample(range(len(texts)), min(150, len(texts)))
            for n in sample:
                at = chance.randrange(0, len(letters[n]) - length)
                quote = letters[n][at : at + length]
                items = [int(match.item) for match in bank.match(f"谁会 {noisy(quote, share, chance)} 急")]
                found += any(quote in letters[item] for item in items)
            row.append(f"{found / len(sample):8.1%}")
        print(f"  {length:4} characters   " + "".join(row))
    sample = chance.sample(range(len(texts)), min(300, len(texts)))
    found = sum(str(n) in [match.item for match in bank.match(retyped(texts[n], chance))] for n in sample)
    print(f"  retyped, numbers altered, options in another order: {found / len(sample):.1%}")


def retyped(text: str, chance: random.Random) -> str:
    text = re.sub(r"[0-9]", lambda _: str(chance.randrange(10)), text)
    head, *options = re.split(r"(?=[(（]?[A-D][.．、)）])", text)
    chance.shuffle(options)
    return head + "".join(options)


def kilobyte() -> str:
    chance = random.Random(SEED)
    posts = [text for text in _made("made_posts").harmless(3, SEED) if text[0] > "\u2e80"]
    return "。".join(chance.sample(posts, 40))[:341]


def microseconds(call: Callable[[], object], n: int = 200) -> tuple[float, float]:
    """Median and 95th percentile of CPU time."""
    took: list[float] = []
    for _ in range(n):
        start = time.thread_time()
        call()
        took.append(1e6 * (time.thread_time() - start))
    return float(np.median(took)), float(np.percentile(took, 95))


def throughput() -> None:
    text = kilobyte()
    lexicon = shipped_lexicon()
    words = sorted({term.canonical for term in lexicon.terms})
    automaton = ahocorasick.Automaton()
    for word in words:
        automaton.add_word(word, word)
    automaton.make_automaton()
    expression = re.compile("|".join(map(re.escape, words)))
    canonical = normalise(text).text
    chance = random.Random(SEED)
    alphabet = [chr(code) for code in range(0x4E00, 0x7E00)]
    big, _ = Bank.build([Item(str(n), "".join(chance.choices(alphabet, k=80))) for n in range(20_000)], KEY)
    rows: list[tuple[str, Callable[[], object]]] = [
        (f"whole reading, {len(lexicon)} terms", lambda: read_with(lexicon, text)),
        ("normalise alone", lambda: normalise(text)),
        ("pyahocorasick alone", lambda: list(automaton.iter(canonical))),
        ("re, one alternation", lambda: expression.findall(canonical)),
        (f"bank of {len(big.items)} items, {len(big.values)} values", lambda: big.match(text)),
    ]
    print("\n1 kB of Chinese, CPU time in µs              median      p95")
    for name, call in rows:
        call()
        median, p95 = microseconds(call)
        print(f"  {name:40} {median:8.0f} {p95:8.0f}")


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    by_category()
    by_disguise()
    if folder:
        on_real_posts(folder)
        texts = papers(folder)
        bank_recall([t for t in texts if sum(c > "\u2e80" for c in t) > 0.5 * len(t)], "real papers, Chinese")
        bank_recall(
            [t for t in texts if sum(c > "\u2e80" for c in t) <= 0.2 * len(t)], "real papers, English"
        )
    else:
        bank_recall(made_papers(), "made characters")
    throughput()


if __name__ == "__main__":
    main()
