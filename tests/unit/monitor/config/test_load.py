from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitor.config import load_config, load_setup
from monitor.config.link import Link
from monitor.faults import InputError
from rules.text.bank import Bank, Item, new_key, write_key

NOW = datetime(2026, 6, 7, 1, 30, tzinfo=UTC)
CONFIGS = Path(__file__).parents[4] / "configs"


def faults(path: Path) -> list[str]:
    with pytest.raises(InputError) as caught:
        load_setup(path, NOW)
    return [str(fault).replace(f"{path.parent}/", "") for fault in caught.value.faults]


@pytest.fixture
def config(tmp_path):
    def write(text: str) -> Path:
        path = tmp_path / "c.yml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_paths_start_from_the_files_own_folder(config, tmp_path):
    (tmp_path / "r.cs16").write_bytes(b"\0" * 8)
    found = load_config(
        config("data_dir: var\nqueue: {url: sqlite:q/q.db}\nsensors: [{id: s, source: r.cs16}]\n")
    )
    assert found.data_dir == tmp_path / "var"
    assert found.queue_url == f"sqlite:{tmp_path}/q/q.db"
    assert found.store_url == f"sqlite:{tmp_path}/var/store.db"
    assert found.sensors[0].source == str(tmp_path / "r.cs16")


def test_frequencies_read_as_people_write_them(config):
    found = load_config(
        config("data_dir: v\nsensors: [{id: s, source: rtl:0, bands: ['433M:434.8M'], center_hz: 433.92M}]\n")
    )
    band = found.sensors[0].bands[0]
    assert (band.low_hz, band.high_hz, found.sensors[0].center_hz) == (433e6, 434.8e6, 433.92e6)


def test_every_fault_of_every_file_is_told_at_once(config, tmp_path):
    (tmp_path / "t.yml").write_text(
        "time_zone: Mars/Olympus\nvenues: [{id: v}]\nexams: [{id: e, sessions: ["
        "{id: s, start: 2026-06-07 09:00, end: 2026-06-07 10:00}]}]\n"
    )
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "bad.yml").write_text("id: x\nid: y\n")
    path = config(
        """\
data_dir: var
timetable: t.yml
rules: {dirs: [rules]}
sources:
  - {kind: feed, id: a, url: "ftp://x"}
  - {kind: fed, id: b}
"""
    )
    found = faults(path)
    assert [line for line in found if line.startswith("t.yml:1: unknown time zone")]
    assert [line for line in found if line.startswith("rules/bad.yml:2:")]
    assert [line for line in found if line.startswith("c.yml:5: sources.0.url")]
    assert [line for line in found if line.startswith("c.yml:6: sources.1.kind")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("server: {port: 8440}\n", "c.yml:1: key 'data_dir' is missing"),
        ("data_dir: v\nserver: {prot: 1}\n", "c.yml:2: unknown key 'prot', did you mean 'port'?"),
        ("data_dir: v\nserver: {port: '8440'}\n", "c.yml:2: server.port: Input should be a valid integer"),
        (
            "data_dir: v\nserver: {port: 99999}\n",
            "c.yml:2: server.port: Input should be less than or equal to 65535",
        ),
        ("data_dir: v\ndata_dir: w\n", "c.yml:2: key 'data_dir' stands twice (first in line 1)"),
        (
            "data_dir: v\nsensors:\n  - {id: s, source: none.cu8}\n",
            "c.yml:3: sensors.0.source: no such file: none.cu8",
        ),
        (
            "data_dir: v\nsensors: [{id: s, source: rtl:0, bands: [433M]}]\n",
            "c.yml:2: sensors.0.bands.0: '433M' is not a band: write LOW:HIGH, such as 433M:435M",
        ),
        (
            "data_dir: v\nstore: {url: 'postgresql://me:secret@h/d'}\n",
            "c.yml:2: store.url: a password stands in password_file, not in the URL",
        ),
        (
            "data_dir: v\nqueue: {url: 'nats://h'}\n",
            "c.yml:2: queue.url: no queue of kind 'nats:' (sqlite:, memory: or nats:)",
        ),
        (
            "data_dir: v\nsensors:\n  - {id: s, source: rtl:0}\n  - {id: s, source: rtl:1}\n",
            "c.yml:4: sensor 's' stands twice (first in line 3)",
        ),
        ("data_dir: v\ntimetable: none.yml\n", "none.yml: cannot be read: No such file or directory"),
    ],
)
def test_a_fault_is_told_with_its_place(config, text, expected):
    assert expected in faults(config(text))


