"""`meshdesk cluster`: begin nothing new on a cluster for a while, or give it up, as an operator."""

from __future__ import annotations

from typing import Any

import click

from portal.cli.client import Desk, with_desk
from portal.cli.output import instant, paint


@click.group()
def cluster() -> None:
    """Pause a cluster, have it go on, or give it up."""


@cluster.command()
@click.argument("name")
@click.option("--reason", required=True, help="Why; everybody who may see the cluster reads it.")
@with_desk
def pause(desk: Desk, /, *, name: str, reason: str) -> None:
    """Begin nothing new on cluster NAME; what ends is still undone."""
    found = desk.post(f"/clusters/{name}/pause", {"reason": reason}).body
    click.echo(f"{pause_text(found)} What ends is still undone; go on with `meshdesk cluster resume {name}`.")


@cluster.command()
@click.argument("name")
@with_desk
def resume(desk: Desk, /, *, name: str) -> None:
    """Go on with what waits on cluster NAME, oldest first."""
    desk.post(f"/clusters/{name}/resume", {})
    click.echo(f"{name} goes on.")


@cluster.command()
@click.argument("name")
@click.option("--reason", required=True, help="How you know; it goes into the audit trail for ever.")
@with_desk
def gone(desk: Desk, /, *, name: str, reason: str) -> None:
    """Say that cluster NAME is gone for good; a second operator's word closes what is open on it, unproven."""
    done = desk.post(f"/clusters/{name}/gone", {"reason": reason}).body
    closed = f" Closed: {paint(', '.join(done['closed']), 'red')}." if done["closed"] else ""
    click.echo(f"{name} is gone for good, say {' and '.join(done['said_by'])}.{closed} {done['next']}")


def pause_text(found: dict[str, Any]) -> str:
    """Since when, by whom and why a cluster is paused, in a sentence."""
    return (
        f"{found['name']} is paused since {instant(found['paused_at'])} by {found['paused_by']}: "
        f"{found['pause_reason']}. Nothing new is begun on it."
    )
