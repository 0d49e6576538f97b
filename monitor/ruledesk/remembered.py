"""What correlations remember, over restarts: one file, written whole."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Remembered:
    file: Path

    async def recall(self, restore: Callable[[Any], None]) -> None:
        """Give `restore` what was kept; where that is none, or cannot be read, correlations begin anew."""
        try:
            restore(json.loads(await asyncio.to_thread(self.file.read_text, "utf-8")))
        except FileNotFoundError:
            pass
        except (OSError, ValueError) as error:
            log.warning("correlations begin anew", error=str(error))

    async def keep(self, state: object) -> None:
        try:
            await asyncio.to_thread(self._write, json.dumps(state, ensure_ascii=False))
        except OSError as error:
            log.error("what correlations remember could not be written down", error=str(error))

    def _write(self, text: str) -> None:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        draft = self.file.with_suffix(".new")
        draft.write_text(text, encoding="utf-8")
        draft.replace(self.file)
