"""Licence lists as offices export them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdr.survey.licences import LicenceError, licence_at, parse_licences, read_licences

CHINESE = (
    "序号,台站名称,频率(MHz),带宽(kHz),业务类别\n"
    "1,市出租车公司,409.75,12.5,陆地移动\n"
    "2,电视台,538,8000,广播\n"
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_a_chinese_list_is_read_in_any_encoding_it_comes_in(tmp_path, encoding) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes(CHINESE.encode(encoding))
    found, faults = read_licences(path)
    assert faults == []
    assert [(one.name, one.low_hz, one.high_hz, one.service) for one in found] == [
        ("市出租车公司", 409.74375e6, 409.75625e6, "陆地移动"),
        ("电视台", 534e6, 542e6, "广播"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "name;frequency;emission\nTaxi;409.75M;12K5F3E\n",
        "Station Name\tFreq_MHz\tBandwidth (kHz)\nTaxi\t409.75\t12.5\n",
        "licensee,frequency (Hz),bandwidth (Hz)\nTaxi,409750000,12500\n",
        "name,freq,bw\nTaxi,409750,12.5\n",
        "使用单位,起始频率(MHz),终止频率(MHz)\nTaxi,409.74375,409.75625\n",
        "名称,频率/MHz\nTaxi,409.74375-409.75625\n",
    ],
)
def test_english_and_odd_headings_mean_the_same_station(text) -> None:
    (one,), faults = parse_licences(text, "l.csv")
    assert faults == []
    assert (one.name, one.low_hz, one.high_hz) == ("Taxi", 409.74375e6, 409.75625e6)


def test_a_bad_row_is_told_by_its_line_and_the_rest_is_used() -> None:
    found, faults = parse_licences("name,frequency\nA,169\nB,soon\nC,\nD,170\n", "l.csv")
    assert [one.name for one in found] == ["A", "D"]
    assert [fault.split(": ")[0] for fault in faults] == ["l.csv:3", "l.csv:4"]


@pytest.mark.parametrize(("text", "told"), [("", "empty"), ("a,b\n1,2\n", "no column of frequencies")])
def test_a_list_without_frequencies_is_refused(text, told) -> None:
    with pytest.raises(LicenceError, match=told):
        parse_licences(text, "l.csv")


def test_a_missing_list_is_named(tmp_path) -> None:
    with pytest.raises(LicenceError, match=r"none\.csv: No such file"):
        read_licences(tmp_path / "none.csv")


def test_a_carrier_in_a_television_channel_is_not_named_after_the_channel() -> None:
    found, _ = parse_licences(CHINESE, "l.csv")
    assert licence_at(found, 536e6, 12e3) is None
    whole = licence_at(found, 538e6, 7.6e6)
    assert whole is not None
    assert whole.name == "电视台"


def test_a_station_is_named_in_its_own_channel_and_at_its_own_width_only() -> None:
    found, _ = parse_licences(CHINESE, "l.csv")
    named = licence_at(found, 409.7505e6, 11e3)
    assert named is not None
    assert named.name == "市出租车公司"
    assert licence_at(found, 409.80e6, 11e3) is None
    assert licence_at(found, 409.75e6, 200e3) is None


@given(st.floats(25, 1700))
def test_a_station_is_found_at_its_own_frequency(mhz: float) -> None:
    found, _ = parse_licences(f"name,frequency_mhz\nX,{mhz!r}\n", "l.csv")
    assert licence_at(found, mhz * 1e6, 10e3) is not None
