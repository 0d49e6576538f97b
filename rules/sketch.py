"""How alike two texts are, from a few numbers of each: bottom-k sketches of their grams.

Of all gram values of a text the 64 smallest are kept. Among the 64 smallest of two texts
together, the share that both have estimates the share of grams that they have in common
(Jaccard; Broder, SEQUENCES 1997), to about 0.06 either way.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from rules.text.fingerprint import gram_values, squeeze

SIZE: Final = 64
MIN_GRAMS: Final = 8
"""Under a dozen characters, two strangers say the same by chance."""
_KEY: Final = b"near-duplicates."
"""No secret: sketches are compared within one process and its own state."""

Sketch = tuple[int, ...]


def sketch(text: str) -> Sketch | None:
    """The sketch of a text's grams; None where the text is too short to compare.

    Digits are left out with all marks: copies of one advertisement differ in their contacts.
    """
    codes = squeeze(text)
    letters = codes[(codes < ord("0")) | (codes > ord("9"))]
    values, _ = gram_values(letters, _KEY)
    if len(values) < MIN_GRAMS:
        return None
    # 53 bits: JSON numbers come back exactly.
    return tuple(int(value) for value in np.unique(values >> np.uint64(11))[:SIZE])


def likeness(one: Sketch, other: Sketch) -> float:
    """Estimated share of common grams, 0 to 1."""
    both = sorted({*one, *other})[:SIZE]
    shared = set(one) & set(other)
    return sum(value in shared for value in both) / len(both)
