"""What a scan says of emissions: once while they are on the air, once when they are over, nothing twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sdr.decoders.worker import DecodeWorker
from sdr.describe import Place, describe
from sdr.evidence import EvidenceError
from sdr.follow import Followed
from sdr.join import groups, is_one_sender
from sdr.keep import keep, kept_extra
from sdr.look import PLAIN
from sdr.reading import Reading
from sdr.repeat import Repetition
from sdr.scan import EmissionReport, ScanSettings, ScanStatus
from sdr.tape import Tape
from sdr.types import Block, Emission, Hop
from sdr.watch import Watch


@dataclass(slots=True)
class _Said:
    """What was last said of an emission that is still on the air."""

    one: Followed
    """Kept, so that its identity is not given to another."""
    watch: Watch
    emission: Emission


class Reports:
    """Describes what the watches follow and hands it on, under one name from first to last.

    Parameters
    ----------
    tape : Tape
        The samples heard last, which say what an emission is.
    started_at : datetime
        When the source says that it began; the first block says it better (`begin`).
    probe : callable
        Asks the receiver about what is new, where it may be asked; gives the emission back.
    say : callable
        Gets each report.
    """

    def __init__(
        self,
        settings: ScanSettings,
        status: ScanStatus,
        tape: Tape,
        started_at: datetime,
        probe: Callable[[Emission], Emission],
        say: Callable[[EmissionReport], None],
    ) -> None:
        self._settings = settings
        self._status = status
        self._tape = tape
        self._probe = probe
        self._say = say
        self._reading: Reading | None = None
        self._said: dict[int, _Said] = {}
        self._doubles: dict[int, int] = {}
        """Rows of those that were not reported, as others show what they show."""
        self._repetition = Repetition()
        self._origin: int | None = None
        self._epoch = started_at

    def decode(self, *, patient: bool) -> None:
        """From now on the decoders read along. A recording is `patient`: it waits for them."""
        self._reading = Reading(
            self._deliver, DecodeWorker(), no_decoding=self._settings.no_decoding, patient=patient
        )

    def begin(self, block: Block) -> None:
        """Sample numbers and times count from `block`, the first one."""
        if self._origin is None:
            self._origin = block.first_sample
            self._epoch = block.started_at - timedelta(seconds=block.first_sample / block.hop.rate_hz)

    def heard(self, watch: Watch, hop: Hop) -> None:
        """Say what the samples that `watch` took last made due."""
        over = self._joined(watch.take_over(), watch, ended=True)
        self._hand_on(watch, over)
        self.lasting(watch, hop, after_s=self._settings.report_after_s)
        for one in over:
            self._report(one, watch, hop.center_hz, ended=True)
        if self._reading is not None:
            self._reading.release()

    def finish(self) -> None:
        """Wait for what the decoders still read."""
        if self._reading is not None:
            self._reading.finish()

    def lasting(self, watch: Watch, hop: Hop, *, after_s: float) -> None:
        due = [
            one
            for one in watch.tracker.followed
            if id(one) not in self._said
            and one.n_rows_on * watch.row_s >= after_s
            # What was another's double is looked at again when there is a quarter more of it.
            and (after_s == 0.0 or one.n_rows_on >= 1.25 * self._doubles.get(id(one), 0))
        ]
        if not due:
            return
        said = self._joined(due, watch, ended=False)
        alive = {id(one) for one in watch.tracker.followed}
        self._doubles = {key: n for key, n in self._doubles.items() if key in alive}
        self._doubles |= {id(one): one.n_rows_on for one in due if all(one is not other for other in said)}
        for one in said:
            self._report(one, watch, hop.center_hz, ended=False)

    def _joined(self, ones: list[Followed], watch: Watch, *, ended: bool) -> list[Followed]:
        """`ones`, with the lines of one sender put together. What was reported already stays as it was."""
        fresh = [one for one in ones if id(one) not in self._said]
        if len(fresh) < 2:
            return ones
        for group in groups(fresh, watch.bin_hz, ended=ended):
            if is_one_sender(group, watch, self._tape):
                joined = watch.tracker.join(group)
                ones = [*(one for one in ones if one not in group), joined]
        return watch.tracker.without_doubles(ones)

    def _hand_on(self, watch: Watch, over: list[Followed]) -> None:
        """Nothing that was reported is left without an end.

        An emission that is followed no more, and is not over either, was parted, joined or found to show
        what another shows. Its name goes on to the one that shows most of it; if that one has a name of its
        own, there was one emission less than was said.
        """
        alive = [*watch.tracker.followed, *over]
        there = {id(one) for one in alive}
        gone = [key for key, said in self._said.items() if said.watch is watch and key not in there]
        for key in gone:
            said = self._said.pop(key)
            heir = max(alive, key=lambda one: _shared_rows(one, said.one), default=None)
            shown_by = None
            if heir is not None and _shared_rows(heir, said.one):
                known = self._said.get(id(heir))
                if known is None:
                    self._said[id(heir)] = _Said(heir, watch, said.emission)
                    continue
                shown_by = known.emission.id
                self._status.n_emissions -= 1
            self._say(EmissionReport(replace(said.emission, ended=True), True, shown_by))

    def end(self, center_hz: float, watch: Watch) -> None:
        still = watch.finish()
        over = self._joined(watch.take_over(), watch, ended=True)
        still = self._joined(still, watch, ended=True)
        self._hand_on(watch, [*over, *still])
        for one in over:
            self._report(one, watch, center_hz, ended=True)
        for one in still:
            self._report(one, watch, center_hz, ended=False, is_last=True)

    def _report(
        self, one: Followed, watch: Watch, center_hz: float, *, ended: bool, is_last: bool | None = None
    ) -> None:
        ppm = float(self._settings.ppm or 0)
        place = Place(self._settings.sensor, center_hz, self._epoch, self._origin or 0, ppm)
        said = self._said.get(id(one))
        earlier = said.emission if said else None
        emission = describe(
            one, watch, self._tape, place, ended=ended, with_modulation=self._settings.with_modulation
        )
        if earlier is None:
            self._status.n_emissions += 1
            emission = self._repetition.add(emission)
            if not ended and not is_last:
                emission = self._probe(emission)
            emission = self._kept(emission, watch, center_hz)
        else:
            # What the first report saw of it is nearer to its start than the tape now reaches.
            kind = emission if _says_more(emission, earlier) else earlier
            emission = replace(
                emission,
                id=earlier.id,
                start_s=earlier.start_s,
                first_seen=earlier.first_seen,
                modulation=kind.modulation,
                confidence=kind.confidence,
                symbol_rate=kind.symbol_rate,
                deviation_hz=kind.deviation_hz,
                content=kind.content
                or (emission.content if emission.modulation == kind.modulation else None),
                flags=tuple(dict.fromkeys((*earlier.flags, *emission.flags))),
                evidence=earlier.evidence,
                burst_period_s=emission.burst_period_s or earlier.burst_period_s,
                next_burst_at=emission.next_burst_at or earlier.next_burst_at,
                next_burst_within_s=emission.next_burst_within_s or earlier.next_burst_within_s,
                extra={**emission.extra, **kept_extra(earlier.extra)},
            )
        is_last = ended if is_last is None else is_last
        if is_last:
            self._said.pop(id(one), None)
        else:
            self._said[id(one)] = _Said(one, watch, emission)
        if self._reading is None:
            self._deliver(emission, is_last)
            return
        self._reading.report(emission, is_last, self._tape, watch.rate_hz, center_hz)
        self._status.n_undecoded = self._reading.n_dropped

    def _deliver(self, emission: Emission, is_last: bool) -> None:
        self._say(EmissionReport(emission, is_last))

    def _kept(self, emission: Emission, watch: Watch, center_hz: float) -> Emission:
        folder = self._settings.evidence_dir
        if folder is None:
            return emission
        try:
            return keep(emission, folder, watch, self._tape, self._settings, center_hz, self._epoch)
        except EvidenceError:
            self._status.n_evidence_failed += 1
            return emission


def _says_more(now: Emission, earlier: Emission) -> bool:
    """Whether a later look told a modulation where the first saw none: a carrier that then began to speak."""
    if now.modulation is None or earlier.modulation is None:
        return earlier.modulation is None
    return earlier.modulation in PLAIN and now.modulation not in PLAIN


def _shared_rows(one: Followed, other: Followed) -> int:
    """Rows in which both were followed, where their bands touch; else 0."""
    if min(one.high, other.high) + max(one.high - one.low, other.high - other.low) < max(one.low, other.low):
        return 0
    return max(0, min(one.last_row, other.last_row) - max(one.first_row, other.first_row) + 1)
