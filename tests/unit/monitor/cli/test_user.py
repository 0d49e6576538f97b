from __future__ import annotations

import json

import pytest

from monitor.people.passwords import fits
from monitor.people.register import Register
from monitor.store import Store
from tests.unit.monitor.cli.test_commands import examwatch

__all__ = ["examwatch"]


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "s.db"
    Store(f"sqlite:{path}").close()
    return path


def test_a_person_is_added_given_another_role_and_shut_out(examwatch, path):
    code, out, _ = examwatch("user", "add", "li", "--role", "administrator", "--store", path)
    assert code == 0
    store = Store(f"sqlite:{path}")
    found = Register(store).find("li")
    store.close()
    assert found is not None
    assert fits(out.strip(), found[1])
    assert examwatch("user", "add", "wang", "--role", "analyst", "--store", path)[0] == 0
    assert examwatch("user", "role", "wang", "auditor", "--store", path) == (0, "", "")
    assert examwatch("user", "disable", "wang", "--store", path) == (0, "", "")
    _, listed, _ = examwatch("user", "list", "--store", path)
    people = {row["name"]: row for row in map(json.loads, listed.splitlines())}
    assert (people["wang"]["role"], people["wang"]["disabled"]) == ("auditor", True)
    assert "hash" not in listed
    assert examwatch("user", "disable", "wang", "--undo", "--store", path)[0] == 0
    assert examwatch("user", "password", "wang", "--store", path)[1].strip() != ""


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (("role", "nobody", "auditor"), "nobody: there is no 'nobody'"),
        (("disable", "li"), "li: 'li' is the last administrator"),
        (("add", "li", "--role", "radio"), "li: there is a 'li' already"),
    ],
)
def test_what_cannot_be_is_one_line_and_exit_code_2(examwatch, path, command, message):
    examwatch("user", "add", "li", "--role", "administrator", "--store", path)
    assert examwatch("user", *command, "--store", path) == (2, "", f"{message}\n")


def test_a_person_is_handed_over_to_a_provider_and_has_no_password_any_more(examwatch, path):
    for name, role in (("li", "administrator"), ("wang", "analyst")):
        assert examwatch("user", "add", name, "--role", role, "--store", path)[0] == 0
    given = ("--issuer", "https://sso.example", "--subject", "7f3c", "--store", path)
    assert examwatch("user", "link", "wang", *given) == (0, "", "")
    told = "wang: 'wang' logs in at https://sso.example: role, scope and password are kept there\n"
    assert examwatch("user", "password", "wang", "--store", path) == (2, "", told)
    assert examwatch("user", "link", "li", *given) == (
        2, "", "li: that subject of https://sso.example is 'wang' already\n",
    )  # fmt: skip
