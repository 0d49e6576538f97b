"""The machine as the console asks about it: room on the disk, and who takes messages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

Receiver = tuple[str, datetime | None, str | None]


@dataclass(frozen=True, slots=True)
class MachineState:
    """`monitor.server.services.Machine` over what the daemon knows."""

    folder: Path
    """With all that is kept."""
    space: Callable[[Path], tuple[int, int]]
    """Bytes in all, and free, where a folder lies."""
    told: Callable[[], Sequence[Receiver]]

    def disk(self) -> tuple[str, int, int] | None:
        try:
            return str(self.folder), *self.space(self.folder)
        except OSError:
            return None

    def receivers(self) -> Sequence[Receiver]:
        return self.told()
