"""A node that is revoked leaves the hub's health at the next look, and may come again by a new invitation."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from monitor.evidence import EvidenceStore
from monitor.link import nodebook
from monitor.link.hub import Hub
from monitor.link.nodes import Known
from monitor.link.words import NodeReport, OutboxReport
from monitor.queue import open_queue
from tests.unit.monitor.fleet.nodes import Fleet, fleet
from tests.unit.monitor.server.conftest import World

__all__ = ["fleet"]


@pytest.fixture
def hub_of_edges(fleet: Fleet, tmp_path):
    hub = Hub(
        "hub",
        None,  # type: ignore[arg-type] - nothing is said on the link here
        open_queue("memory:"),  # type: ignore[arg-type]
        fleet.book,
        EvidenceStore(tmp_path / "evidence"),
        fleet.clock,
        timedelta(seconds=10),
    )
    fleet.desk.tell_retired(hub.let_go)
    health, now = World(tmp_path).health(), fleet.clock.now()
    for node in ("n00", "n01"):
        report = NodeReport(node, "sensor", "r", "v1", now, 0.0, health, [], OutboxReport(0, 0, 1))
        hub.nodes.heard(report, now)
    nodebook.write(fleet.book.store, list(hub.nodes.known.values()))
    return hub


def silent(hub: Hub, fleet: Fleet) -> set[str]:
    parts = hub.nodes.parts(fleet.clock.now(), fleet.clock.now() - timedelta(hours=1))
    # Several at one venue are told as that venue.
    return {part.id for part in parts if "silent" in part.problems}


async def test_who_is_revoked_is_no_longer_silent_and_the_history_stays(fleet, hub_of_edges):
    await fleet.clock.advance(600)
    assert silent(hub_of_edges, fleet) == {"v1"}
    fleet.hub.register.revoke("li", "n00", "stolen", fleet.clock.now())
    await fleet.desk.look()
    assert silent(hub_of_edges, fleet) == {"n01"}
    assert set(hub_of_edges.nodes.known) == {"n01"}
    kept: list[Known] = nodebook.read(fleet.book.store)
    assert [one.report.node for one in kept] == ["n01"]
    rows = {one.node: one for one in fleet.hub.register.roll.list(fleet.clock.now())}
    assert (rows["n00"].state, rows["n00"].reason, rows["n00"].revoked_by) == ("revoked", "stolen", "li")
    assert not any(part.id == "n00" for part in fleet.desk.parts())
    # Let in anew, it is heard as any other.
    fleet.hub.now = fleet.clock.now()
    fleet.hub.let_in("n00")
    report = kept[0].report
    hub_of_edges.nodes.heard(msgspec.structs.replace(report, node="n00"), fleet.clock.now())
    await fleet.desk.look()
    assert set(hub_of_edges.nodes.known) == {"n00", "n01"}
