"""What people see: plain tables, times and, on a terminal that wants it, the colour of a state."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import click

COLOURS = {
    "pending": "yellow",
    "approved": "cyan",
    "applying": "cyan",
    "active": "green",
    "reverting": "magenta",
    "failed": "red",
    "rejected": "red",
}


def coloured() -> bool:
    """True on a terminal that did not ask for plain text (https://no-color.org)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def paint(text: str, colour: str | None) -> str:
    """The text in a colour where colours are wanted."""
    return click.style(text, fg=colour) if colour and coloured() else text


def state_text(state: str, outcome: str | None = None) -> str:
    """A state in its colour; `closed (unproven)` in red where nobody could read that it is gone."""
    if outcome == "unproven":
        return paint(f"{state} ({outcome})", "red")
    return paint(state, COLOURS.get(state))


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Columns aligned by spaces, two between them, one line a row; the last column is not padded."""
    lines = [list(heads), *(list(row) for row in rows)]
    widths = [max(len(click.unstyle(line[column])) for line in lines) for column in range(len(heads))]
    return "".join(
        "  ".join(
            cell + " " * (width - len(click.unstyle(cell))) for cell, width in zip(line, widths, strict=True)
        ).rstrip()
        + "\n"
        for line in lines
    )


def instant(at: datetime | str | None, none: str = "-") -> str:
    """A time in UTC to the second."""
    if at is None:
        return none
    moment = datetime.fromisoformat(at) if isinstance(at, str) else at
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def as_json(value: Any) -> str:
    """JSON for programs, as the API gave it."""
    return json.dumps(value, indent=2, ensure_ascii=False)