def test_a_password_in_a_url_is_not_printed(config):
    assert "secret" not in "".join(
        faults(config("data_dir: v\nstore: {url: 'postgresql://me:secret@h/d'}\n"))
    )


def test_a_sensor_at_a_venue_that_the_timetable_does_not_know_is_refused(config, tmp_path):
    (tmp_path / "t.yml").write_text(
        "time_zone: UTC\nvenues: [{id: v}]\nexams: [{id: e, sessions: ["
        "{id: s, start: 2026-06-07 09:00, end: 2026-06-07 10:00}]}]\n"
    )
    path = config("data_dir: d\ntimetable: t.yml\nsensors: [{id: s, venue: w, source: rtl:0}]\n")
    assert faults(path) == ["c.yml:3: venue 'w' is not in the timetable t.yml"]


@pytest.mark.parametrize("name", ["examwatch.yml", "demo.yml"])
def test_the_shipped_configurations_have_no_fault(name):
    assert load_setup(CONFIGS / name, NOW).timetable.sessions


def test_the_commented_configuration_shows_every_option_there_is():
    from monitor.config.model import Config

    text = (CONFIGS / "examwatch.yml").read_text(encoding="utf-8")
    schema = Config.model_json_schema()
    tables = [schema, *schema["$defs"].values()]
    keys = {key for table in tables for key in table.get("properties", {})} - {"low_hz", "high_hz"}
    assert [key for key in sorted(keys) if f"{key}:" not in text] == []


@pytest.mark.parametrize(
    ("host", "n_faults"), [("127.0.0.1", 0), ("localhost", 0), ("0.0.0.0", 1), ("::", 1)]
)
def test_logins_are_on_and_can_be_off_on_this_machine_alone(config, host, n_faults):
    assert load_config(config("data_dir: v\n")).auth == "on"
    path = config(f"auth: off\ndata_dir: v\nserver: {{host: '{host}'}}\n")
    assert (len(faults(path)) if n_faults else len(load_setup(path, NOW).sources)) == n_faults


def test_a_bank_is_read_with_its_key_and_a_wrong_one_is_a_fault_with_its_place(config, tmp_path):
    keys = [new_key(), new_key()]
    bank, _ = Bank.build(
        [Item("1", "在三角形中角甲乙丙所对的边分别为三四五求面积的最大值并说明理由")], keys[0]
    )
    bank.save(tmp_path / "june.bank")
    for number, key in enumerate(keys):
        write_key(tmp_path / f"{number}.key", key)
    text = "data_dir: v\nbank: {file: june.bank, key_file: NUMBER.key}\n"
    found = load_setup(config(text.replace("NUMBER", "0")), NOW)
    assert found.bank is not None
    assert found.bank.items == ("1",)
    (fault,) = faults(config(text.replace("NUMBER", "1")))
    assert fault.startswith("june.bank:1: the key is another one")


def test_a_form_for_tips_needs_a_box_to_fill(config):
    path = config("data_dir: var\ntips: {source: hot}\nsources:\n  - {kind: tips, id: box, path: box}\n")
    assert faults(path) == ["c.yml:2: no source of kind 'tips' is called 'hot' (there is box)"]


def test_no_secret_stands_in_the_address_of_the_link():
    with pytest.raises(ValueError, match="credentials_file"):
        Link.model_validate({"url": "nats://edge:t0psecret@hub:4222"})
