"""Which part of the system a process is: what each role leaves out of a configuration.

all       everything, on one machine
sensor    receivers and rules, an outbox to the hub
crawler   sources and rules, an outbox to the hub
hub       store, console, messages, cases; what edges send
"""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum

from monitor.config import Setup
from monitor.faults import Fault, InputError


class Role(StrEnum):
    all = "all"
    sensor = "sensor"
    crawler = "crawler"
    hub = "hub"

    @property
    def is_edge(self) -> bool:
        return self in (Role.sensor, Role.crawler)


def narrowed(setup: Setup, role: Role) -> Setup:
    """`setup` without what `role` does not do.

    Raises
    ------
    InputError
        If `role` needs what the configuration does not have.
    """
    if role is Role.all:
        return setup
    config = setup.config
    if config.link is None:
        raise InputError([Fault(str(setup.path), 0, f"role '{role}' needs the section 'link'")])
    if role is Role.sensor and not config.sensors:
        raise InputError([Fault(str(setup.path), 0, "role 'sensor' needs 'sensors', and there are none")])
    if role is Role.crawler and not setup.sources:
        raise InputError([Fault(str(setup.path), 0, "role 'crawler' needs 'sources', and there are none")])
    left_out: dict[str, object] = {}
    if role is not Role.sensor:
        left_out["sensors"] = ()
    if role is not Role.crawler:
        left_out |= {"sources": (), "tips": None}
    if role is not Role.hub:
        # Telling people, and proving that alerts arrive, is where alerts arrive.
        left_out |= {"notify": None, "duty": None, "test_signals": (), "audit": type(config.audit)()}
    sources = setup.sources if role is Role.crawler else ()
    return replace(setup, config=config.model_copy(update=left_out), sources=sources)
