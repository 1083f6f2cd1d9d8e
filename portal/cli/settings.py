"""`meshdesk settings`: every setting as a table; docs/settings.md holds the same, and a test holds it to this."""

from __future__ import annotations

from dataclasses import fields
from datetime import timedelta
from typing import Any

import click

from portal.config import Config
from portal.durations import format_duration


@click.command()
def settings() -> None:
    """Print every setting, its default and what it is for, as a Markdown table."""
    click.echo(settings_table(), nl=False)


def settings_table() -> str:
    """One row a setting, in the order of `Config`."""
    rows = [(f"`{one.metadata['variable']}`", _shown(one.default), one.metadata["words"]) for one in fields(Config)]
    lines = [("variable", "default", "what it is for"), ("---", "---", "---"), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _shown(default: Any) -> str:
    if default in (None, ""):
        return "none"
    return f"`{format_duration(default) if isinstance(default, timedelta) else default}`"
