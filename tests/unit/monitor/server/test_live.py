from __future__ import annotations

import asyncio
import json
import random
from dataclasses import dataclass

import pytest

from monitor.server.live import encode_event, start_position
from monitor.server.problem import ProblemError


@dataclass
class Event:
    name: str
    data: object
    id: int | None


class Reader:
    """Reads a stream as a browser does: fields until an empty line."""

    def __init__(self, answer) -> None:
        self.answer = answer

    async def next(self, *names: str) -> Event:
        """The next event, or the next of `names`."""
        while True:
            fields: dict[str, str] = {}
            while True:
                line = (await asyncio.wait_for(self.answer.content.readline(), 5)).decode()
                if not line:
                    raise ConnectionError
                if line == "\n":
                    break
                name, _, value = line.rstrip("\n").partition(": ")
                fields[name] = value
            if "data" not in fields or (names and fields["event"] not in names):
                continue
            return Event(
                fields["event"], json.loads(fields["data"]), int(fields["id"]) if "id" in fields else None
            )


async def opened(client, query: str = "", last: int | None = None) -> Reader:
    headers = {} if last is None else {"Last-Event-ID": str(last)}
    answer = await client.get(f"/api/live{query}", headers=headers)
    assert answer.status == 200
    assert answer.content_type == "text/event-stream"
    return Reader(answer)


async def test_a_change_reaches_an_open_stream_with_its_number(client, world, make):
    stream = await opened(client)
    assert (await stream.next()).name == "health"
    world.book.put(make("aa"), 5)
    event = await stream.next("alert")
    assert event.id == 5
    assert event.data["fingerprint"] == "aa"


async def test_a_stream_opened_after_a_list_begins_with_what_the_list_lacks(client, world, make):
    world.book.put(make("in-list"), 3)
    live_id = (await (await client.get("/api/alerts")).json())["live_id"]
    world.book.put(make("between"), 4)
    stream = await opened(client, f"?after={live_id}")
    assert (await stream.next("alert")).data["fingerprint"] == "between"


async def test_without_a_position_only_what_is_new_comes(client, world, make):
    world.book.put(make("old"), 3)
    stream = await opened(client)
    await stream.next("health")
    world.book.put(make("new"), 4)
    assert (await stream.next("alert")).id == 4


async def test_nothing_is_missed_or_doubled_over_reconnects_at_any_moment(client, world, make):
    rng = random.Random(8440)
    got: list[int] = []
    last = 0

    async def write() -> None:
        for number in range(1, 301):
            world.book.put(make(f"a{number}"), number * 3)  # numbers have gaps
            if rng.random() < 0.2:
                await asyncio.sleep(0.001)

    writer = asyncio.create_task(write())
    while len(got) < 300:
        stream = await opened(client, "?after=0", last=last or None)
        for _ in range(rng.randrange(1, 40)):
            if len(got) == 300:
                break
            event = await stream.next("alert")
            got.append(event.id)
            last = event.id
        stream.answer.close()
    await writer
    assert got == [number * 3 for number in range(1, 301)]


async def test_the_header_of_a_reconnect_counts_more_than_the_first_address(client, world, make):
    for number in (1, 2, 3):
        world.book.put(make(f"a{number}"), number)
    stream = await opened(client, "?after=0", last=2)
    assert (await stream.next("alert")).id == 3


async def test_a_client_too_far_behind_is_told_to_read_the_list(connect, world, make):
    client = await connect(max_backlog=10)
    for number in range(1, 30):
        world.book.put(make(f"a{number}"), number)
    stream = await opened(client, "?after=1")
    event = await stream.next()
    assert (event.name, event.id, event.data) == ("resync", 29, {"live_id": 29})
    world.book.put(make("next"), 30)
    assert (await stream.next("alert")).id == 30


async def test_a_position_ahead_of_the_store_means_another_store_and_a_resync(client, world, make):
    world.book.put(make("a"), 2)
    stream = await opened(client, last=900)
    event = await stream.next()
    assert (event.name, event.id) == ("resync", 2)


async def test_health_is_told_when_it_changes_and_not_because_time_passes(client, world):
    stream = await opened(client)
    assert (await stream.next()).name == "health"
    assert (await stream.next()).name == "ping"
    world.status = "degraded"
    event = await stream.next("health")
    assert event.data["status"] == "degraded"
    assert event.id is None


async def test_a_client_that_does_not_read_is_cut_and_can_resume(connect, world, make):
    client = await connect(stall_s=0.2, max_backlog=10**6)
    big = {"text": "答案" * 20_000}
    for number in range(1, 200):
        world.book.put(make(f"a{number}", event=big), number)
    _reader, writer = await asyncio.open_connection("127.0.0.1", client.port, limit=1024)
    writer.write(b"GET /api/live?after=0 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    for _ in range(100):
        text = await (await client.get("/metrics")).text()
        if 'examwatch_live_cut_total{reason="slow"} 1.0' in text:
            break
        await asyncio.sleep(0.05)
    else:
        pytest.fail("the slow client was never cut")
    assert "examwatch_live_clients 0.0" in text
    # What all streams share listens on.
    assert len(world.book.listeners) == 1
    writer.close()
    stream = await opened(client, last=150)
    assert (await stream.next("alert")).id == 151


async def test_a_client_that_left_is_forgotten_soon(client, world):
    stream = await opened(client)
    await stream.next("health")
    assert len(world.book.listeners) == 2
    stream.answer.close()
    for _ in range(100):
        if len(world.book.listeners) == 1:
            break
        await asyncio.sleep(0.02)
    assert len(world.book.listeners) == 1


async def test_one_stream_more_than_allowed_is_refused_with_a_time_to_come_back(connect):
    client = await connect(max_live_clients=1)
    first = await opened(client)
    await first.next("health")
    answer = await client.get("/api/live")
    assert answer.status == 503
    assert answer.headers["Retry-After"] == "10"
    assert (await answer.json())["code"] == "too-many-streams"


async def test_a_stream_ends_when_the_store_fails_and_goes_on_after_it(client, world, make):
    stream = await opened(client)
    await stream.next("health")
    world.book.fails = True
    with pytest.raises(ConnectionError):
        await stream.next("alert")
    assert (await client.get("/api/live")).status == 503
    world.book.fails = False
    world.book.put(make("meanwhile"), 4)
    stream = await opened(client, "?after=0")
    assert (await stream.next("alert")).id == 4


async def test_open_streams_do_not_hold_up_a_shutdown(client):
    stream = await opened(client)
    await stream.next("health")
    await asyncio.wait_for(client.server.close(), 3)


@pytest.mark.parametrize("text", ["x", "-1", "1.5", "9" * 20, "²"])
def test_a_position_that_is_no_number_of_ours_is_refused(text):
    with pytest.raises(ProblemError) as refusal:
        start_position(text, None)
    assert refusal.value.status == 400


def test_an_event_is_one_line_of_data_whatever_the_text_holds():
    body = encode_event("alert", {"text": "a\nb\r\nc"}, 3)
    assert body.startswith(b"id: 3\nevent: alert\ndata: ")
    assert body.endswith(b"\n\n")
    assert body.count(b"\n") == 4
    assert b"\r" not in body
