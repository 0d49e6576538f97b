"""Reading a text: what it offers, asks or claims about an exam, how sure, and why.

raw text -> canonical form, disguises put right -> terms, in one pass
         -> evidence by role -> score by category
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rules.text.answers import find_answers
from rules.text.gathered import gather
from rules.text.handles import find_handles
from rules.text.layout import find_layout
from rules.text.lexicon import ROLES, Lexicon
from rules.text.lexicon_file import shipped_lexicon
from rules.text.normalise import Canonical, normalise
from rules.text.respell import Respeller
from rules.text.scan import I32
from rules.text.score import Verdict, judge, judged_harmless, may_score
from rules.text.veil import Unveiled, unveil

_SURE = frozenset(("exam", "price", "contact", "guarantee"))
"""Roles that tell what a text is about well enough to read a homophone as the word it sounds like."""
_ROLE: Final = {role: index for index, role in enumerate(ROLES)}
_HANDLES: Final = 1 << _ROLE["contact"] | 1 << _ROLE["price"]
"""What `find_handles` may find."""
_GRAVITY: Final[Mapping[str, float]] = {
    "proxy": 0.12,
    "device": 0.25,
    "scam": 0.12,
    "help": 0.05,
    "sell": 0.05,
    "rumour": 0.0,
    "paper": -0.05,
}
"""Head start of a category among those that fire: the narrower tells more than the wider, an act more
than hearsay. Set on the made and the held-out posts."""
CACHE_SIZE = 512
"""Texts whose reading is kept: the rules of one batch ask for the same text many times."""


Spans = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class TermHit:
    term: str
    category: str
    role: str
    weight: float
    spans: Spans
    """Original code-point ranges, end exclusive."""


@dataclass(frozen=True, slots=True)
class CategoryScore:
    verdict: Verdict
    canonical: Canonical

    @property
    def category(self) -> str:
        return self.verdict.category

    @property
    def score(self) -> float:
        """0 to 1."""
        return self.verdict.score

    @property
    def threshold(self) -> float:
        return self.verdict.threshold

    @property
    def fires(self) -> bool:
        return self.verdict.score >= self.verdict.threshold

    @property
    def why(self) -> tuple[str, ...]:
        return self.verdict.why

    @property
    def terms(self) -> tuple[TermHit, ...]:
        """What counted; put together when asked for, since most texts are never asked about."""
        text = self.canonical.text
        return tuple(
            TermHit(
                text[hit.start : hit.end] if hit.term.is_form and hit.end else hit.term.term,
                self.category,
                hit.term.role,
                hit.term.weight,
                tuple(self.canonical.spans(hit.start, hit.end)),
            )
            for hit in self.verdict.hits
        )


@dataclass(frozen=True, slots=True)
class TextReading:
    canonical: Canonical
    categories: Mapping[str, CategoryScore]

    @property
    def fired(self) -> tuple[CategoryScore, ...]:
        """Categories that fire, the surest first."""
        fired = [score for score in self.categories.values() if score.fires]
        return tuple(sorted(fired, key=lambda score: -score.score))

    @property
    def main(self) -> CategoryScore | None:
        """The one category that fires and tells best what the text is; None where none fires."""
        return max(self.fired, key=lambda score: score.score + _GRAVITY[score.category], default=None)


@lru_cache(maxsize=8)
def _respeller(lexicon: Lexicon) -> Respeller:
    return Respeller(lexicon)


@lru_cache(maxsize=8)
def _sure_entries(lexicon: Lexicon) -> NDArray[np.bool_]:
    return np.array([term.role in _SURE for term in lexicon.entries])


@lru_cache(maxsize=8)
def _role_bits(lexicon: Lexicon) -> I32:
    return np.array([1 << _ROLE[term.role] for term in lexicon.entries], dtype=np.int32)


@lru_cache(maxsize=CACHE_SIZE)
def read_text(text: str, *, title: str = "") -> TextReading:
    """Read with the shipped lexicon.

    Parameters
    ----------
    text
        The post. Spans of the result index its code points.
    title
        Read in front of the text unless the text begins with it; its own hits carry no spans.
    """
    return read_with(shipped_lexicon(), text, title=title)


def read_with(lexicon: Lexicon, text: str, *, title: str = "") -> TextReading:
    """Read with a lexicon of one's own; not cached. Where nothing fires, what a veil hides is read too."""
    lead = f"{title}\n" if title and not text.startswith(title) else ""
    reading = _read(lexicon, lead + text, len(lead))
    unveiled = unveil(lead + text)
    if unveiled is None or reading.fired:
        return reading
    hidden = _read(lexicon, unveiled.text, 0)
    if not hidden.fired:
        return reading
    canonical = _as_written(hidden.canonical, unveiled, len(lead))
    scores = hidden.categories.items()
    return TextReading(canonical, {name: CategoryScore(score.verdict, canonical) for name, score in scores})


def _as_written(canonical: Canonical, unveiled: Unveiled, n_lead: int) -> Canonical:
    """What was read without its veil, with places in the text as it was written."""
    ends = canonical.ends or array("i", [start + 1 for start in canonical.starts])
    return replace(
        canonical,
        starts=array("i", [unveiled.lows[start] for start in canonical.starts]),
        ends=array("i", [unveiled.highs[end - 1] for end in ends]),
        n_lead=n_lead,
    )


def _read(lexicon: Lexicon, raw: str, n_lead: int) -> TextReading:
    """The first `n_lead` characters are no part of the text."""
    plain = normalise(raw, n_lead=n_lead)
    plain_rows = lexicon.scan(plain)
    canonical = _respeller(lexicon).respell(plain, lambda: _is_sure(lexicon, plain, plain_rows))
    rows = plain_rows if canonical is plain else lexicon.scan(canonical)
    roles = int(np.bitwise_or.reduce(_role_bits(lexicon)[rows[:, 0]]))
    forms = [*find_layout(raw), *find_answers(raw, canonical.text)]
    if forms or may_score(roles | _HANDLES):
        forms += find_handles(canonical.text)
        for form in forms:
            roles |= 1 << _ROLE[form.terms[0].role]
    # Most texts are about something else; weighing their terms is most of the work.
    if not may_score(roles):
        return TextReading(canonical, _harmless())
    verdicts = judge(canonical.text, gather(lexicon, rows, forms))
    return TextReading(
        canonical, {verdict.category: CategoryScore(verdict, canonical) for verdict in verdicts}
    )


def _is_sure(lexicon: Lexicon, canonical: Canonical, rows: I32) -> bool:
    return bool(_sure_entries(lexicon)[rows[:, 0]].any()) or bool(find_handles(canonical.text))


@cache
def _harmless() -> Mapping[str, CategoryScore]:
    """Of every text that may not score."""
    nothing = Canonical("", array("i"))
    return {verdict.category: CategoryScore(verdict, nothing) for verdict in judged_harmless()}
