"""Opens what hears: a configured sensor's receiver, and a drill's own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from monitor.bandplan import BandPlan
from monitor.config import Sensor, Setup
from monitor.config.model import History
from monitor.evidence import EvidenceStore
from monitor.intake import Heard
from monitor.sensors import Open, Worker


def open_receiver(sensor: Sensor, setup: Setup, evidence: EvidenceStore) -> Open:
    together = [one.id for one in setup.config.sensors if one.share is not None and one.share == sensor.share]
    sharing = (together.index(sensor.id), len(together)) if together else (0, 1)

    def open_worker(post: Callable[[Heard], None]) -> Worker:
        # In the sensor's own thread: the radio room takes seconds to load.
        from monitor.receiver import Receiver

        history = (setup.config.history_dir, setup.config.history)
        return Receiver(sensor, setup.bandplan, evidence.root, history, post, sharing)

    return open_worker


def drill_receiver(
    name: str, venue: str | None, world: Path, folder: Path, plan: BandPlan, evidence: Path
) -> Open:
    """A sensor that hears a synthetic world at the speed of the real one; its spectrum is not kept."""
    sensor = Sensor.model_validate(
        {"id": name, "venue": venue, "source": f"synth:{world}", "probe_ghosts": False},
        context={"base": world},
    )

    def open_worker(post: Callable[[Heard], None]) -> Worker:
        from monitor.receiver import Receiver

        history = (folder / "history" / name, History(days=1, max_gb=0.1))
        return Receiver(sensor, plan, evidence, history, post)

    return open_worker
