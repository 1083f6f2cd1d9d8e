"""`meshdesk revoke-all`: show what would be ended, ask back, and end it."""

from __future__ import annotations

from typing import Any

import click

from portal.cli.client import Desk, with_desk
from portal.cli.output import state_text, table

PATH = "/revocations"


@click.command("revoke-all")
@click.option("--tenant", help="Only tickets of this tenant.")
@click.option("--cluster", help="Only tickets on this cluster.")
@click.option("--kind", help="Only tickets of this kind.")
@click.option("--reason", required=True, help="Why; it goes into the audit trail of each ticket.")
@click.option("--yes", is_flag=True, help="Do not ask back.")
@with_desk
def revoke_all(desk: Desk, /, *, reason: str, yes: bool, **scope: str | None) -> None:
    """End every ticket of a tenant, a cluster or a kind (what is named counts together), as a platform operator."""
    asked: dict[str, Any] = {**{name: value for name, value in scope.items() if value is not None}, "reason": reason}
    planned = desk.post(PATH, asked).body
    _show("Left alone, for they opened nothing yet:", planned["pending"])
    if not planned["tickets"]:
        click.echo("There is nothing to revoke.")
        return
    _show("To be revoked:", planned["tickets"])
    if not yes:
        click.confirm(f"Revoke these {len(planned['tickets'])}?", abort=True)
    _revoke(desk, asked)


def _revoke(desk: Desk, asked: dict[str, Any]) -> None:
    total, more = 0, True
    while more:
        done = desk.post(PATH, {**asked, "dry_run": False}).body
        total += len(done["tickets"])
        for one in done["changed"]:
            click.echo(f"{one['ref']} changed meanwhile: {one['why']}")
        # One that never can be ended must not make this go on for ever.
        more = done["more"] and bool(done["tickets"])
    click.echo(f"Revoked {total}; what was open is being taken back. See `meshdesk list --state reverting`.")


def _show(head: str, tickets: list[dict[str, Any]]) -> None:
    if not tickets:
        return
    rows = [
        (
            one["ref"],
            state_text(one["state"]),
            one["kind"],
            one["tenant"],
            one["cluster"] or "-",
            one["namespace"] or "-",
        )
        for one in tickets
    ]
    click.echo(head)
    click.echo(table(("REF", "STATE", "KIND", "TENANT", "CLUSTER", "NAMESPACE"), rows), nl=False)
