"""The notify section: what is wrong in it is one line with its place."""

from __future__ import annotations

import pytest

from monitor.config import load_setup
from monitor.faults import InputError
from tests.unit.monitor.store.test_personal import NOW

GOOD = """\
data_dir: d
notify:
  receivers:
    - {id: duty, kind: webhook, url: "http://x.test/", secret_file: key}
    - {id: group, kind: wecom, url_file: key}
  route:
    receiver: duty
    group_by: [venue]
    routes:
      - {match: ['level=~"low|medium"'], receiver: group, group_interval_s: 600, continue: true}
  inhibit:
    - {source: [kind=correlation], target: [kind=radio], equal: [venue]}
"""


@pytest.fixture
def load(tmp_path):
    (tmp_path / "key").write_text("secret")

    def load(text: str):
        (tmp_path / "c.yml").write_text(text)
        return load_setup(tmp_path / "c.yml", NOW)

    return load


def test_a_route_inherits_what_it_does_not_say(load):
    notify = load(GOOD).config.notify
    assert notify is not None
    (child,) = notify.tree.routes
    assert (child.receiver, child.group_by, child.goes_on) == ("group", ("venue",), True)
    assert (child.group_interval.total_seconds(), child.group_wait.total_seconds()) == (600, 10)
    assert (notify.tree.path, child.path) == ("0", "0.0")
    assert notify.inhibitions[0].equal == ("venue",)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("receiver: group", "receiver: grup", "there is no receiver 'grup'"),
        ("    receiver: duty\n", "", "the topmost route needs a receiver"),
        ("level=~", "level=~(", "not an expression that can be run safely"),
        (", secret_file: key", "", "a webhook needs secret_file"),
        ("url_file: key", 'url_file: key, url: "http://y.test/"', "either url or url_file"),
        ("url_file: key", "url_file: gone", "no such file"),
        ("id: group", "id: duty", "receiver 'duty' stands twice"),
        ("url_file: key", "url_file: key, fallback: group", "fall"),
        ("kind: wecom", "kind: wecon", "c.yml:5"),
        ("http://x.test/", "ftp://x.test/", "no http or https address"),
        ("group_interval_s: 600", "group_interval: 600", "c.yml:10"),
    ],
)
def test_each_fault_is_told_with_its_place(load, old, new, told):
    with pytest.raises(InputError) as refused:
        load(GOOD.replace(old, new))
    assert told in str(refused.value)
    assert "c.yml:" in str(refused.value)


def test_a_roster_that_names_what_there_is_not_is_told_at_its_line(tmp_path):
    (tmp_path / "r.yml").write_text(
        "time_zone: Asia/Shanghai\n"
        "people: [{id: wang, name: Wang, receivers: [mail]}]\n"
        "shifts: [{department: duty, people: [wang]}, {department: navy, people: [wang]}]\n",
        encoding="utf-8",
    )
    (tmp_path / "c.yml").write_text(
        "data_dir: var\n"
        "notify:\n"
        '  receivers: [{id: room, kind: wecom, url: "http://a.test/"}]\n'
        "  route: {receiver: room}\n"
        "duty:\n"
        "  roster: r.yml\n"
        "  escalation:\n"
        "    - steps:\n"
        "        - {after_min: 1, to: [duty]}\n"
        "        - {after_min: 2, to: [police]}\n",
        encoding="utf-8",
    )
    with pytest.raises(InputError) as told:
        load_setup(tmp_path / "c.yml", NOW)
    assert [line.removeprefix(f"{tmp_path}/") for line in str(told.value).splitlines()] == [
        f"c.yml:6: {tmp_path}/r.yml: there is no department 'navy'",
        f"c.yml:6: {tmp_path}/r.yml: there is no receiver 'mail' (there is room)",
        "c.yml:10: the roster knows nobody of 'police' (there is duty, navy)",
    ]
