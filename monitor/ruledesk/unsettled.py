"""What else a change would put in force: rules whose files are not what holds. Pure.

after a roll-back, in a trial:   file says B, A holds
a change of another rule:        reads all files  ──> B would hold too, and nobody asked for it
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rules.book import Edition
from rules.correlate import digest
from rules.rule import Rule

EXCEPTIONS: Final = "exceptions.yml"
"""Stands for the exceptions where rules stand by id; no id has a dot."""


@dataclass(frozen=True, slots=True)
class Leaving:
    """A rule that is off where its removal is on trial, and whose file still stands."""

    rule: str
    file: Path
    digest: str
    """Of the file's text, as the asker saw it."""
    reason: str
    edition: int
    """Number of the trial: a later one has nothing to do with it."""


class UnsettledError(Exception):
    """Something else is on trial, or its file is not what holds; says in both languages what to do."""

    def __init__(self, names: Collection[str]) -> None:
        listed = ", ".join(sorted(names))
        super().__init__(
            f"settle first what is on trial or differs from its file: {listed} (let the trial hold or end "
            "it; save the text that is to hold; or read the files again) / "
            f"请先处理试用中或与文件不一致的内容：{listed}（推广或结束试用；保存应生效的文本；或重新读取文件）"
        )


def differing(one: Edition, other: Edition) -> frozenset[str]:
    """Ids of rules that only one of the two has, or that differ; `EXCEPTIONS` where those differ."""
    left, right = _digests(one.rules), _digests(other.rules)
    rules = {name for name in left.keys() | right.keys() if left.get(name) != right.get(name)}
    return frozenset(rules | ({EXCEPTIONS} if one.exemptions != other.exemptions else set[str]()))


def _digests(rules: Collection[Rule]) -> dict[str, str]:
    return {rule.id: digest(rule) for rule in rules}
