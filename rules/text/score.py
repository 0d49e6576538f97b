"""Evidence to scores: offer, object, contact, price, time and the rest weighed together.

The strength of a role is the noisy-or of its terms, so the second word of a kind adds less
than the first. A category's core asks for roles that belong together (an object AND some
trade in it); support (exam, contact, price, guarantee, time) raises it; context that turns
the meaning (news, warnings, doubt, study) lowers it, less so where a way to pay or to get
in touch is named: an advertisement that warns of fraud is still an advertisement.

Weights and thresholds: judgement, checked on real messages by ``benchmarks/leaks.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from rules.text.lexicon import ANY, CATEGORIES, Found, Term
from rules.text.normalise import Canonical

THRESHOLD: Final = 0.5

TURNING: Final = frozenset(("news", "warning", "doubt", "negation", "study", "chat", "other"))
"""Roles that lower a score."""
_EVIDENCE: Final = frozenset(
    (
        "deal",
        "offer",
        "object",
        "exam",
        "contact",
        "price",
        "time",
        "guarantee",
        "ask",
        "hall",
        "claim",
        "layout",
    )
)


@dataclass(frozen=True, slots=True)
class Verdict:
    category: str
    score: float
    threshold: float
    why: tuple[str, ...]
    hits: tuple[tuple[Found, Term], ...]


class Evidence:
    """Strengths 0 to 1 by role, as seen from one category."""

    def __init__(self, hits: Iterable[tuple[Found, Term]]) -> None:
        missing: dict[str, float] = {}
        seen: set[tuple[str, str]] = set()
        for _, term in hits:
            if (term.role, term.canonical) not in seen:
                seen.add((term.role, term.canonical))
                missing[term.role] = missing.get(term.role, 1.0) * (1.0 - term.weight)
        self._strength = {role: 1.0 - rest for role, rest in missing.items()}

    def __getitem__(self, role: str) -> float:
        return self._strength.get(role, 0.0)

    def roles(self) -> Mapping[str, float]:
        return self._strength


def either(*chances: float) -> float:
    """Noisy or."""
    rest = 1.0
    for chance in chances:
        rest *= 1.0 - chance
    return 1.0 - rest


def _turned(e: Evidence, **weights: float) -> float:
    """How much is left of a score in the context found."""
    damp = either(*(weight * e[role] for role, weight in weights.items()))
    insistence = either(0.8 * e["contact"], 0.6 * e["price"])
    return 1.0 - damp * (1.0 - 0.7 * insistence)


def _support(e: Evidence) -> float:
    return either(
        0.5 * e["exam"],
        0.6 * e["contact"],
        0.6 * e["price"],
        0.6 * e["guarantee"],
        0.5 * e["time"],
        0.3 * e["offer"],
    )


def _trade(e: Evidence) -> float:
    return either(e["offer"], 0.75 * e["contact"], 0.7 * e["price"], 0.6 * e["guarantee"])


def _goods(e: Evidence) -> float:
    core = either(e["deal"], e["object"] * _trade(e))
    return (
        core
        * (0.6 + 0.4 * _support(e))
        * _turned(e, news=0.9, warning=0.8, doubt=0.7, negation=0.6, study=0.8, chat=0.6, other=0.9)
    )


def _rumour(e: Evidence) -> float:
    core = either(e["deal"], e["claim"] * e["object"])
    return (
        core
        * (0.6 + 0.4 * either(0.8 * e["exam"], 0.5 * e["time"]))
        * _turned(e, news=0.7, warning=0.7, doubt=0.2, negation=0.5, study=0.7, chat=0.3, other=0.9)
    )


def _help(e: Evidence) -> float:
    core = either(
        e["deal"], e["ask"] * either(e["hall"], 0.7 * e["price"], 0.4 * e["object"], 0.5 * e["time"])
    )
    return (
        core * (0.7 + 0.3 * _support(e)) * _turned(e, news=0.8, warning=0.8, study=0.8, chat=0.4, other=0.9)
    )


def _paper(e: Evidence) -> float:
    return e["layout"] * _turned(e, news=0.6, study=0.7, other=0.9)


_JUDGES: Final[Mapping[str, Callable[[Evidence], float]]] = {
    "sell": _goods,
    "scam": _goods,
    "proxy": _goods,
    "device": _goods,
    "paper": _paper,
    "help": _help,
    "rumour": _rumour,
}


def judge(canonical: Canonical, found: Sequence[Found]) -> list[Verdict]:
    """One verdict a category, also where nothing was found."""
    hits = _unmasked(found)
    verdicts: list[Verdict] = []
    for category in CATEGORIES:
        own = [hit for hit in hits if hit[1].category in (category, ANY)]
        score = 0.0
        if any(term.category == category and not term.ambiguous for _, term in own):
            score = round(_JUDGES[category](Evidence(own)), 4)
        verdicts.append(Verdict(category, score, THRESHOLD, _why(own) if score else (), tuple(own)))
    return verdicts


def _unmasked(found: Sequence[Found]) -> list[tuple[Found, Term]]:
    """Terms, without evidence that lies inside a longer word of harmless meaning (参考答案, 火枪手)."""
    masks = [one for one in found if any(term.role in TURNING for term in one.terms)]
    hits: list[tuple[Found, Term]] = []
    for one in found:
        masked = any(
            mask.start <= one.start and one.end <= mask.end and mask.end - mask.start > one.end - one.start
            for mask in masks
        )
        hits.extend((one, term) for term in one.terms if not masked or term.role in TURNING)
    return hits


def _why(hits: Sequence[tuple[Found, Term]]) -> tuple[str, ...]:
    by_role: dict[str, list[str]] = {}
    for _, term in hits:
        words = by_role.setdefault(term.role, [])
        if term.term not in words:
            words.append(term.term)
    raising = [f"{role}: {', '.join(words)}" for role, words in by_role.items() if role in _EVIDENCE]
    lowering = [
        f"lowered by {role}: {', '.join(words)}" for role, words in by_role.items() if role in TURNING
    ]
    return tuple(raising + lowering)
