"""Opens what speaks to people outside: messages, escalation, heads of the audit, dead-man ping, logins."""

from __future__ import annotations

import asyncio
import random
import ssl
from contextlib import AsyncExitStack

import aiohttp

from monitor.clock import Clock
from monitor.config import Config, Setup
from monitor.deadman import Ping, http_ping
from monitor.duty.desk import DutyPlans, EscalationDesk
from monitor.faults import WorldError, cause_of
from monitor.heads import Elsewhere, HeadKeeper, file_elsewhere, open_key
from monitor.notify.desk import NotifyDesk, Plan
from monitor.notify.heads import HeadTeller
from monitor.notify.ledger import Ledger
from monitor.notify.senders import Sender
from monitor.notify.service import TellingService
from monitor.oidc.desk import OidcDesk
from monitor.oidc.provider import Provider
from monitor.people.desk import People
from monitor.people.outsiders import Outsiders
from monitor.store.book import StoreBook


async def open_notify(
    stack: AsyncExitStack, setup: Setup, book: StoreBook, clock: Clock
) -> NotifyDesk | None:
    config = setup.config
    if config.notify is None:
        return None
    client = await stack.enter_async_context(aiohttp.ClientSession())
    language = config.language
    senders = {one.id: Sender(one, client, language) for one in config.notify.receivers}
    site, venues = config.site.name.of(language), setup.timetable.venue_names(language)
    plan = Plan(config.notify.tree, config.notify.inhibitions, site, language, venues)
    return NotifyDesk(plan, senders, book, clock, random.Random())  # noqa: S311 - jitter, not a secret


def open_escalation(setup: Setup, book: StoreBook, clock: Clock) -> EscalationDesk | None:
    config = setup.config
    if config.duty is None or not config.duty.escalation or config.notify is None:
        return None
    language = config.language
    site, venues = config.site.name.of(language), setup.timetable.venue_names(language)
    duty = DutyPlans(config.duty.plans, setup.roster, site, language, venues)
    return EscalationDesk(duty, TellingService(Ledger(book.store), book, clock), book, clock)


def open_heads(config: Config, book: StoreBook, clock: Clock) -> list[tuple[HeadKeeper, float]]:
    """Who keeps heads of the audit chain elsewhere, and how often, in seconds."""
    audit = config.audit
    places: list[tuple[Elsewhere, float]] = []
    if audit.file is not None:
        places.append((file_elsewhere(audit.file), audit.every_min * 60))
    if audit.receiver is not None:
        site = config.site.name.of(config.language)
        teller = HeadTeller(audit.receiver, site, config.language, book, clock)
        places.append((Elsewhere(audit.receiver, teller.put), audit.send_every_min * 60))
    if not places:
        return []
    key = open_key(audit.key_file or config.data_dir / "audit.key")
    return [
        (HeadKeeper(place, key, config.site.id, lambda: book.read(book.store.head), clock), every_s)
        for place, every_s in places
    ]


async def open_ping(stack: AsyncExitStack, config: Config) -> Ping | None:
    if config.deadman is None:
        return None
    url, file = config.deadman.url, config.deadman.url_file
    if url is None and file is not None:
        try:
            url = await asyncio.to_thread(file.read_text, "utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise WorldError(f"{file}: {cause_of(error)}") from None
    client = await stack.enter_async_context(aiohttp.ClientSession())
    return http_ping(client, (url or "").strip())


async def open_oidc(
    stack: AsyncExitStack, config: Config, book: StoreBook, people: People | None, clock: Clock
) -> OidcDesk | None:
    oidc = config.people.oidc
    if oidc is None or people is None:
        return None
    try:
        trusted = await asyncio.to_thread(ssl.create_default_context, cafile=oidc.ca_file)
    except (OSError, ValueError) as error:
        raise WorldError(f"{oidc.ca_file}: {error}") from None
    client = await stack.enter_async_context(
        # Without a jar: what the provider sets for one person must not go along for the next.
        aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=trusted), cookie_jar=aiohttp.DummyCookieJar()
        )
    )
    settings = oidc.settings
    return OidcDesk(settings, Provider(settings, client, clock), people, Outsiders(book.store), book, clock)
