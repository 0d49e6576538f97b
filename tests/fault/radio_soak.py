"""Many emulated dongles, read as the daemon reads them, while faults are put into them; a report as JSON.

Run by test_radio.py in a process of its own, with the environment of `Emulator`.
Samples tell their own number modulo 65536, so that what was really lost is known.
"""

import asyncio
import json
import os
import random
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from sdr.source import SourceError, open_source
from sdr.types import Hop
from tests.emulator.emulator import Emulator

RATE = 1.024e6
KINDS = {
    # kind: (share, seconds until the next fault of this dongle)
    "late": (0.34, 0.25),
    "lose": (0.22, 0.45),
    "short": (0.14, 0.15),
    "refuse": (0.08, 0.2),
    "no_lock": (0.08, 0.2),
    "stall_briefly": (0.06, 0.8),
    "stall": (0.03, 2.2),
    "unplug": (0.03, 1.6),
    "busy": (0.02, 2.0),
}


class Reader:
    """One dongle's task: reads, retunes now and then, and writes down what it was told."""

    def __init__(self, number):
        self.number = number
        self.blocks = []
        self.lateness = []
        """When a block came, and that less the time that its last sample's number stands for."""
        self.faults = {}
        self.slowest_s = 0.0
        self.crash = None
        self.last_block_s = time.monotonic()
        self.is_ended = threading.Event()
        self.source = open_source(f"rtl:serial=soak{number}", rate_hz=RATE, center_hz=100e6)

    def run(self):
        chance = random.Random(self.number)
        next_tune_s = time.monotonic() + 1
        hop = 0
        while not self.is_ended.is_set():
            began_s = time.monotonic()
            try:
                if began_s > next_tune_s:
                    next_tune_s = began_s + chance.uniform(0.5, 2)
                    hop += 1
                    self.source.tune(Hop(100e6 + hop % 5 * 1e6, RATE))
                block = self.source.read(1 << 15)
            except SourceError as fault:
                text = str(fault).partition(": ")[2][:30]
                self.faults[text] = self.faults.get(text, 0) + 1
                if not fault.retry:
                    self.crash = str(fault)
                    return
                continue
            finally:
                self.slowest_s = max(self.slowest_s, time.monotonic() - began_s)
            if block is None:
                return
            self.last_block_s = time.monotonic()
            end = block.first_sample + len(block.iq)
            self.lateness.append((self.last_block_s, self.last_block_s - end / RATE))
            told = block.iq[:, 0].astype(np.int32) | block.iq[:, 1].astype(np.int32) << 8
            steps = np.diff(told) & 0xFFFF
            inside = [
                (block.first_sample + int(at) + 1, int(steps[at]) - 1) for at in np.flatnonzero(steps != 1)
            ]
            last = block.first_sample + len(told), int(told[-1])
            self.blocks.append((block.first_sample, int(told[0]), block.n_dropped_before, inside, last))


async def inject(emulator, number, n_faults, counts, stop_s):
    chance = random.Random(1000 + number)
    for _ in range(n_faults):
        kind = chance.choices(list(KINDS), [share for share, _ in KINDS.values()])[0]
        counts[kind] = counts.get(kind, 0) + 1
        if kind == "late":
            emulator.set("LATE_US", chance.randrange(12_000, 200_000), number)
        elif kind == "lose":
            emulator.set("LOSE", int(chance.uniform(0.015, 0.5) * RATE), number)
        elif kind == "short":
            emulator.set("SHORT", chance.randrange(1, 8000), number)
        elif kind == "stall_briefly":
            emulator.set("STALLED", 1, number)
            await asyncio.sleep(chance.uniform(0.02, 0.3))
            emulator.set("STALLED", 0, number)
        else:
            slot, value, rest = {
                "refuse": ("SET_ERROR", -9, 0),
                "no_lock": ("NO_LOCK", 1, 0),
                "stall": ("STALLED", 1, 0),
                "unplug": ("PLUGGED", 0, 1),
                "busy": ("OPEN_ERROR", -6, 0),
            }[kind]
            emulator.set(slot, value, number)
            if kind == "busy":
                emulator.set("PLUGGED", 0, number)
                await asyncio.sleep(0.1)
                emulator.set("PLUGGED", 1, number)
            await asyncio.sleep(KINDS[kind][1] * 0.7)
            emulator.set(slot, rest, number)
        await asyncio.sleep(KINDS[kind][1] * chance.uniform(0.3, 1.2))
    stop_s[number] = time.monotonic()


async def watch_lag(lags):
    while True:
        began_s = time.monotonic()
        await asyncio.sleep(0.01)
        lags.append(time.monotonic() - began_s - 0.01)


