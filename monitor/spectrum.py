"""The spectrum's past for people who ask: which sensors there are, and any stretch of time and band of one.

The radio room's history is read in a thread, and loaded when somebody first asks.
"""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Collection
from pathlib import Path

from monitor.server.spectrum_services import PastQuery
from monitor.server.spectrum_views import PastView


class HistoryFiles:
    """What the sensors of this machine have heard. Safe to ask while they write."""

    def __init__(self, root: Path, sensors: Collection[str]) -> None:
        self._root = root
        self._sensors = frozenset(sensors)

    async def view(self, query: PastQuery) -> PastView | None:
        """None where no sensor has the name.

        Raises
        ------
        ValueError
            If the time or the band is empty.
        """
        if query.sensor not in self._sensors:
            return None
        return await asyncio.to_thread(self._read, query)

    def _read(self, query: PastQuery) -> PastView:
        from sdr.codes import LOWEST_DB, STEP_DB, codes
        from sdr.history_view import view

        seen = view(
            self._root,
            query.sensor,
            query.low_hz,
            query.high_hz,
            query.start,
            query.end,
            max_rows=query.n_rows,
            max_bins=query.n_bins,
        )
        n_rows, n_bins = seen.mean_db.shape
        return PastView(
            start=seen.start,
            step_s=seen.step_s,
            low_hz=seen.low_hz,
            bin_hz=seen.bin_hz,
            n_rows=n_rows,
            n_bins=n_bins,
            code_1_db=LOWEST_DB,
            step_db=STEP_DB,
            mean=b64encode(codes(seen.mean_db).tobytes()).decode(),
            max=b64encode(codes(seen.max_db).tobytes()).decode(),
        )
