"""How many of a receiver's inventions are told from senders, and how many senders are taken for inventions.

    python -m benchmarks.ghosts [CASES]

Each case is a world of chance levels, places and modulations, searched twice: as one fixed recording and
with the receiver at hand. What should be where is known: the mirror at 2 LO - f, the image at
2 (LO + IF) - f, products at 2a - b and 2b - a, the crystal at its multiples, DC at the LO.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from sdr.scanner import EmissionReport, Scanner, ScanSettings
from sdr.source.synth import SynthSource
from sdr.source.world import Emitter, World
from sdr.types import Emission

RATE_HZ = 1.0e6
"""Less than 2.4 MS/s only in what it costs."""
CENTER_HZ = 450e6
SECONDS = 2.5
GHOST_FLAGS = {"mirror", "image", "intermod", "dc", "overload"}
KINDS = ("mirror", "image", "intermod", "dc", "crystal", "overload", "true")


@dataclass(frozen=True)
class Case:
    world: World
    ghosts: tuple[float, ...]
    """Where the receiver's inventions lie."""
    senders: tuple[float, ...]
    overloads: bool = False


def _sender(rng: np.random.Generator, frequency: float, level_dbfs: float) -> Emitter:
    kind = str(rng.choice(["nfm", "fsk2", "fsk4", "am", "carrier"]))
    rate = float(rng.choice([1200, 2400, 4800])) if kind.startswith("fsk") else None
    return Emitter(
        frequency=frequency,
        modulation=kind,
        level_dbfs=level_dbfs,
        symbol_rate=rate,
        start=float(rng.choice([0.0, rng.uniform(0, 0.5)])),
    )


def make(kind: str, seed: int) -> Case:
    rng = np.random.default_rng([KINDS.index(kind), seed])
    side = float(rng.choice([-1, 1]))
    place = CENTER_HZ + side * rng.uniform(60e3, 190e3)
    world = World(
        rate=RATE_HZ,
        center=CENTER_HZ,
        seconds=SECONDS,
        seed=seed,
        noise_dbfs=-45,
        gain_db=30.0,
        retune=0.015,
        dc_dbfs=-40,
    )
    # Every world has two other senders that are nobody's ghosts.
    others = [
        _sender(rng, CENTER_HZ + side * rng.uniform(215e3, 290e3), rng.uniform(-62, -50)),
        _sender(rng, CENTER_HZ - side * rng.uniform(305e3, 380e3), rng.uniform(-62, -50)),
    ]
    senders = [one.frequency for one in others]
    ghosts: list[float] = []
    if kind == "mirror":
        strong = _sender(rng, place, rng.uniform(-25, -10))
        world = replace(world, imbalance_gain_db=rng.uniform(0.2, 0.6), imbalance_phase_deg=rng.uniform(1, 4))
        ghosts = [2 * CENTER_HZ - place]
    elif kind == "image":
        strong = _sender(rng, 2 * (CENTER_HZ + 1.815e6) - place, rng.uniform(-18, -8))
        world = replace(world, image_if=1.815e6, image_db=rng.uniform(25, 40))
        ghosts = [place]
    elif kind == "intermod":
        level = rng.uniform(-18, -13)
        strong = _sender(rng, place, level)
        other = _sender(rng, place - side * rng.uniform(45e3, 55e3), level + rng.uniform(-2, 2))
        others.append(other)
        senders.append(other.frequency)
        world = replace(world, ip3_dbfs=rng.uniform(2, 10))
        ghosts = [2 * strong.frequency - other.frequency, 2 * other.frequency - strong.frequency]
    elif kind == "dc":
        strong = _sender(rng, place, rng.uniform(-40, -20))
        world = replace(world, dc_dbfs=rng.uniform(-40, -15))
        ghosts = [CENTER_HZ]
    elif kind == "crystal":
        center = 432e6 + rng.uniform(-300e3, 300e3)
        shift = center - CENTER_HZ
        others = [replace(one, frequency=one.frequency + shift) for one in others]
        senders = [one.frequency for one in others]
        spur = Emitter(frequency=432e6, modulation="carrier", level_dbfs=rng.uniform(-70, -45))
        clear = [one for one in others if abs(one.frequency - 432e6) > 30e3]
        senders = [one.frequency for one in clear]
        world = replace(world, center=center, emitters=(spur, *clear))
        return Case(world, (432e6,), tuple(senders))
    elif kind == "overload":
        strong = _sender(rng, place, rng.uniform(0.5, 6))
        world = replace(world, emitters=(strong, *others))
        return Case(world, (), (), overloads=True)
    else:
        # Senders exactly where ghosts would be: at the mirror, at the product's place, near the centre.
        strong = _sender(rng, place, rng.uniform(-25, -15))
        second = _sender(rng, place - side * 50e3, rng.uniform(-25, -15))
        at = str(rng.choice(["mirror", "product", "center"]))
        trap = {
            "mirror": 2 * CENTER_HZ - place,
            "product": 2 * place - second.frequency,
            "center": CENTER_HZ + rng.uniform(2e3, 8e3),
        }[at]
        others += [second, _sender(rng, trap + rng.uniform(-400, 400), rng.uniform(-62, -45))]
        senders = [one.frequency for one in others]
    senders.append(strong.frequency)
    if abs(strong.frequency - CENTER_HZ) > RATE_HZ / 2:
        senders.remove(strong.frequency)
    return Case(replace(world, emitters=(strong, *others)), tuple(ghosts), tuple(senders))