def judge(reader):
    """What was reported against what the samples themselves tell."""
    reported, actual = [], []
    before = None
    for first, told, n_dropped, inside, last in reader.blocks:
        if n_dropped:
            reported.append((first, n_dropped))
        if before is not None:
            skipped = first - before[0] - n_dropped
            # A retune throws samples away: they are neither delivered nor lost.
            jump = (told - before[1] - 1 - skipped) % 65536
            if jump:
                actual.append((first, jump))
        actual += inside
        before = last
    # With a fault every third of a second no level stands for long: a loss is then told later, not never.
    near = 2.5 * RATE
    false = [(at, n) for at, n in reported if not any(abs(at - real) < near + n for real, _ in actual)]
    # A jump is known modulo 65536: one that is above 10 ms either way is a loss that had to be told.
    least = 0.010 * RATE + 1
    missed = [
        (at, jump)
        for at, jump in actual
        if least < jump and not any(abs(at - told) < near + n for told, n in reported)
    ]
    return len(reported), false, missed


def clock_error_s(reader):
    """How far the numbers have come away from the clock, from the first second to the last two."""
    first_s, last_s = reader.lateness[0][0], reader.lateness[-1][0]
    before = min(late for at, late in reader.lateness if at < first_s + 1)
    after = min(late for at, late in reader.lateness if at > last_s - 2)
    return after - before


async def soak(n_faults, n_devices):
    emulator = Emulator.attached(
        Path(os.environ["RTL_EMULATOR_WORLD"]), Path(os.environ["RTL_EMULATOR_CONTROL"])
    )
    # asyncio's own pool has as many threads as the machine has cores, and four: too few for blocking readers.
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(2 * n_devices + 2))
    readers = [Reader(number) for number in range(n_devices)]
    tasks = [asyncio.create_task(asyncio.to_thread(reader.run)) for reader in readers]
    lags, counts, stop_s = [], {}, {}
    watcher = asyncio.create_task(watch_lag(lags))
    await asyncio.sleep(1.0)
    began_s = time.monotonic()
    each = [n_faults // n_devices + (number < n_faults % n_devices) for number in range(n_devices)]
    await asyncio.gather(
        *(inject(emulator, number, each[number], counts, stop_s) for number in range(n_devices))
    )
    injected_s = time.monotonic() - began_s
    await asyncio.sleep(4.0)
    back = [reader.last_block_s > stop_s[reader.number] + 1 for reader in readers]
    for reader in readers:
        reader.is_ended.set()
    closing_s = time.monotonic()
    await asyncio.gather(*(asyncio.to_thread(reader.source.close) for reader in readers))
    done, hung = await asyncio.wait(tasks, timeout=5)
    closed_s = time.monotonic() - closing_s
    watcher.cancel()
    verdicts = [judge(reader) for reader in readers]
    await asyncio.sleep(0.3)
    faults = {}
    for reader in readers:
        for text, n in reader.faults.items():
            faults[text] = faults.get(text, 0) + n
    return {
        "n_injected": sum(counts.values()),
        "injected": counts,
        "seconds": round(injected_s, 1),
        "n_hung": len(hung),
        "crashes": [reader.crash for reader in readers if reader.crash]
        + [repr(task.exception()) for task in done if task.exception()],
        "all_back": all(back),
        "slowest_read_s": round(max(reader.slowest_s for reader in readers), 3),
        "close_s": round(closed_s, 3),
        "threads_left": sorted(
            thread.name for thread in threading.enumerate() if thread.name.startswith(("stream", "supervise"))
        ),
        "n_gaps_told": sum(n for n, _, _ in verdicts),
        "clock_error_ms": [round(1e3 * clock_error_s(reader), 2) for reader in readers],
        "n_samples_lost": sum(emulator.get("N_LOST", number) for number in range(n_devices)),
        "n_overrun": sum(emulator.get("N_OVERRUN", number) for number in range(n_devices)),
        "false_gaps": [gap for _, false, _ in verdicts for gap in false],
        "missed_gaps": [gap for _, _, missed in verdicts for gap in missed],
        "lag_p50_ms": round(float(np.percentile(lags, 50)) * 1e3, 2),
        "lag_p99_ms": round(float(np.percentile(lags, 99)) * 1e3, 2),
        "lag_max_ms": round(max(lags) * 1e3, 2),
        "faults_told": faults,
    }


if __name__ == "__main__":
    json.dump(asyncio.run(soak(int(sys.argv[1]), int(sys.argv[2]))), sys.stdout)
