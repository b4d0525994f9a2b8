"""Numbers as people write them."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphs.tools.numbers import Number, Style, from_float, read, style_of, write

AMOUNTS = st.decimals(-(10**12), 10**12, allow_nan=False, places=2)


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("1,234", "1234", ""),
        ("1 234,50 €", "1234.50", "€"),
        ("1\u202f234,50\u00a0€", "1234.50", "€"),
        ("12%", "12", "%"),
        ("(300)", "-300", ""),
        ("(300,00) €", "-300", "€"),
        ("(5 €)", "-5", "€"),
        ("−5", "-5", ""),
        ("300-", "-300", ""),
        ("1'234.50", "1234.50", ""),
        ("$1,234.50", "1234.50", "$"),
        ("EUR 5", "5", "EUR"),
        ("1.234.567", "1234567", ""),
        ("12,5", "12.5", ""),
        ("0,123", "0.123", ""),
        (".5", "0.5", ""),
        ("1.2e5", "120000", ""),
        ("12 ms", "12", "ms"),
        ("1,23,456", "123456", ""),
    ],
)
def test_a_number_is_read_as_it_was_meant(text: str, value: str, unit: str):
    assert read(text) == Number(Decimal(value), unit)


@pytest.mark.parametrize(
    "text",
    ["", "n/a", "T1", "2026-07-01", "1-2", "1.2.3", "10.0.0.1", "+49 30 1234", "(-5)", "1,2,3",
     "5 apples", "1e400", "9" * 60, "12:30", "v1.2"],
)  # fmt: skip
def test_what_is_no_number_is_not_read_as_one(text: str):
    assert read(text) is None


def test_a_column_tells_what_its_commas_mean():
    assert style_of(["1.234", "5,5"]) is Style.comma
    assert style_of(["1,234", "1.5"]) is Style.point
    assert style_of(["1.234", "12"]) is None
    assert read("1.234", Style.comma) == Number(Decimal(1234))


@given(AMOUNTS)
def test_what_is_written_is_read_back(amount: Decimal):
    found = read(write(amount))
    assert found is not None
    assert found.value == amount


@given(AMOUNTS)
def test_english_and_german_writing_say_the_same(amount: Decimal):
    english = f"{amount:,.2f}"
    german = english.translate(str.maketrans(",.", ".,"))
    assert read(english) == read(german, Style.comma) == Number(amount)


@given(st.text(max_size=30))
def test_no_text_breaks_the_reader(text: str):
    found = read(text)
    assert found is None or found.value.is_finite()


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e12, max_value=1e12))
def test_a_double_is_written_without_its_dust(value: float):
    assert len(write(from_float(value)).lstrip("-").replace(".", "").strip("0")) <= 15


def test_a_sum_of_doubles_has_no_dust():
    assert write(from_float(0.1 + 0.2)) == "0.3"