def heard(case: Case, *, probing: bool) -> list[Emission]:
    found: dict[str, Emission] = {}

    def keep(report: EmissionReport) -> None:
        found[report.emission.id] = report.emission

    center = case.world.center
    settings = ScanSettings(with_modulation=False, report_after_s=0.4)
    if probing:
        band = (center - 0.4 * RATE_HZ, center + 0.4 * RATE_HZ)
        settings = replace(settings, bands=(band,), gain_db=30.0, probe_ghosts=True, probe_every_s=0.0)
    Scanner(SynthSource("synth", case.world), settings, keep).run()
    return list(found.values())


def count(case: Case, *, probing: bool) -> Counter[str]:
    """Ghosts flagged, unflagged and not shown at all; senders flagged and not."""
    counted: Counter[str] = Counter()
    emissions = heard(case, probing=probing)
    if case.overloads:
        counted["flagged" if all("overload" in one.flags for one in emissions) else "unflagged"] += 1
        return counted
    for place in case.ghosts:
        near = _near(emissions, place, case.senders)
        if not near:
            counted["not shown"] += 1
        else:
            counted["flagged" if all(GHOST_FLAGS & {*one.flags} for one in near) else "unflagged"] += 1
    for place in case.senders:
        for one in _near(emissions, place, case.ghosts):
            counted["senders flagged" if GHOST_FLAGS & {*one.flags} else "senders"] += 1
    return counted


def _near(emissions: Sequence[Emission], place: float, others: Sequence[float]) -> list[Emission]:
    return [
        one
        for one in emissions
        if abs(one.center_hz - place) < 6e3
        and all(abs(one.center_hz - place) < abs(one.center_hz - other) for other in others)
    ]


def main(arguments: Sequence[str]) -> None:
    n = int(arguments[0]) if arguments else 20
    sys.stdout.write("kind      source     flagged  unflagged  not shown  senders  flagged\n")
    for kind in KINDS:
        for probing in (False, True):
            total: Counter[str] = Counter()
            for seed in range(n):
                total += count(make(kind, seed), probing=probing)
            sys.stdout.write(
                f"{kind:9s} {'receiver' if probing else 'recording':9s}  {total['flagged']:7d}  "
                f"{total['unflagged']:9d}  {total['not shown']:9d}  "
                f"{total['senders'] + total['senders flagged']:7d}  {total['senders flagged']:7d}\n"
            )
            sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
