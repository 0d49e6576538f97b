import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdr.units import parse_band, parse_frequency


@pytest.mark.parametrize(
    ("text", "hertz"),
    [
        ("433.92M", 433_920_000.0),
        ("868.950M", 868_950_000.0),
        ("250k", 250_000.0),
        ("409750000", 409_750_000.0),
        ("1M6", 1_600_000.0),
        ("2.4Msps", 2_400_000.0),
        ("2.4MS/s", 2_400_000.0),
        ("433920kHz", 433_920_000.0),
        ("1.2G", 1_200_000_000.0),
        (" 100 ", 100.0),
        ("4e6", 4_000_000.0),
    ],
)
def test_a_frequency_is_read_as_people_write_it(text, hertz):
    assert parse_frequency(text) == hertz


@pytest.mark.parametrize(
    "text", ["", "M", "-3M", "0", "nan", "inf", "433,92M", "1M6.5", "9" * 40, "１M", "1e999999"]
)
def test_what_is_no_frequency_is_refused_with_one_line(text):
    with pytest.raises(ValueError, match="is not a frequency") as fault:
        parse_frequency(text)
    assert "\n" not in str(fault.value)


@given(st.integers(1, 10**12))
def test_every_whole_number_of_hertz_means_itself(hertz):
    assert parse_frequency(str(hertz)) == hertz
    assert parse_frequency(f"{hertz / 1e6:.6f}M") == hertz


def test_a_band_is_its_two_edges():
    assert parse_band("433M:435M") == (433e6, 435e6)


@pytest.mark.parametrize("text", ["433M", "435M:433M", "433M:433M", ":435M", "a:b", "1M:2M:3M"])
def test_what_is_no_band_is_refused(text):
    with pytest.raises(ValueError, match="is not a"):
        parse_band(text)


@given(st.text(max_size=20))
def test_no_text_makes_the_parser_fail_otherwise(text):
    value, fault = 1.0, "is not a frequency"
    try:
        value = parse_frequency(text)
    except ValueError as refused:
        fault = str(refused)
    assert value > 0
    assert "is not a frequency" in fault
