from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.server.static import find_static


async def test_built_files_are_kept_by_the_browser_and_the_page_is_not(client):
    script = await client.get("/assets/index-abc.js")
    assert script.content_type == "text/javascript"
    assert "immutable" in script.headers["Cache-Control"]
    page = await client.get("/")
    assert page.content_type == "text/html"
    assert page.headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("path", ["/", "/index.html", "/alerts/0123456789abcdef", "/alerts/ab?kind=web"])
async def test_the_consoles_own_addresses_open_its_page(client, path):
    assert "<title>console</title>" in await (await client.get(path)).text()


@pytest.mark.parametrize("path", ["/assets/gone.js", "/favicon.ico", "/assets/notes.exe", "/secret.json"])
async def test_a_file_that_is_not_there_is_no_page(client, path):
    answer = await client.get(path)
    assert answer.status == 404


@pytest.mark.parametrize(
    "path",
    [
        "../secret.json",
        "assets/../../secret.json",
        "/../secret.json",
        "..\\secret.json",
        "a\x00.js",
        "a" * 300 + ".js",
    ],
)
def test_no_path_leaves_the_folder(world, path):
    assert find_static(world.static_root, path) is None


def test_no_link_leaves_the_folder(world):
    (world.static_root / "out.json").symlink_to(world.static_root.parent / "secret.json")
    assert find_static(world.static_root, "/out.json") is None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=60))
def test_any_path_finds_a_file_inside_or_nothing(world, path):
    found = find_static(world.static_root, path)
    assert found is None or found.is_relative_to(world.static_root)


async def test_without_a_built_console_the_page_says_what_to_do(connect, tmp_path):
    client = await connect(static_root=tmp_path / "missing")
    answer = await client.get("/")
    text = await answer.text()
    assert answer.status == 503
    assert "make run" in text
    assert "控制台尚未构建" in text
