"""Photos over HTTP: boxes in the text, who may look, what is recorded, and that nothing active is served."""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import replace

import pytest
from PIL import Image

from crawlers.extract.image.view import as_shown
from monitor.faults import WorldError
from monitor.people.roles import GRANTED
from monitor.people.scope import Scope
from monitor.server import evidence, photos
from monitor.server.services import EvidenceFile
from monitor.server.views import EvidenceRef
from tests.unit.monitor.server.conftest import make_alert

FINGERPRINT = "f" * 16
LINES = ["绝密★启用前", "1. 选择题"]
TEXT = "求大神\n刚拍的𠮷\n" + "\n".join(LINES)


def jpeg(shade: int = 200) -> bytes:
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "CameraMaker"
    Image.new("RGB", (400, 200), (shade,) * 3).save(out, "JPEG", exif=exif)
    return out.getvalue()


def box(text: str) -> dict[str, object]:
    return {"text": text, "confidence": 0.9, "corners_px": [0, 0, 9, 0, 9, 5, 0, 5]}


@pytest.fixture
def desk(world, tmp_path, monkeypatch):
    """A post with a photo whose file is kept, and what else a test puts there."""

    async def show(data, side_px):
        return as_shown(data, side_px)

    plain = world.services
    monkeypatch.setattr(world, "services", lambda: replace(plain(), show=show))

    class Desk:
        def __init__(self) -> None:
            self.refs: list[EvidenceRef] = []

        def keep(self, data: bytes, media_type: str, role: str) -> str:
            digest = "sha256:" + hashlib.sha256(data).hexdigest()
            file = tmp_path / digest[7:]
            file.write_bytes(data)
            world.files[digest] = EvidenceFile(file, media_type, role)
            self.refs.insert(0, EvidenceRef(digest=digest, media_type=media_type, role=role))
            return digest

        def document(
            self, *parts: dict[str, object], version: int = 1, title="求大神", text="刚拍的𠮷"
        ) -> str:
            body = {"title": title, "text": text, "version": version, "attachments": parts}
            return self.keep(json.dumps(body).encode(), "application/json", "document")

        def raised(self, version: int = 1, text: str = TEXT) -> None:
            event = {"kind": "web", "text": text, "version": version}
            world.book.put(make_alert(FINGERPRINT, kind="web", event=event, evidence=list(self.refs)))

    return Desk()


def part(digest: str, **more: object) -> dict[str, object]:
    picture = {
        "n_bytes": 5, "width_px": 200, "height_px": 400, "n_quarters": 3,
        "boxes": [box(line) for line in LINES],
    }  # fmt: skip
    return {
        "url": "http://x/p.jpg", "digest": digest, "media_type": "image/jpeg", "text": "\n".join(LINES),
        "picture": picture | more,
    }  # fmt: skip


async def listed(client) -> list[dict[str, object]]:
    answer = await client.get(f"/api/alerts/{FINGERPRINT}/photos")
    assert answer.status == 200
    return (await answer.json())["photos"]


async def test_each_line_is_told_with_its_place_in_the_photo_and_in_the_text(desk, client):
    digest = desk.keep(jpeg(), "image/jpeg", "photo")
    other = {"url": "http://x/a.txt", "digest": "sha256:2", "media_type": "text/plain", "text": "文件"}
    desk.document(other, part(digest))
    desk.raised(text="求大神\n刚拍的𠮷\n文件\n" + "\n".join(LINES))
    (photo,) = await listed(client)
    assert (photo["digest"], photo["state"], photo["n_quarters"]) == (digest, "kept", 3)
    assert (photo["width_px"], photo["height_px"], photo["is_newest"]) == (200, 400, True)
    text = "求大神\n刚拍的𠮷\n文件\n" + "\n".join(LINES)
    assert [text[one["start"] : one["end"]] for one in photo["boxes"]] == LINES
    assert photo["boxes"][0]["corners_px"] == [0, 0, 9, 0, 9, 5, 0, 5]


async def test_what_is_gone_was_never_kept_or_hung_on_an_older_version_says_so(desk, client):
    old = desk.keep(jpeg(10), "image/jpeg", "photo")
    desk.document(part(old))
    large = part("sha256:" + "1" * 64, dropped="too large")
    gone = part("sha256:" + "2" * 64)
    desk.document(large, gone, version=2)
    shot = desk.keep(b"\x89PNG", "image/png", "screenshot")
    desk.raised(version=2)
    found = {one["digest"]: one for one in await listed(client)}
    assert list(found) == [large["digest"], gone["digest"], old, shot]
    assert [one["state"] for one in found.values()] == ["dropped", "gone", "kept", "kept"]
    assert found[large["digest"]]["why_dropped"] == "too large"
    assert found[old]["is_newest"] is False
    assert found[old]["boxes"][0]["start"] is None
    assert (found[shot]["role"], found[shot]["boxes"]) == ("screenshot", [])


