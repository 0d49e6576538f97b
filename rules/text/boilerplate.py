"""Common exam language: how much a gram tells of one paper, given how many hold it.

The shipped filter is a sorted table of 32-bit values under a public key, made by
``scripts/make_boilerplate.py`` from openly licensed past papers: it holds no text, and being
public gives nothing away, since the papers are.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rules.text.fingerprint import gram_values
from rules.text.siphash import KEY_BYTES

PUBLIC_KEY: Final = b"exam boilerplate"[:KEY_BYTES]


def public_values(codes: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """32-bit values under the public key, one a gram."""
    values, _ = gram_values(codes, PUBLIC_KEY)
    return (values >> np.uint64(32)).astype(np.uint32)


@dataclass(frozen=True, slots=True)
class Boilerplate:
    known: NDArray[np.uint32]
    """Values in several papers' items, ascending."""
    common: NDArray[np.bool_]
    """True where so many hold it that it tells nothing; the others tell half."""

    def weights(self, codes: NDArray[np.uint32]) -> NDArray[np.float64]:
        """For each gram of a squeezed text 0 (boilerplate), 0.5 (seen elsewhere) or 1."""
        values = public_values(codes)
        if not len(self.known) or not len(values):
            return np.ones(len(values))
        at = np.minimum(np.searchsorted(self.known, values), len(self.known) - 1)
        return np.where(self.known[at] == values, np.where(self.common[at], 0.0, 0.5), 1.0)


NONE: Final = Boilerplate(np.empty(0, dtype=np.uint32), np.empty(0, dtype=np.bool_))


@cache
def shipped_boilerplate() -> Boilerplate:
    with (files("rules.text") / "boilerplate.npz").open("rb") as file, np.load(file) as table:
        return Boilerplate(table["known"], table["common"])
