"""Files of comma-separated values, sent line by line as they are read, safe to open as a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import chain
from typing import Any

from flask import Response

MOST_ROWS = 100_000
# A spreadsheet computes what begins so.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_LINES = 200


def csv_response(name: str, head: Sequence[str], rows: Iterable[Sequence[Any]]) -> Response:
    """A download of rows under a head; the rows are read while it is sent."""
    response = Response(_texts(chain([head], rows)), content_type="text/csv; charset=utf-8")
    response.headers.set("Content-Disposition", "attachment", filename=name)
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"
    return response


def cell(value: Any) -> str:
    """A value as a cell: times in UTC, several values with spaces between, and no text that computes."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    text = " ".join(value) if isinstance(value, list | tuple) else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _texts(rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    for number, row in enumerate(rows):
        writer.writerow([cell(value) for value in row])
        # The head goes at once, so that whoever waits sees that it begins.
        if number % _LINES == 0:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()
