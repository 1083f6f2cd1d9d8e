"""`meshdesk history`: what was asked before that is like a ticket, who decided on it and how it ended."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from portal.cli.client import Desk, with_desk
from portal.cli.output import as_json, instant, state_text
from portal.cli.page import ending_text
from portal.cli.reading import json_option
from portal.cli.words import time_text
from portal.wording import field_text


@click.command()
@click.argument("ref")
@json_option
@with_desk
def history(desk: Desk, /, *, ref: str, plain: bool) -> None:
    """Show earlier tickets like REF: the same, or of the same kind on some of the same targets."""
    found = list(desk.items(f"/tickets/{ref}/history"))
    if plain:
        click.echo(as_json(found))
        return
    click.echo("\n\n".join("\n".join(_lines(one)) for one in found) or f"Nothing like {ref} was asked before.")


def _lines(one: dict[str, Any]) -> Iterator[str]:
    alike = "the same" if one["same"] else "a target in common"
    yield f"{one['ref']}  {state_text(one['state'])}  {alike}, by {one['requester']}, {instant(one['created_at'])}"
    yield f"  reason   {one['reason']}"
    yield f"  asked    {_content(one['asked'])}"
    if one["granted"]:
        yield f"  granted  {_content(one['granted'])}"
    for decision in one["decisions"]:
        note = f", {decision['note']}" if decision["note"] else ""
        yield f"  {decision['decision']:<7}  {decision['who']}, {instant(decision['at'])}{note}"
    if ended := ending_text(one):
        yield f"  ended    {ended}"


def _content(part: dict[str, Any]) -> str:
    fields = [": ".join(field_text(name, value)) for name, value in part["fields"].items() if value not in ("", None)]
    return "; ".join([*fields, f"for {time_text(part['duration'])}"])
