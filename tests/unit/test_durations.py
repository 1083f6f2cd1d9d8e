"""Durations: what ISO 8601 text is taken, what is refused and how it is said."""

from __future__ import annotations

from datetime import timedelta

import pytest
from marshmallow import Schema, ValidationError

from portal.durations import LONGEST, format_duration, parse_duration, words
from portal.fields import Duration


class Envelope(Schema):
    duration = Duration(allow_none=True)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("PT30M", timedelta(minutes=30)),
        ("P14D", timedelta(days=14)),
        ("P2W", timedelta(days=14)),
        ("P1DT12H", timedelta(hours=36)),
        ("P1W2D", timedelta(days=9)),
        ("PT1H30M5S", timedelta(seconds=5405)),
        ("PT0.5H", timedelta(minutes=30)),
        ("PT90S", timedelta(seconds=90)),
        ("PT3S", timedelta(seconds=3)),
        ("P36500D", LONGEST),
    ],
)
def test_iso_8601_is_read(text: str, meant: timedelta) -> None:
    assert parse_duration(text) == meant


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("P1M", "counts months or years"),
        ("P1Y", "counts months or years"),
        ("P1Y2M3DT4H", "counts months or years"),
        ("P0001-01-01T00:00:00", "counts months or years"),
        ("-PT5M", "is negative"),
        ("-P1M", "is negative"),
        ("PT0S", "no time at all"),
        ("P0D", "no time at all"),
        ("PT0.5S", "write whole seconds"),
        ("P36501D", "longer than a hundred years"),
        (f"P{'9' * 400}D", "longer than a hundred years"),
        ("P", "is not a duration"),
        ("PT", "is not a duration"),
        ("P1DT", "is not a duration"),
        ("", "is not a duration"),
        ("30", "is not a duration"),
        ("30 minutes", "like PT30M (30 minutes)"),
        ("pt30m", "did you mean 'PT30M'?"),
        (" PT30M", "did you mean 'PT30M'?"),
        ("PT30M\n", "did you mean 'PT30M'?"),
        ("2026-01-01/P1D", "is not a duration"),
    ],
)
def test_anything_else_is_refused_with_a_sentence(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=r"\.$") as refused:
        parse_duration(text)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("duration", "iso", "said"),
    [
        (timedelta(minutes=30), "PT30M", "30 minutes"),
        (timedelta(hours=1), "PT1H", "1 hour"),
        (timedelta(hours=24), "P1D", "1 day"),
        (timedelta(days=90), "P90D", "90 days"),
        (timedelta(hours=36, seconds=1), "P1DT12H1S", "1 day 12 hours 1 second"),
        (timedelta(0), "PT0S", "0 seconds"),
    ],
)
def test_durations_are_written_for_machines_and_people(duration: timedelta, iso: str, said: str) -> None:
    assert (format_duration(duration), words(duration)) == (iso, said)
    if duration:
        assert parse_duration(iso) == duration


def test_the_field_reads_and_writes_iso_8601() -> None:
    schema = Envelope()
    assert schema.load({"duration": "PT30M"}) == {"duration": timedelta(minutes=30)}
    assert schema.dump({"duration": timedelta(minutes=30)}) == {"duration": "PT30M"}
    assert schema.load({"duration": None}) == schema.dump({"duration": None}) == {"duration": None}


@pytest.mark.parametrize("value", ["P1M", 30, True, ["PT30M"], {}])
def test_the_field_refuses_with_a_sentence(value: object) -> None:
    with pytest.raises(ValidationError, match=r"PT30M|P30D"):
        Envelope().load({"duration": value})
