from __future__ import annotations

import pytest

from monitor.server.evidence import safe_headers
from monitor.server.services import EvidenceFile

DIGEST = "sha256:" + "ab" * 32


async def test_a_picture_is_shown_as_what_it_is(client, world, tmp_path):
    file = tmp_path / "p"
    file.write_bytes(b"\x89PNG")
    world.files[DIGEST] = EvidenceFile(file, "image/png")
    answer = await client.get(f"/api/evidence/{DIGEST}")
    assert answer.status == 200
    assert answer.content_type == "image/png"
    assert await answer.read() == b"\x89PNG"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "private" in answer.headers["Cache-Control"]


async def test_audio_can_be_asked_for_in_parts(client, world, tmp_path):
    file = tmp_path / "a"
    file.write_bytes(bytes(range(100)))
    world.files[DIGEST] = EvidenceFile(file, "audio/flac")
    answer = await client.get(f"/api/evidence/{DIGEST}", headers={"Range": "bytes=10-19"})
    assert answer.status == 206
    assert answer.headers["Cache-Control"] == "no-store"
    assert await answer.read() == bytes(range(10, 20))


async def test_a_page_from_a_stranger_is_shown_as_its_source(client, world, tmp_path):
    file = tmp_path / "page"
    file.write_text("<script>alert(1)</script>")
    world.files[DIGEST] = EvidenceFile(file, "text/html; charset=gb18030")
    answer = await client.get(f"/api/evidence/{DIGEST}")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize(
    "media_type", ["image/svg+xml", "application/xhtml+xml", "text/javascript", "", "x\ny", "IMAGE/GIF"]
)
def test_what_a_browser_might_run_is_a_download(media_type):
    headers = safe_headers(media_type, DIGEST)
    assert headers["Content-Type"] == "application/octet-stream"
    assert headers["Content-Disposition"].startswith("attachment")


@pytest.mark.parametrize(
    "digest", ["x", "sha256:AB", "sha256:" + "g" * 64, "..%2F..%2Fetc%2Fpasswd", DIGEST + "0"]
)
async def test_what_is_no_digest_is_refused(client, digest):
    answer = await client.get(f"/api/evidence/{digest}")
    assert answer.status == 400
    assert answer.content_type == "application/problem+json"


async def test_evidence_that_is_gone_is_a_problem(client):
    answer = await client.get(f"/api/evidence/{DIGEST}")
    assert answer.status == 404
    assert (await answer.json())["code"] == "no-such-evidence"


@pytest.mark.parametrize("media_type", ["audio/flac", "application/x-sigmf-data"])
async def test_who_listens_is_noted_once_a_look(client, world, tmp_path, media_type):
    file = tmp_path / "a"
    file.write_bytes(bytes(range(100)))
    world.files[DIGEST] = EvidenceFile(file, media_type)
    for given in ({}, {"Range": "bytes=0-"}, {"Range": "bytes=10-19"}):
        await (await client.get(f"/api/evidence/{DIGEST}", headers=given)).read()
    assert world.audit == [("local", "evidence.opened", DIGEST, {"media_type": media_type})] * 2


async def test_a_look_that_begins_in_the_middle_is_noted_too(client, world, tmp_path):
    file = tmp_path / "a"
    file.write_bytes(bytes(range(100)))
    world.files[DIGEST] = EvidenceFile(file, "audio/flac")
    for given in ("bytes=1-", "bytes=50-", "bytes=-10"):
        await (await client.get(f"/api/evidence/{DIGEST}", headers={"Range": given})).read()
    assert world.audit == [("local", "evidence.opened", DIGEST, {"media_type": "audio/flac"})]


async def test_a_picture_is_no_listening(client, world, tmp_path):
    file = tmp_path / "p"
    file.write_bytes(b"PNG")
    world.files[DIGEST] = EvidenceFile(file, "image/png")
    await (await client.get(f"/api/evidence/{DIGEST}")).read()
    assert world.audit == []