async def test_a_record_that_cannot_be_read_leaves_the_photo_without_boxes(desk, client):
    digest = desk.keep(jpeg(), "image/jpeg", "photo")
    desk.keep(b"{broken", "application/json", "document")
    desk.raised()
    (photo,) = await listed(client)
    assert (photo["digest"], photo["state"], photo["boxes"]) == (digest, "kept", [])


async def test_a_look_is_recorded_before_pixels_are_answered_and_nothing_else_of_the_file_is(
    desk, client, world
):
    digest = desk.keep(jpeg(), "image/jpeg", "photo")
    answer = await client.get(f"/api/evidence/{digest}/picture?side_px=100")
    assert answer.status == 200
    assert answer.content_type == "image/jpeg"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    shown = await answer.read()
    assert b"CameraMaker" not in shown
    with Image.open(io.BytesIO(shown)) as image:
        assert image.size == (50, 100)
    what = {"media_type": "image/jpeg", "role": "photo", "side_px": 100}
    assert world.audit == [("local", "evidence.opened", digest, what)]


async def test_what_cannot_be_recorded_is_not_shown(world, desk, connect, monkeypatch):
    async def fails(*_):
        raise WorldError("the store failed: disk full")

    monkeypatch.setattr(world, "record", fails)
    client = await connect()
    digest = desk.keep(jpeg(), "image/jpeg", "photo")
    answer = await client.get(f"/api/evidence/{digest}/picture")
    assert answer.status == 503
    assert answer.content_type == "application/problem+json"


@pytest.mark.parametrize(
    "data",
    [
        b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
        b"<html><script>1</script>",
        b"\x89PNG\r\n",
    ],
)
async def test_what_is_active_or_broken_is_never_served_as_it_is(desk, client, data):
    digest = desk.keep(data, "image/svg+xml", "photo")
    answer = await client.get(f"/api/evidence/{digest}/picture")
    assert (answer.status, (await answer.json())["code"]) == (422, "picture-unreadable")
    original = await client.get(f"/api/evidence/{digest}")
    assert original.headers["Content-Type"] == "application/octet-stream"
    assert original.headers["Content-Disposition"].startswith("attachment")


async def test_a_bomb_is_refused_by_its_header(desk, client):
    out = io.BytesIO()
    Image.new("1", (16_000, 12_000)).save(out, "PNG")
    digest = desk.keep(out.getvalue(), "image/png", "photo")
    answer = await client.get(f"/api/evidence/{digest}/picture")
    assert (answer.status, (await answer.json())["code"]) == (422, "picture-unreadable")


async def test_only_pictures_of_a_post_are_shown_here(desk, client):
    digest = desk.keep(jpeg(), "image/png", "spectrogram")
    for path in (digest, "sha256:" + "0" * 64):
        assert (await client.get(f"/api/evidence/{path}/picture")).status == 404
    assert (await client.get("/api/evidence/x/picture")).status == 400
    assert (await client.get(f"/api/evidence/{digest}/picture?side_px=9000")).status == 400


async def test_the_original_is_a_download_that_is_recorded(desk, client, world):
    data = jpeg()
    digest = desk.keep(data, "image/jpeg", "photo")
    answer = await client.get(f"/api/evidence/{digest}")
    assert await answer.read() == data
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["Cache-Control"] == "no-store"
    assert [entry[1:3] for entry in world.audit] == [("evidence.opened", digest)]


@pytest.mark.parametrize("role", ["photo", "screenshot"])
async def test_who_may_not_see_names_gets_neither_photo_nor_page(desk, client, world, monkeypatch, role):
    digest = desk.keep(jpeg(), "image/jpeg", role)
    monkeypatch.setattr(evidence, "granted_to", lambda _request: GRANTED["radio"])
    answer = await client.get(f"/api/evidence/{digest}")
    assert (answer.status, (await answer.json())["code"]) == (403, "not-allowed")
    assert world.audit == []


async def test_photos_of_another_venue_are_not_there(world, desk, connect, monkeypatch):
    async def in_scope(_digest, scope):
        return scope.holds("no1")

    plain = world.services
    monkeypatch.setattr(world, "services", lambda: replace(plain(), in_scope=in_scope))
    monkeypatch.setattr(photos, "scope_of", lambda _request: Scope(frozenset({"no2"})))
    client = await connect()
    digest = desk.keep(jpeg(), "image/jpeg", "photo")
    assert (await client.get(f"/api/evidence/{digest}/picture")).status == 404
    assert world.audit == []


def test_the_pixels_need_the_permission_for_names_and_the_boxes_that_for_evidence():
    needs = {route.name: route.needs for route in photos.ROUTES}
    assert needs == {"getPhotos": "evidence", "getPicture": "personal"}
    assert "personal" not in GRANTED["radio"]
