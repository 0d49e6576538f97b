"""The section ``people:``: what is read, and each fault with its place."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from monitor.config import load_setup
from monitor.faults import InputError
from monitor.people.scope import Scope

NOW = datetime(2026, 6, 7, 1, 30, tzinfo=UTC)
TEXT = """\
data_dir: v
server: {allowed_hosts: [watch.example.org]}
people:
  oidc:
    issuer: https://sso.example.org/realms/exam
    client_id: examwatch
    client_secret_file: secret
    public_url: https://Watch.example.org:443/
    roles:
      - {group: admins, role: administrator}
      - {group: east, role: radio, venues: [a, b], department: radio}
"""


@pytest.fixture
def setup(tmp_path):
    (tmp_path / "secret").write_text("s3cret\n")

    def load(old: str = "", new: str = ""):
        assert old in TEXT
        (tmp_path / "c.yml").write_text(TEXT.replace(old, new, 1), encoding="utf-8")
        return load_setup(tmp_path / "c.yml", NOW)

    return load


def test_the_section_is_read_with_its_defaults(setup):
    settings = setup().config.people.oidc.settings
    assert settings.redirect_uri == "https://watch.example.org/api/login/oidc/callback"
    assert (settings.scopes, settings.username, settings.groups) == (
        ("openid", "profile"), "preferred_username", "groups",
    )  # fmt: skip
    assert settings.allow_local
    assert settings.grant(frozenset({"east", "other"})).scope == Scope(frozenset({"a", "b"}), "radio")
    assert settings.grant(frozenset({"east", "admins"})).role == "administrator"
    assert settings.grant(frozenset({"EAST"})) is None


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            "https://sso.example.org/realms/exam",
            "http://sso.example.org",
            "c.yml:5: people.oidc.issuer: 'http://sso.example.org' is no https address",
        ),
        (
            "https://sso.example.org/realms/exam",
            "https://sso.example.org/?a=b",
            "c.yml:5: people.oidc.issuer: an issuer has neither ? nor #",
        ),
        (
            "https://sso.example.org/realms/exam",
            "'https://[::1'",
            "c.yml:5: people.oidc.issuer: 'https://[::1' is no https address",
        ),
        ("    client_id: examwatch\n", "", "c.yml:4: key 'client_id' is missing"),
        (
            "client_id: ",
            "client: x\n    client_id: ",
            "c.yml:6: unknown key 'client', did you mean 'client_id'?",
        ),
        (
            "client_secret_file: secret",
            "client_secret_file: none",
            "c.yml:7: people.oidc.client_secret_file: no such file",
        ),
        (
            "Watch.example.org:443/",
            "elsewhere.example.org",
            "c.yml:8: people.oidc.public_url: 'elsewhere.example.org' is not in server.allowed_hosts",
        ),
        (
            "Watch.example.org:443/",
            "watch.example.org/console",
            "c.yml:8: people.oidc.public_url: only scheme and host, such as https://watch.example.org",
        ),
        (
            "https://Watch.example.org:443/",
            "http://watch.example.org",
            "c.yml:8: people.oidc.public_url: 'http://watch.example.org' is no https address",
        ),
        ("role: radio", "role: boss", "c.yml:11: people.oidc.roles.1.role: Input should be 'radio'"),
        (
            "group: east",
            "group: admins",
            "c.yml:11: people.oidc.roles.1.group: 'admins' stands above already; the first line counts",
        ),
        (
            "department: radio",
            "department: nowhere",
            "c.yml:11: people.oidc.roles.1.department: there is no 'nowhere' (there is cyberspace",
        ),
        (
            "    roles:",
            "    scopes: [profile]\n    roles:",
            "c.yml:9: people.oidc.scopes: openid must be among them",
        ),
        ("    roles:", "    ca_file: secret\n    roles:", "c.yml:9: people.oidc.ca_file: "),
        ("data_dir: v\n", "data_dir: v\nauth: off\n", "c.yml:5: people.oidc: auth is off, so nobody logs in"),
    ],
)
def test_a_fault_is_one_line_with_its_place(setup, tmp_path, old, new, told):
    with pytest.raises(InputError) as caught:
        setup(old, new)
    lines = [str(fault).replace(f"{tmp_path}/", "") for fault in caught.value.faults]
    assert any(line.startswith(told) for line in lines), lines
    assert all("\n" not in line and "s3cret" not in line for line in lines)


def test_an_empty_secret_and_a_venue_that_the_timetable_does_not_know_are_told(setup, tmp_path):
    (tmp_path / "secret").write_text("\n")
    (tmp_path / "t.yml").write_text(
        "time_zone: UTC\nvenues: [{id: a}]\nexams: [{id: e, sessions: ["
        "{id: s, start: 2026-06-07 09:00, end: 2026-06-07 10:00}]}]\n"
    )
    with pytest.raises(InputError) as caught:
        setup("data_dir: v\n", "data_dir: v\ntimetable: t.yml\n")
    lines = [str(fault).replace(f"{tmp_path}/", "") for fault in caught.value.faults]
    assert sorted(lines) == [
        "c.yml:12: people.oidc.roles.1.venues: 'b' is not in the timetable",
        "c.yml:8: people.oidc.client_secret_file: secret: file cannot be read / 文件无法读取 "
        "(one line of text is wanted)",
    ]
