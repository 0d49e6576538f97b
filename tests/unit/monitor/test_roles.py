from __future__ import annotations

from datetime import UTC, datetime

import pytest

from monitor.config import Setup, load_setup
from monitor.faults import InputError
from monitor.roles import Role, narrowed

WHOLE = """\
data_dir: var
link: {url: "nats://127.0.0.1:4222", node: n1}
sensors: [{id: s, source: rtl:0}]
sources: [{kind: feed, id: f, url: "https://example.org/feed.xml"}]
notify: {receivers: [{id: duty, kind: wecom, url_file: hook.url}], route: {receiver: duty}}
"""


@pytest.fixture
def setup(tmp_path):
    def load(text: str = WHOLE) -> Setup:
        (tmp_path / "c.yml").write_text(text)
        (tmp_path / "hook.url").write_text("https://example.org/hook")
        return load_setup(tmp_path / "c.yml", datetime.now(UTC))

    return load


def test_one_configuration_serves_all_roles(setup):
    whole = setup()
    assert narrowed(whole, Role.all) is whole
    kept = {}
    for role in (Role.sensor, Role.crawler, Role.hub):
        part = narrowed(whole, role)
        kept[role] = (len(part.config.sensors), len(part.sources), part.config.notify is not None)
    assert kept == {Role.sensor: (1, 0, False), Role.crawler: (0, 1, False), Role.hub: (0, 0, True)}


@pytest.mark.parametrize(
    ("role", "without", "expected"),
    [
        (Role.hub, "link", "role 'hub' needs the section 'link'"),
        (Role.sensor, "sensors", "role 'sensor' needs 'sensors', and there are none"),
        (Role.crawler, "sources", "role 'crawler' needs 'sources', and there are none"),
    ],
)
def test_what_a_role_needs_is_named(setup, role, without, expected):
    text = "".join(line for line in WHOLE.splitlines(keepends=True) if not line.startswith(without))
    with pytest.raises(InputError, match=expected):
        narrowed(setup(text), role)


def test_a_node_is_called_as_its_site_where_nothing_else_is_said(setup):
    assert setup().config.node == "n1"
    assert setup("site: {id: school.7}\ndata_dir: v\nlink: {}\n").config.node == "school-7"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("data_dir: v\nlink: {url: 'http://h'}\n", "no link of kind 'http:'"),
        ("data_dir: v\nlink: {node: a.b}\n", "link.node"),
        ("data_dir: v\nqueue: {url: 'nats:'}\n", "c.yml:2: a queue in nats: needs the section 'link'"),
        ("data_dir: v\nlink: {ca_file: none.pem}\n", "no such file"),
    ],
)
def test_a_wrong_link_is_told_with_its_place(setup, text, expected):
    with pytest.raises(InputError) as caught:
        setup(text)
    assert expected in str(caught.value)
