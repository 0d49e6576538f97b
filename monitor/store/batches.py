"""Names asked for so many at a time: a statement holds only so many parameters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, TypeVar

T = TypeVar("T")
N_AT_ONCE: Final = 500


def batches(names: Sequence[T], size: int = N_AT_ONCE) -> Iterator[Sequence[T]]:
    """`names` in order, `size` at a time, the rest last."""
    return (names[first : first + size] for first in range(0, len(names), size))
