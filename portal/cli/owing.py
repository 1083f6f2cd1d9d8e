"""What people do about waiting and owing: remind deciders, break the glass, review it, recertify a long window."""

from __future__ import annotations

from typing import Any

import click

from portal.cli.client import Desk, with_desk
from portal.cli.page import brief


@click.command()
@click.argument("ref")
@with_desk
def nudge(desk: Desk, /, *, ref: str) -> None:
    """Have those who should decide on ticket REF reminded; once a day."""
    ticket = desk.post(f"/tickets/{ref}/nudge", {}).body
    people = sorted({name for need in ticket["waiting_for"] for name in _people(need)})
    click.echo(f"Reminded: {', '.join(people) or 'nobody, for nobody can decide'}.")


def _people(need: dict[str, Any]) -> list[str]:
    return [*need["people"], *(need["fallback"]["people"] if need["fallback"] else [])]


@click.command("break-glass")
@click.argument("ref")
@click.option("--reason", required=True, help="What the emergency is; partners and operators are told at once.")
@click.option("--yes", is_flag=True, help="Do not ask back.")
@with_desk
def break_glass(desk: Desk, /, *, ref: str, reason: str, yes: bool) -> None:
    """In an emergency, let the pending ticket REF begin without its deciders; you answer for it in a review."""
    if not yes:
        warning = "All security partners and operators are told at once, and it has to be reviewed. Break the glass?"
        click.confirm(warning, abort=True)
    click.echo(brief(desk.post(f"/tickets/{ref}/break-glass", {"reason": reason}).body))


@click.command()
@click.argument("ref")
@click.option("--justified/--not-justified", required=True, help="Whether the emergency called for it.")
@click.option("--note", required=True, help="Why; the tenant reads it.")
@with_desk
def review(desk: Desk, /, *, ref: str, justified: bool, note: str) -> None:
    """Answer the review of the break-glass of ticket REF."""
    click.echo(brief(desk.post(f"/tickets/{ref}/review", {"justified": justified, "note": note}).body))


@click.command()
@click.argument("ref")
@click.option("--note", required=True, help="Why it may stay open.")
@with_desk
def recertify(desk: Desk, /, *, ref: str, note: str) -> None:
    """Say that the long window REF may stay open; silence ends it."""
    click.echo(brief(desk.post(f"/tickets/{ref}/recertify", {"note": note}).body))
