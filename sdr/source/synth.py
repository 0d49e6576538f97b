"""A synthetic world as a tunable receiver: the same bytes for the same seed in any blocks.

    emitters -> sum -> + noise -> passband -> third order -> imbalance, DC -> 8 bits

Samples are made in chunks on a fixed grid; noise is seeded by the chunk's number
and a sender's baseband is a function of the sample's number, so nothing depends
on what was read before.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np

from sdr.source.base import SourceError, SourceInfo
from sdr.source.clock import SYSTEM_CLOCK, Clock
from sdr.source.receiver import Receiver
from sdr.source.sender import Sender, TruthEmission
from sdr.source.world import World, read_world
from sdr.types import Block, Hop, SampleFormat

_N_CHUNK = 1 << 16


def open_synth(
    spec: str,
    path: Path,
    *,
    rate_hz: float | None = None,
    center_hz: float | None = None,
    gain_db: float | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> SynthSource:
    """The world that `path` describes, tuned as asked, or as it says itself.

    Raises
    ------
    SourceError
    """
    world = read_world(path)
    source = SynthSource(spec, replace(world, center=center_hz or world.center), clock=clock)
    source.tune(Hop(source.info.center_hz, rate_hz or world.rate, gain_db=gain_db or world.gain_db))
    return source


class SynthSource:
    """Plays a `World`. Tunable within it at its own rate; not live: it runs as fast as it is read."""

    def __init__(self, spec: str, world: World, *, clock: Clock = SYSTEM_CLOCK) -> None:
        self._world = world
        self._hop = Hop(world.center, world.rate, gain_db=world.gain_db)
        self._info = SourceInfo(
            name=spec,
            format=SampleFormat.CU8,
            rate_hz=world.rate,
            center_hz=world.center,
            started_at=clock.now(),
            n_samples=None if world.seconds is None else round(world.seconds * world.rate),
            tunable=True,
            live=False,
        )
        self._receiver = Receiver(world, _N_CHUNK)
        self._senders = [Sender(world, number, _N_CHUNK) for number in range(len(world.emitters))]
        self._next = 0
        self._chunk = np.empty((_N_CHUNK, 2), dtype=np.uint8)
        self._chunk_number = -1
        self._out = np.empty((0, 2), dtype=np.uint8)
        self._ended = threading.Event()

    @property
    def info(self) -> SourceInfo:
        return self._info

    def tune(self, hop: Hop) -> None:
        if hop.rate_hz != self._world.rate:
            raise SourceError(
                f"{self._info.name}: this world runs at {self._world.rate:.0f} S/s, not at {hop.rate_hz:.0f}"
            )
        if (hop.center_hz, hop.gain_db) != (self._hop.center_hz, self._hop.gain_db):
            self._chunk_number = -1
            # Nothing was heard yet: there is no time that a retune could cost.
            self._next += round(self._world.retune * self._world.rate) if self._next else 0
        self._hop = hop

    def read(self, n_samples: int) -> Block | None:
        if n_samples < 1:
            raise ValueError(f"n_samples must be at least 1, not {n_samples}")
        start = self._next
        n = n_samples if self._info.n_samples is None else min(n_samples, self._info.n_samples - start)
        if self._ended.is_set() or n <= 0:
            return None
        if len(self._out) < n:
            self._out = np.empty((n, 2), dtype=np.uint8)
        n_done = 0
        while n_done < n:
            number, within = divmod(start + n_done, _N_CHUNK)
            if number != self._chunk_number:
                self._make_chunk(number)
            n_now = min(n - n_done, _N_CHUNK - within)
            self._out[n_done : n_done + n_now] = self._chunk[within : within + n_now]
            n_done += n_now
        self._next += n
        at = self._info.started_at + timedelta(seconds=start / self._world.rate)
        return Block(self._hop, start, at, self._out[:n])

    def close(self) -> None:
        self._ended.set()

    def truth(self) -> list[TruthEmission]:
        """Every transmission in the world's time, by start.

        Raises
        ------
        ValueError
            If the world has no end.
        """
        if self._world.seconds is None:
            raise ValueError(f"{self._info.name}: a world without seconds has no end to its truth")
        found = [truth for sender in self._senders for truth in sender.truth(self._world.seconds)]
        return sorted(found, key=lambda truth: (truth.start_s, truth.low_hz))

    def _make_chunk(self, number: int) -> None:
        gain = 1.0
        if self._hop.gain_db is not None and self._world.gain_db is not None:
            gain = 10 ** ((self._hop.gain_db - self._world.gain_db) / 20)
        sum_ = np.zeros(_N_CHUNK, dtype=np.complex64)
        for sender in self._senders:
            sender.add(sum_, number * _N_CHUNK, self._hop.center_hz, self._receiver)
        self._receiver.digitise(sum_, number, gain, self._chunk)
        self._chunk_number = number
