"""What rules cost: a thousand of them on one event, and reading and trying a thousand files.

python -m benchmarks.rules
"""

from __future__ import annotations

import random
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from rules.check import check_samples
from rules.load import LIBRARY, load_rules, load_text, rule_files
from rules.match import RuleSet, match_slowly
from rules.rule import Rule
from rules.text.reading import read_text

N_RULES = 1000
POST = "明天就要考试了，祝大家都能考出好成绩。准考证和身份证都检查好了，早点休息。" * 5
EMISSION = {
    "kind": "radio",
    "phase": "in",
    "center_hz": 169e6,
    "bandwidth_hz": 12500.0,
    "snr_db": 17.0,
    "new": True,
    "flags": [],
    "modulation": "nfm",
    "band_weight": 1.0,
}
HEAD = (
    "id: r-{number}\ntitle: {{en: t, zh: 题}}\nadvice: {{en: a, zh: 先}}\nkind: {kind}\nlevel: low\n"
    "category: {category}\nowner: bench\nstatus: experimental\n"
)


def radio_rule(number: int, draw: random.Random) -> str:
    low_hz, snr_db = draw.randrange(30, 1700) * 1_000_000, draw.randrange(5, 30)
    return HEAD.format(number=number, kind="radio", category="signal") + (
        "selections:\n  inside: {phase: in}\n  unknown: {new: true}\n"
        f"  here: {{center_hz|within: [{low_hz}, {low_hz + 2_000_000}], snr_db|gte: {snr_db}}}\n"
        f"  legal: {{band_weight|lt: {draw.random():.2f}, modulation: [wfm, wideband]}}\n"
        "  ghost: {flags: [image, dc]}\ncondition: inside and unknown and here and not legal and not ghost\n"
    )


def web_rule(number: int, draw: random.Random) -> str:
    word = "".join(chr(draw.randrange(0x4E00, 0x9000)) for _ in range(2))
    return HEAD.format(number=number, kind="web", category="sell") + (
        f"selections:\n  words: {{text|contains: [{word}, 卖{word}]}}\n  inside: {{phase: in}}\n"
        "  picture: {has_image: true}\ncondition: words and (inside or picture)\n"
    )


def made(write: Callable[[int, random.Random], str]) -> list[Rule]:
    draw = random.Random(7)
    rules = (load_text(write(number, draw), "made.yml")[0] for number in range(N_RULES))
    return [rule for rule in rules if rule]


def median_us(call: Callable[[], object], n_runs: int = 200) -> float:
    spent: list[float] = []
    for _ in range(n_runs):
        start = time.perf_counter()
        call()
        spent.append(time.perf_counter() - start)
    return statistics.median(spent) * 1e6


def one_event(name: str, rules: list[Rule], event: dict[str, object]) -> None:
    compiled = RuleSet(rules)
    fast = median_us(lambda: compiled.match(event))
    slow = median_us(lambda: match_slowly(rules, event), 10)
    n_matches = len(compiled.match(event))
    print(f"{len(rules)} rules on one {name}: {fast:.0f} us ({n_matches} match), asking each {slow:.0f} us")


def main() -> None:
    one_event("emission", made(radio_rule), EMISSION)
    one_event("post", made(web_rule), {"kind": "web", "phase": "in", "has_image": True, "text": POST})
    read_text.cache_clear()
    fresh = median_us(lambda: (read_text.cache_clear(), read_text(POST)), 20)
    print(f"reading a post of {len(POST)} characters for the first time: {fresh:.0f} us")
    with tempfile.TemporaryDirectory() as folder:
        texts = [file.read_text("utf-8") for file in rule_files(LIBRARY)]
        for number in range(N_RULES):
            text = texts[number % len(texts)]
            head, _, rest = text.partition("\nid: ") if not text.startswith("id: ") else ("", "", text[4:])
            Path(folder, f"{number}.yml").write_text(f"{head}\nid: n{number}-{rest}", "utf-8")
        start = time.perf_counter()
        rules = load_rules(Path(folder))
        loaded = time.perf_counter()
        faults = list(check_samples(rules))
        tried = time.perf_counter()
        n_samples = sum(len(rule.samples) for rule in rules)
        print(
            f"{len(rules)} files read in {loaded - start:.2f} s, "
            f"{n_samples} samples tried in {tried - loaded:.2f} s"
        )
        assert not faults


if __name__ == "__main__":
    main()
