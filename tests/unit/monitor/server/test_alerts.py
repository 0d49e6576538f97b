from __future__ import annotations

import pytest


async def test_a_list_is_sent_with_the_number_where_the_stream_goes_on(client, world, make):
    world.book.put(make("aa"), 7)
    answer = await client.get("/api/alerts")
    body = await answer.json()
    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert body["live_id"] == 7
    assert body["total"] == 1
    assert body["alerts"][0]["fingerprint"] == "aa"
    assert body["alerts"][0]["starts_at"] == "2026-06-07T04:00:00Z"
    assert body["alerts"][0]["why"][0]["spans"] == [[0, 2]]


async def test_filters_may_be_repeated_and_may_hold_commas(client, world):
    answer = await client.get(
        "/api/alerts?kind=radio,web&kind=health&level=high&state=firing&venue=考点&limit=7"
    )
    assert answer.status == 200
    query = world.book.queries[0]
    assert query.kinds == {"radio", "web", "health"}
    assert query.levels == {"high"}
    assert query.state == "firing"
    assert query.venue == "考点"
    assert query.limit == 7


async def test_both_states_together_restrict_nothing(client, world):
    await client.get("/api/alerts?state=firing,ended")
    assert world.book.queries[0].state is None


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("kind=laser", "laser"),
        ("level=fatal", "fatal"),
        ("state=maybe", "maybe"),
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=-1", "limit"),
        ("limit=1e2", "limit"),
        ("limit=٣", "limit"),
        ("levle=high", "levle"),
    ],
)
async def test_a_parameter_that_makes_no_sense_is_named(client, query, named):
    answer = await client.get(f"/api/alerts?{query}")
    body = await answer.json()
    assert answer.status == 400
    assert answer.content_type == "application/problem+json"
    assert body["code"] == "bad-parameter"
    assert named in body["detail"]


async def test_a_cursor_of_another_list_is_refused_as_such(client):
    answer = await client.get("/api/alerts?cursor=broken")
    assert answer.status == 400
    assert (await answer.json())["code"] == "bad-cursor"


async def test_one_alert_comes_whole_with_its_events(client, world, make):
    world.book.put(make("aa"))
    body = await (await client.get("/api/alerts/aa")).json()
    assert body["events"] == [{"kind": "radio", "snr_db": 18.2}]


async def test_an_alert_that_is_not_there_is_a_problem_that_names_it(client):
    answer = await client.get("/api/alerts/nope")
    assert answer.status == 404
    assert (await answer.json())["code"] == "no-such-alert"


async def test_a_store_that_fails_is_a_problem_to_come_back_from(client, world):
    world.book.fails = True
    answer = await client.get("/api/alerts")
    assert answer.status == 503
    assert answer.headers["Retry-After"] == "5"
    assert (await answer.json())["code"] == "unavailable"


async def test_field_names_come_in_both_languages_with_units(client):
    body = await (await client.get("/api/fields")).json()
    center = next(field for field in body["radio"] if field["name"] == "center_hz")
    assert center["unit"] == "Hz"
    assert center["en"]
    assert center["zh"]


async def test_an_unknown_api_address_is_a_problem_and_never_the_console(client):
    answer = await client.get("/api/nothing")
    assert answer.status == 404
    assert answer.content_type == "application/problem+json"


async def test_a_wrong_method_is_told_the_right_one(client):
    answer = await client.post("/api/alerts")
    assert answer.status == 405
    assert "GET" in answer.headers["Allow"]
    assert (await answer.json())["code"] == "method-not-allowed"


async def test_names_in_pictures_are_shown_with_the_name_of_who_looked(client, world, make):
    world.book.put(make("aa"))
    answer = await client.get("/api/alerts/aa/personal")
    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert [one["seat"] for one in (await answer.json())["people"]] == ["07 / 24"]
    assert world.book.viewers == ["local"]
    assert (await client.get("/api/alerts/bb/personal")).status == 404
