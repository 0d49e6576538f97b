from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdr.source import SourceError, open_source
from sdr.source.world import MODULATIONS, Emitter, WorldError, parse_world

WORLDS = Path(__file__).parents[4] / "configs" / "worlds"

GOOD = """\
rate: 2.4M
center: 433.92M
seconds: 2
emitters:
  - {frequency: 433.95M, snr_db: 15, modulation: nfm, start: 1, stop: 3}
"""


def faults_of(text):
    with pytest.raises(WorldError) as fault:
        parse_world(text, "w.yml")
    assert str(fault.value).startswith(fault.value.faults[0])
    assert "\n" not in str(fault.value)
    return list(fault.value.faults)


def test_a_world_is_read_with_its_units():
    world = parse_world(GOOD, "w.yml")
    assert (world.rate, world.center, world.seconds) == (2.4e6, 433.92e6, 2.0)
    assert world.emitters == (Emitter(433.95e6, "nfm", snr_db=15.0, start=1.0, stop=3.0),)


def test_every_fault_is_told_with_its_line():
    text = """\
rate: fast
seconds: -1
nois_dbfs: -40
emitters:
  - {frequency: 433M, modulation: morse, snr_db: 3}
  - frequency: 433M
    modulation: nfm
    snr_db: 10
    level_dbfs: -20
    stop: 2
    start: 3
  - {frequency: 433M, modulation: am, snr_db: 1, period: 3}
  - {frequency: 433M, modulation: am, snr_db: 1, period: 3, burst: 2, jitter: 2}
  - text
"""
    faults = faults_of(text)
    starts = [fault.split(": ")[0] + ": " + " ".join(fault.split(": ")[1:])[:28] for fault in faults]
    assert [fault.split(":")[1] for fault in faults] == [
        "1",
        "2",
        "3",
        "1",
        "5",
        "6",
        "6",
        "12",
        "13",
        "14",
    ], starts
    assert "'fast' is not a frequency" in faults[0]
    assert "nois_dbfs is not known" in faults[2]
    assert "center is missing" in faults[3]
    assert "must be one of carrier, am" in faults[4]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("rate: 1M\nrate: 2M\n", "w.yml:2: found duplicate key"),
        ("rate: [1\n", "w.yml:"),
        ("- 1\n", "w.yml:1: a world is a mapping"),
        ("", "w.yml:1: a world is a mapping"),
        ("rate: 1M\ncenter: 1M\nemitters: 3\n", "w.yml:3: emitters must be a list"),
        ("rate: 1M\ncenter: true\n", "w.yml:2: center"),
    ],
)
def test_what_is_no_world_says_so(text, why):
    assert faults_of(text)[0].startswith(why)


@given(st.text(alphabet="abcrate: -{}[]1M\n&*!#'\"|>", max_size=80))
def test_no_text_makes_the_reader_fail_otherwise(text):
    fault = ""
    try:
        parse_world(text, "w.yml")
    except WorldError as refused:
        fault = str(refused)
    assert fault.startswith("w.yml:")
    assert "\n" not in fault


def test_a_world_that_is_not_there_says_so(tmp_path):
    with pytest.raises(SourceError, match=r"none\.yml: No such file"):
        open_source(f"synth:{tmp_path / 'none.yml'}")
    (tmp_path / "bytes.yml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SourceError, match="not UTF-8"):
        open_source(f"synth:{tmp_path / 'bytes.yml'}")


def test_the_modulations_are_those_that_emissions_name_and_two_more():
    assert {"carrier", "am", "nfm", "wfm", "ook", "fsk2", "fsk4", "wideband"} < set(MODULATIONS)


@pytest.mark.parametrize("path", sorted(WORLDS.glob("*.yml")), ids=lambda path: path.stem)
def test_every_world_that_is_shipped_can_be_opened_and_holds_something(path):
    source = open_source(f"synth:{path}")
    assert len(source.truth()) >= 3
    assert len(source.read(1000).iq) == 1000
