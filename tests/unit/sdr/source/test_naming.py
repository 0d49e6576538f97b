from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdr.source.naming import read_name


@pytest.mark.parametrize(
    ("stem", "rate_hz", "center_hz"),
    [
        ("g001_433.92M_250k", 250e3, 433.92e6),
        ("rtlsdr_868.950M_1M6_samples2", 1.6e6, 868.95e6),
        ("g001_2.4M_433.92M", 2.4e6, 433.92e6),
        ("g007_315M_1024k", 1.024e6, 315e6),
        ("gfile001", None, None),
        ("TFA-Twin-Plus-30.3049__01__gfile001", None, None),
        ("ca03_9k6", 9600.0, None),
        ("vdl2_model_16b_1050kHz", 1.05e6, None),
        ("SDRSharp_20150804_204602Z_433920000Hz_IQ", None, 433.92e6),
        ("HDSDR_20150804_204602Z_1050kHz_RF", None, 1.05e6),
        ("gqrx_20260607_013210_433920000_2400000_fc", 2.4e6, 433.92e6),
        ("SDRSharp_20230608_120000Z_7100000Hz_IQ", None, 7.1e6),
        ("07-Jun-2026 013210.123 9.500MHz 000", None, 9.5e6),
        ("baseband_433920000Hz_01-32-10_07-06-2026", None, 433.92e6),
        ("2026-06-07_01-32-10_2400000SPS_433920000Hz", 2.4e6, 433.92e6),
        ("RTL-SDR-20260607_013210-433_92MHz-2MSps-2MHz", 2e6, 433.92e6),
        ("HackRF-20260607_013210-868MHz-1_6MSps-1MHz", 1.6e6, 868e6),
        ("x_0M_0k", None, None),
    ],
)
def test_a_name_tells_rate_and_centre(stem, rate_hz, center_hz):
    facts = read_name(stem)
    assert (facts.rate_hz, facts.center_hz) == (rate_hz, center_hz)


def test_a_name_tells_its_time_only_where_it_says_utc():
    assert read_name("gqrx_20260607_013210_433920000_2400000_fc").started_at == datetime(
        2026, 6, 7, 1, 32, 10, tzinfo=UTC
    )
    assert read_name("HDSDR_20150804_204602Z_433920kHz_RF").started_at == datetime(
        2015, 8, 4, 20, 46, 2, tzinfo=UTC
    )
    assert read_name("x_20150804_204602_433M").started_at is None
    assert read_name("x_20151340_204602Z_433M").started_at is None


@given(st.text(max_size=60))
def test_no_name_is_a_fault(stem):
    facts = read_name(stem)
    assert facts.rate_hz is None or facts.rate_hz > 0
