"""`meshdesk approve` and `reject`: decide on exactly what was shown."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from portal.cli.client import Desk, with_desk
from portal.cli.page import brief, whole


@click.command()
@click.argument("ref")
@click.option("--note", default="", help="What to tell the requester and the audit trail.")
@click.option("--yes", is_flag=True, help="Do not ask back.")
@with_desk
def approve(desk: Desk, /, *, ref: str, note: str, yes: bool) -> None:
    """Show what ticket REF asks and would change, ask back, and approve it."""
    _decide(desk, ref, "approve", note=note, yes=yes)


@click.command()
@click.argument("ref")
@click.option("--note", required=True, help="Why, and what the requester can do instead.")
@click.option("--yes", is_flag=True, help="Do not ask back.")
@with_desk
def reject(desk: Desk, /, *, ref: str, note: str, yes: bool) -> None:
    """Show what ticket REF asks and would change, ask back, and reject it."""
    _decide(desk, ref, "reject", note=note, yes=yes)


def _decide(desk: Desk, ref: str, decision: str, *, note: str, yes: bool) -> None:
    seen = desk.get(f"/tickets/{ref}")
    click.echo(whole(seen.body, list(desk.items(f"/tickets/{ref}/evidence")), datetime.now(UTC)))
    click.echo()
    if not yes:
        click.confirm(f"{decision.capitalize()} {seen.body['ref']} as it is shown here?", abort=True)
    decided = desk.post(f"/tickets/{ref}/decisions", {"decision": decision, "note": note}, etag=seen.etag)
    click.echo(brief(decided.body))
