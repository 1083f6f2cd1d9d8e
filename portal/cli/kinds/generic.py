"""`request generic`: anything else, for the platform's operators."""

from __future__ import annotations

from typing import Any

import click

OPTIONS = (
    click.option("--title", required=True, help="What you need, in one line."),
    click.option("--text", required=True, help="All that the operators must know."),
)


def fields(given: dict[str, Any]) -> dict[str, Any]:
    """The fields of the request."""
    return {name: given[name] for name in ("title", "text")}
