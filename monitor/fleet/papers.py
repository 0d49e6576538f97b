"""The certificates of one node, and whether the one it uses must be renewed. Pure.

made ────────────────────────┬─ RENEW ──────────┬─ LATE ─────────────┐
                             the node renews it  a person is told     ends
two thirds of its time                           one sixth is left
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from monitor.fleet.age import LATE_SHARE, age_of
from monitor.fleet.register import Paper
from monitor.healthpart import Part


@dataclass(frozen=True, slots=True)
class ReadPaper:
    """A certificate of the register, parsed once."""

    paper: Paper
    certificate: x509.Certificate

    @property
    def serial(self) -> str:
        return self.paper.serial


@dataclass(frozen=True, slots=True)
class Papers:
    """The newest first; never none."""

    all: tuple[ReadPaper, ...]

    @property
    def node(self) -> str:
        return self.all[0].paper.node

    @property
    def venue(self) -> str:
        return self.all[0].paper.venue

    def lasting(self, now: datetime) -> tuple[ReadPaper, ...]:
        return tuple(one for one in self.all if one.paper.ends_at > now)

    def is_other_than(self, later: Papers) -> bool:
        """Whether `later` are another machine's: renewing leaves the older one until the newer is used."""
        serials = {one.serial for one in later.all}
        return not any(one.serial in serials for one in self.all)

    @staticmethod
    def by_node(register: Mapping[str, tuple[Paper, ...]], known: Mapping[str, Papers]) -> dict[str, Papers]:
        """Those of the register; what `known` has parsed is not parsed again."""
        read = {one.serial: one for papers in known.values() for one in papers.all}
        return {
            node: Papers(
                tuple(
                    read.get(paper.serial)
                    or ReadPaper(paper, x509.load_pem_x509_certificate(paper.pem.encode()))
                    for paper in papers
                )
            )
            for node, papers in register.items()
        }


def paper_part(papers: Papers, now: datetime) -> Part:
    """What health is told of a node's certificate: that it was not renewed in time, or has ended.

    The one in use is the oldest: a newer one that is not used yet may have been lost on its way.
    """
    paper = papers.all[-1].paper
    age = age_of(paper.made_at, paper.ends_at, now)
    since = {
        "late": paper.ends_at - (paper.ends_at - paper.made_at) * LATE_SHARE,
        "ended": paper.ends_at,
    }.get(age)
    problems = {"late": ("ending",), "ended": ("ended",)}.get(age, ())
    error = f"{paper.ends_at:%Y-%m-%d %H:%M} UTC" if problems else None
    return Part("certificate", papers.node, papers.venue, problems, since, error, settled=True)
