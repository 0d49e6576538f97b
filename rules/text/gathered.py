"""The terms of one text in columns, so that compiled loops can weigh them.

Terms come from two sides: the lexicon (rows of `Lexicon.scan`) and the forms that have no
wording (handles, prices, layout).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cache, lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from rules.text.lexicon import CATEGORIES, CATEGORY_NUMBER, ROLES, TURNING, Found, Lexicon, Term
from rules.text.scan import AMBIGUOUS, FORM, I32, TURNS, strengths

_ROLE: Final = {role: index for index, role in enumerate(ROLES)}


@cache
def _one_of(roles: frozenset[str]) -> NDArray[np.bool_]:
    return np.array([role in roles for role in ROLES])


@dataclass(frozen=True, slots=True)
class Gathered:
    """Aligned columns, ordered by `starts`; `terms` says which term each row is."""

    terms: NDArray[np.object_]
    starts: I32
    ends: I32
    categories: I32
    roles: I32
    weights: NDArray[np.float64]
    keys: I32
    """Equal for terms that count once."""
    bits: I32

    @property
    def kinds(self) -> I32:
        return self.categories * len(ROLES) + self.roles

    def take(self, rows: NDArray[Any]) -> Gathered:
        return Gathered(
            self.terms[rows],
            self.starts[rows],
            self.ends[rows],
            self.categories[rows],
            self.roles[rows],
            self.weights[rows],
            self.keys[rows],
            self.bits[rows],
        )

    def of_its_own(self) -> Gathered:
        """Without the terms of any category."""
        return self.take(np.flatnonzero(self.categories < len(CATEGORIES)))

    def with_roles(self, roles: frozenset[str]) -> NDArray[np.bool_]:
        return _one_of(roles)[self.roles]

    def categories_with(self, roles: frozenset[str]) -> set[str]:
        """Categories that have a term in one of the roles which may stand for itself."""
        own = self.with_roles(roles) & (self.bits & AMBIGUOUS == 0) & (self.categories < len(CATEGORIES))
        return {CATEGORIES[index] for index in set(self.categories[own].tolist())}

    def strengths(self, lows: I32, highs: I32, context: int) -> NDArray[np.float64]:
        """Shape (windows, categories, roles)."""
        return strengths(
            self.starts,
            self.categories,
            self.roles,
            self.weights,
            self.keys,
            self.bits,
            lows,
            highs,
            context,
            len(CATEGORIES),
            len(ROLES),
        )


@dataclass(frozen=True, slots=True)
class _Columns:
    """Of the terms of a lexicon, in the order of its entries."""

    terms: NDArray[np.object_]
    categories: I32
    roles: I32
    weights: NDArray[np.float64]
    keys: I32
    bits: I32


_COLUMN_NAMES: Final = tuple(field.name for field in fields(_Columns))


def _columns(terms: Sequence[Term], first_key: int) -> _Columns:
    keys: dict[tuple[str, str], int] = {}
    table = np.empty(len(terms), dtype=np.object_)
    table[:] = terms
    return _Columns(
        table,
        np.array([CATEGORY_NUMBER[term.category] for term in terms], dtype=np.int32),
        np.array([_ROLE[term.role] for term in terms], dtype=np.int32),
        np.array([term.weight for term in terms], dtype=np.float64),
        np.array(
            [first_key + keys.setdefault((term.role, term.term), len(keys)) for term in terms], dtype=np.int32
        ),
        np.array(
            [
                FORM * term.is_form + TURNS * (term.role in TURNING) + AMBIGUOUS * term.ambiguous
                for term in terms
            ],
            dtype=np.int32,
        ),
    )


@lru_cache(maxsize=8)
def _of_lexicon(lexicon: Lexicon) -> _Columns:
    return _columns(lexicon.entries, 0)


@cache
def nothing() -> Gathered:
    """No term at all."""
    none = np.empty(0, dtype=np.int32)
    return Gathered(np.empty(0, dtype=np.object_), none, none, none, none, np.empty(0), none, none)


def gather(lexicon: Lexicon, rows: I32, forms: Sequence[Found]) -> Gathered:
    """Rows of `lexicon.scan` and forms found beside it."""
    table = _of_lexicon(lexicon)
    extra = _columns([one.terms[0] for one in forms], len(lexicon.entries))
    entries = rows[:, 0]
    starts = np.concatenate((rows[:, 1], np.array([one.start for one in forms], dtype=np.int32)))
    ends = np.concatenate((rows[:, 2], np.array([one.end for one in forms], dtype=np.int32)))
    order = np.argsort(starts, kind="stable")
    columns = [getattr(table, name)[entries] for name in _COLUMN_NAMES]
    if forms:
        columns = [
            np.concatenate((own, getattr(extra, name)))
            for own, name in zip(columns, _COLUMN_NAMES, strict=True)
        ]
    terms, categories, roles, weights, keys, bits = (column[order] for column in columns)
    return Gathered(terms, starts[order], ends[order], categories, roles, weights, keys, bits)
