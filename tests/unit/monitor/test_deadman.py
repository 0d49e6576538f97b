"""The dead-man ping: heard while all is well, silent while alerts cannot be stored, and it ends nothing."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from monitor.clock import FakeClock
from monitor.deadman import http_ping, keep_alive


async def test_it_is_sent_while_all_is_well_and_goes_on_after_a_failure():
    clock = FakeClock(datetime(2026, 6, 7, tzinfo=UTC))
    sent, state = [], {"well": True, "fails": False}

    async def ping():
        sent.append(clock.monotonic())
        if state["fails"]:
            raise TimeoutError

    running = asyncio.create_task(keep_alive(ping, lambda: state["well"], 60.0, clock))
    await clock.advance(120)
    assert sent == [0, 60, 120]
    state["well"] = False
    await clock.advance(180)
    assert len(sent) == 3
    state.update(well=True, fails=True)
    await clock.advance(60)
    state["fails"] = False
    await clock.advance(60)
    assert sent[3:] == [360, 420]
    running.cancel()


@pytest.mark.parametrize(("status", "heard"), [(200, True), (204, True), (500, False)])
async def test_only_an_answer_of_2xx_is_heard(status, heard):
    async def answer(_request):
        return web.Response(status=status)

    app = web.Application()
    app.router.add_get("/ping/abc", answer)
    async with TestServer(app) as server, aiohttp.ClientSession() as client:
        ping = http_ping(client, str(server.make_url("/ping/abc")))
        if heard:
            await ping()
        else:
            with pytest.raises(aiohttp.ClientError):
                await ping()
