"""Evidence to scores: offer, object, contact, price, time and the rest weighed together.

The strength of a role is the noisy-or of its terms, so the second word of a kind adds less
than the first. A category's core asks for roles that belong together (an object AND some
trade in it) within one window of text; support (exam, contact, price, guarantee, time)
raises it; context that turns the meaning (news, warnings, doubt, study) lowers it, less so
where a way to pay or to get in touch is named: an advertisement that warns of fraud is
still an advertisement.

Weights and thresholds: judgement, checked on real messages by ``benchmarks/leaks.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from rules.text.gathered import Gathered, nothing
from rules.text.lexicon import ANY, CATEGORIES, ROLES, TURNING, Term
from rules.text.scan import unmasked

THRESHOLDS: Final[Mapping[str, float]] = {
    "sell": 0.31,
    "scam": 0.33,
    "proxy": 0.33,
    "device": 0.35,
    "paper": 0.45,
    "help": 0.26,
    "rumour": 0.35,
}
"""Set on real posts (72,000, none of an offer) and made ones so that both targets hold; see docs/leaks.md."""

CORE: Final = frozenset(("deal", "object", "ask", "claim", "layout"))
"""Roles without which a category is not considered."""
LOWERED: Final = "lowered by "
"""Before the role of words that lowered a score."""
CORE_OR_EXAM: Final = CORE | {"exam"}
WINDOW: Final = 140
"""Canonical characters that are read together; a post on a microblog fits whole."""
STEP: Final = 70
CONTEXT: Final = 120
"""Characters around a window in which turning words still count."""


@dataclass(frozen=True, slots=True)
class Hit:
    term: Term
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Seen:
    """The terms of one text that count, in order, and the windows it is read in."""

    text: str
    found: Gathered
    windows: tuple[tuple[int, int], ...]

    def inside(self, category: str, window: int, *, only_own: bool) -> tuple[Hit, ...]:
        low, high = self.windows[window]
        found = self.found
        hits = map(Hit, found.terms.tolist(), found.starts.tolist(), found.ends.tolist())
        return tuple(
            hit
            for hit in hits
            if (hit.term.category == category or (hit.term.category == ANY and not only_own))
            and (
                low <= hit.start < high
                or (hit.term.role in TURNING and low - CONTEXT <= hit.start < high + CONTEXT)
            )
        )


@dataclass(frozen=True, slots=True)
class Verdict:
    category: str
    score: float
    threshold: float
    seen: Seen
    window: int
    """Index of the window that scored; -1 where none did."""

    @property
    def hits(self) -> tuple[Hit, ...]:
        if self.window < 0:
            return ()
        only_own = self.category == "paper" and len(self.seen.text) > WINDOW
        return self.seen.inside(self.category, self.window, only_own=only_own)

    @property
    def why(self) -> tuple[str, ...]:
        return _why(self.seen.text, self.hits)


_ROLE: Final = {role: index for index, role in enumerate(ROLES)}
_AT_LEAST: Final = [_ROLE[role] for role in ("deal", "object", "ask", "claim")]
"""Roles of which a window needs one to score at all."""
_AT_LEAST_SELL: Final = [*_AT_LEAST, _ROLE["exam"]]


class Evidence:
    """Strengths 0 to 1 by role, as seen from one category in one window."""

    __slots__ = ("strengths",)

    def __init__(self, strengths: Sequence[float]) -> None:
        self.strengths = strengths

    def __getitem__(self, role: str) -> float:
        return self.strengths[_ROLE[role]]


def either(*chances: float) -> float:
    """Noisy or."""
    rest = 1.0
    for chance in chances:
        rest *= 1.0 - chance
    return 1.0 - rest


Turn = tuple[tuple[int, float], ...]


def _turn(**weights: float) -> Turn:
    """How much each role takes away, by its number."""
    return tuple((_ROLE[role], weight) for role, weight in weights.items())


_GOODS_TURN: Final = _turn(news=0.9, warning=0.85, doubt=0.75, negation=0.7, study=0.8, chat=0.75, other=0.9)
_DEVICE_TURN: Final = _turn(news=0.9, warning=0.9, doubt=0.8, negation=0.7, study=0.8, chat=0.9, other=0.9)
_RUMOUR_TURN: Final = _turn(news=0.7, warning=0.7, doubt=0.2, negation=0.7, study=0.6, chat=0.3, other=0.9)
_HELP_TURN: Final = _turn(news=0.8, warning=0.8, doubt=0.3, study=0.8, chat=0.5, other=0.9)
_PAPER_TURN: Final = _turn(news=0.3, warning=0.3, study=0.5)


_WORDS_OF_CONTACT: Final = 0.4
"""What naming a medium is worth: news names it too. A number or a name to reach is worth twice that."""


def _turned(e: Evidence, turn: Turn) -> float:
    """How much is left of a score in the context found."""
    kept = 1.0
    for role, weight in turn:
        kept *= 1.0 - weight * e.strengths[role]
    if kept == 1.0:
        return 1.0
    reach = max(0.0, (e["contact"] - _WORDS_OF_CONTACT) / (1.0 - _WORDS_OF_CONTACT))
    insistence = either(0.85 * reach, 0.5 * e["price"] * e["offer"])
    return 1.0 - (1.0 - kept) * (1.0 - 0.8 * insistence)


def _support(e: Evidence) -> float:
    return either(
        0.6 * e["exam"],
        0.6 * e["contact"],
        0.6 * e["price"],
        0.6 * e["guarantee"],
        0.5 * e["time"],
        0.3 * e["offer"],
    )


def _trade(e: Evidence) -> float:
    return either(e["offer"], 0.7 * e["contact"], 0.7 * e["price"], 0.6 * e["guarantee"])


def _goods(e: Evidence) -> float:
    core = either(e["deal"], e["object"] * _trade(e))
    if core == 0.0:
        return 0.0
    left = _turned(e, _GOODS_TURN)
    return core * (0.55 + 0.45 * _support(e)) * left


def _sell(e: Evidence) -> float:
    """Also trade around an exam whose object is left unsaid, where nothing harmless explains it."""
    ways = either(e["contact"], 0.7 * e["price"])
    trade = either(0.7 * e["offer"], 0.6 * e["guarantee"], 0.5 * e["time"], 0.4 * e["price"])
    unsaid = 0.8 * e["exam"] * (ways * trade) ** 0.5
    if unsaid <= THRESHOLDS["sell"]:
        return _goods(e)
    innocent = either(
        e["news"], e["warning"], e["doubt"], e["negation"], e["study"], 0.6 * e["chat"], e["other"]
    )
    return max(_goods(e), unsaid * (1.0 - innocent))


def _device(e: Evidence) -> float:
    """A device for exams tells its purpose by itself; trade may be left unsaid."""
    purpose = 0.75 * e["object"] * either(0.6 * e["exam"], 0.6 * e["guarantee"], 0.5 * e["offer"])
    left = _turned(e, _DEVICE_TURN)
    return max(_goods(e), purpose * left)


def _rumour(e: Evidence) -> float:
    core = either(e["deal"], e["claim"] * e["object"])
    left = _turned(e, _RUMOUR_TURN)
    return core * (0.6 + 0.4 * either(0.8 * e["exam"], 0.5 * e["time"])) * left


def _help(e: Evidence) -> float:
    hall = either(e["hall"], 0.6 * e["price"], 0.4 * e["time"])
    core = either(e["deal"], e["ask"] * hall)
    support = either(
        0.6 * e["object"], 0.5 * e["price"], 0.4 * e["exam"], 0.4 * e["contact"], 0.4 * e["time"]
    )
    left = _turned(e, _HELP_TURN)
    return core * (0.6 + 0.4 * support) * left


def _paper(e: Evidence) -> float:
    return e["layout"] * _turned(e, _PAPER_TURN)


JUDGES: Final[Mapping[str, Callable[[Evidence], float]]] = {
    "sell": _sell,
    "scam": _goods,
    "proxy": _goods,
    "device": _device,
    "paper": _paper,
    "help": _help,
    "rumour": _rumour,
}


def _bit(*roles: str) -> int:
    return sum(1 << _ROLE[role] for role in roles)


_PAIRS: Final = (
    (_bit("deal", "layout"), -1),
    (_bit("object"), _bit("offer", "contact", "price", "guarantee", "exam", "claim")),
    (_bit("exam"), _bit("contact", "price")),
    (_bit("ask"), _bit("hall", "price", "time")),
)
"""Without one of the first and one of the second no judge scores."""


def may_score(roles: int) -> bool:
    """Whether a text with these roles (bit n for role n), of whatever categories, may score at all."""
    return any(roles & one and roles & other for one, other in _PAIRS)


def judged_harmless() -> list[Verdict]:
    """The verdicts on any text that may not score."""
    seen = Seen("", nothing(), ())
    return [Verdict(category, 0.0, THRESHOLDS[category], seen, -1) for category in CATEGORIES]


def judge(text: str, found: Gathered) -> list[Verdict]:
    """One verdict a category, also where nothing was found.

    Parameters
    ----------
    text
        Canonical text.
    found
        Its terms, in order of their starts.
    """
    keep = np.flatnonzero(unmasked(found.starts, found.ends, found.kinds, found.bits))
    found = found.take(keep)
    is_long = len(text) > WINDOW
    windows = ((0, len(text) + 1),) if not is_long else _windows(found)
    everything = len(windows)
    windows = (*windows, (0, len(text) + 1))
    lows, highs = np.array(windows, dtype=np.int32).T.copy()
    seen = Seen(text, found, windows)
    by_window = found.strengths(lows, highs, CONTEXT)
    paper_only = found.of_its_own() if is_long else found  # the subject of a paper may be anything
    paper = paper_only.strengths(lows[everything:], highs[everything:], CONTEXT)[0]
    present = found.categories_with(CORE)
    present.add("sell")  # judged also without an object of its own
    verdicts: list[Verdict] = []
    for index, category in enumerate(CATEGORIES):
        best, at = 0.0, -1
        if category == "paper" and category in present:
            best = _paper(Evidence(paper[index].tolist()))
            at = everything if best > 0.0 else -1
        elif category in present:
            needed = _AT_LEAST_SELL if category == "sell" else _AT_LEAST
            worth = np.flatnonzero(by_window[:everything, index, needed].any(axis=1)).tolist()
            for window in worth:
                score = JUDGES[category](Evidence(by_window[window, index].tolist()))
                if score > best:
                    best, at = score, window
        verdicts.append(Verdict(category, round(best, 4), THRESHOLDS[category], seen, at))
    return verdicts


def _windows(found: Gathered) -> tuple[tuple[int, int], ...]:
    """Ranges that hold a core term or an exam."""
    cores = set((found.starts[found.with_roles(CORE_OR_EXAM)] // STEP).tolist())
    steps = sorted(cores | {step - 1 for step in cores if step > 0})
    return tuple((step * STEP, step * STEP + WINDOW) for step in steps)


def _why(text: str, hits: Sequence[Hit]) -> tuple[str, ...]:
    by_role: dict[str, list[str]] = {}
    for hit in hits:
        words = by_role.setdefault(hit.term.role, [])
        word = text[hit.start : hit.end] if hit.term.is_form else hit.term.term
        if word not in words:
            words.append(word)
    raising = [f"{role}: {', '.join(words)}" for role, words in by_role.items() if role not in TURNING]
    lowering = [f"{LOWERED}{role}: {', '.join(words)}" for role, words in by_role.items() if role in TURNING]
    return tuple(raising + lowering)
