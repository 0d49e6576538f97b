"""Gives a node a certificate for its next key, for the event loop of the hub.

    node                                                    hub
    next key made, request signed by the key it has  ──>  lasts its certificate? is it one machine?
    the next key comes into use                      <──  certificate for the next key, sealed
    report, signed by the next key                   ──>  the older certificate ends

A new key each time: of two machines with a copied disk only one can renew, and the other is then
refused, which shows. The older certificate lasts until the new one is used, for answers are lost.
"""

from __future__ import annotations

from functools import partial

import structlog

from monitor.clock import Clock
from monitor.fleet.authority import Authority, RequestError, requested_key
from monitor.fleet.desk import CLONE_TOLD, FleetDesk
from monitor.fleet.enrol import MAX_CSR, Terms, granted_to
from monitor.fleet.exchange import EnrolView, sealed
from monitor.fleet.nats import NatsFolder
from monitor.fleet.register import FleetError, FleetRegister
from monitor.fleet.report import RenewBody, believe_renewing
from monitor.store.book import StoreBook

log = structlog.get_logger()


class RenewDesk:
    def __init__(
        self,
        desk: FleetDesk,
        register: FleetRegister,
        book: StoreBook,
        authority: Authority,
        nats: NatsFolder,
        terms: Terms,
        clock: Clock,
    ) -> None:
        self._desk = desk
        self._register = register
        self._book = book
        self._authority = authority
        self._nats = nats
        self._terms = terms
        self._clock = clock
        self._refused_s: dict[str, float] = {}
        """When a refusal was last recorded, by node: it asks again and again."""

    async def renew(self, body: RenewBody, address: str) -> EnrolView:
        """
        Raises
        ------
        RequestError, ReportError, FleetError, StoreError
            `ReportError` where no node of ours asks, `FleetError` where it may not renew.
        """
        if len(body.csr) > MAX_CSR:
            raise RequestError(f"a signing request has at most {MAX_CSR} characters")
        key, now = requested_key(body.csr), self._clock.now()
        serial = await self._desk.believed(body.node, now, partial(believe_renewing, body))
        if self._desk.is_cloned(body.node):
            await self._record(body.node, address)
            raise FleetError("two machines used this node's identity: it must be invited again")
        lasts = self._terms.certificate_lasts
        work = partial(self._register.renew, body.node, serial, key, self._authority, lasts, address, now)
        enrolled = await self._book.write(work)
        # Also for who had it already: the first time may have failed between the two.
        await self._book.read(partial(self._nats.refresh, now))
        return sealed(granted_to(enrolled, self._authority, self._terms), self._authority)

    async def _record(self, node: str, address: str) -> None:
        now_s = self._clock.monotonic()
        if now_s - self._refused_s.get(node, float("-inf")) < CLONE_TOLD.total_seconds():
            return
        self._refused_s[node] = now_s
        log.warning("a node that was cloned is not given a new certificate", node=node)
        await self._book.record("", "node.renew-refused", node, {"address": address, "reason": "cloned"})
