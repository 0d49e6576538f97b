"""The hub's desks for its nodes, opened together."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.clock import Clock
from monitor.config import Config
from monitor.fleet.desk import FleetDesk, policy_of
from monitor.fleet.enrol import EnrolDesk
from monitor.fleet.hub import open_hub
from monitor.fleet.office import FleetOffice
from monitor.fleet.releases import Releases
from monitor.fleet.renew import RenewDesk
from monitor.store.book import StoreBook


@dataclass(frozen=True, slots=True)
class FleetDesks:
    enrol: EnrolDesk
    desk: FleetDesk
    renew: RenewDesk
    office: FleetOffice


def open_fleet(config: Config, book: StoreBook, clock: Clock) -> FleetDesks | None:
    """None where no nodes belong to this installation. Raises `WorldError`."""
    if config.fleet is None:
        return None
    hub = open_hub(config, book.store, clock.now())
    releases = Releases(book.store, hub.release_key)
    desk = FleetDesk(hub.register, releases, hub.nats, policy_of(config.fleet), book, clock)
    return FleetDesks(
        EnrolDesk(hub.register, book, hub.authority, hub.nats, hub.terms, clock),
        desk,
        RenewDesk(desk, hub.register, book, hub.authority, hub.nats, hub.terms, clock),
        FleetOffice(desk, hub, releases, book, clock),
    )
