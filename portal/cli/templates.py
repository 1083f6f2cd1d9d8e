"""`meshdesk reject-templates`: a tenant's own reasons to reject."""

from __future__ import annotations

import click

from portal.cli.client import Desk, with_desk
from portal.cli.output import table


@click.group("reject-templates")
def reject_templates() -> None:
    """Keep reasons to reject in your tenant's own words, for `meshdesk reject --template`."""


@reject_templates.command("list")
@click.argument("tenant")
@with_desk
def list_(desk: Desk, /, *, tenant: str) -> None:
    """List the reasons to reject of TENANT."""
    found = [(one["name"], one["text"]) for one in desk.items(f"/tenants/{tenant}/reject-templates")]
    click.echo(table(("NAME", "TEXT"), found) if found else f"Tenant {tenant} keeps none.\n", nl=False)


@reject_templates.command()
@click.argument("tenant")
@click.argument("name")
@click.option("--text", required=True, help="What the requester reads.")
@with_desk
def keep(desk: Desk, /, *, tenant: str, name: str, text: str) -> None:
    """Keep a reason under NAME for TENANT, over the one that stood there."""
    desk.put(f"/tenants/{tenant}/reject-templates/{name}", {"text": text})
    click.echo(f"Kept {name} for {tenant}.")


@reject_templates.command()
@click.argument("tenant")
@click.argument("name")
@with_desk
def remove(desk: Desk, /, *, tenant: str, name: str) -> None:
    """Forget the reason NAME of TENANT."""
    desk.delete(f"/tenants/{tenant}/reject-templates/{name}")
    click.echo(f"Removed {name} of {tenant}.")
