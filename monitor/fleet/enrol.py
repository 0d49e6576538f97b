"""Lets machines in, for the event loop of the hub."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from monitor.clock import Clock
from monitor.fleet.authority import Authority, RequestError, requested_key
from monitor.fleet.exchange import EnrolBody, EnrolView, Granted, code_digest_of, sealed
from monitor.fleet.nats import NatsFolder
from monitor.fleet.register import Enrolled, FleetRegister
from monitor.people.desk import Executor
from monitor.people.throttle import Throttle

MAX_CSR = 16_000
DAY = timedelta(days=1)


class EnrolThrottledError(Exception):
    def __init__(self, wait_s: float) -> None:
        super().__init__(f"too many requests were refused; wait {wait_s:.0f} s")
        self.wait_s = wait_s


@dataclass(frozen=True, slots=True)
class Terms:
    """What a node that was let in is told."""

    servers: tuple[str, ...]
    release_key: str
    certificate_lasts: timedelta = 400 * DAY


class EnrolDesk:
    def __init__(
        self,
        register: FleetRegister,
        store: Executor,
        authority: Authority,
        nats: NatsFolder,
        terms: Terms,
        clock: Clock,
    ) -> None:
        self._register = register
        self._store = store
        self._authority = authority
        self._nats = nats
        self._terms = terms
        self._clock = clock
        self._throttle = Throttle()

    async def enrol(self, body: EnrolBody, address: str) -> EnrolView:
        """
        Raises
        ------
        RequestError, EnrolRefusedError, EnrolThrottledError, StoreError
        """
        keys, now_s = (address,), self._clock.monotonic()
        wait_s = self._throttle.wait_s(keys, now_s)
        if wait_s > 0:
            raise EnrolThrottledError(wait_s)
        self._throttle.attempt(keys, now_s)
        if len(body.csr) > MAX_CSR:
            raise RequestError(f"a signing request has at most {MAX_CSR} characters")
        digest, key = code_digest_of(body), requested_key(body.csr)
        now = self._clock.now()
        work = partial(
            self._register.enrol, digest, key, self._authority, self._terms.certificate_lasts, address, now
        )
        enrolled = await self._store.write(work)
        self._throttle.succeeded(keys)
        # Also for who had it already: the first time may have failed between the two.
        await self._store.read(partial(self._nats.refresh, now))
        return sealed(granted_to(enrolled, self._authority, self._terms), self._authority)


def granted_to(enrolled: Enrolled, authority: Authority, terms: Terms) -> Granted:
    return Granted(
        node=enrolled.node,
        venue=enrolled.venue,
        certificate=enrolled.pem,
        authority=authority.pem,
        servers=list(terms.servers),
        release_key=terms.release_key,
    )
