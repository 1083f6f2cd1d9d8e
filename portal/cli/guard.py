"""`meshdesk guard`: what Kubernetes itself refuses without a ticket, rendered, put into force, looked at, pruned."""

from __future__ import annotations

import time
from typing import Any

import click
import yaml

from portal.cli.client import Desk, with_desk
from portal.cli.failures import Failure
from portal.cli.inside import cluster_options, options
from portal.cli.output import instant, paint
from portal.cli.processes import become

POLL_SECONDS = 0.5
_COLOURS = {"off": "yellow", "audit": "cyan", "warn": "yellow", "deny": "green"}


@click.group()
def guard() -> None:
    """Admission policies by which Kubernetes refuses what weakens mTLS without a ticket."""


@guard.command()
@click.argument("cluster")
@with_desk
def render(desk: Desk, /, *, cluster: str) -> None:
    """Print all objects of the guard of CLUSTER as YAML, to apply by hand or to commit."""
    objects = desk.get(f"/clusters/{cluster}/guard/manifests").body["objects"]
    click.echo(yaml.safe_dump_all(objects, sort_keys=False, width=120), nl=False)


@guard.command()
@click.argument("cluster")
@click.option("--wait", "patience", type=click.IntRange(0, 600), default=30, show_default=True, help="Seconds.")
@with_desk
def apply(desk: Desk, /, *, cluster: str, patience: int) -> None:
    """Have a worker put the guard of CLUSTER into force and keep it so, and show what came of it."""
    found = desk.post(f"/clusters/{cluster}/guard/apply", {}).body
    give_up = time.monotonic() + patience
    while found["waiting"]:
        if time.monotonic() > give_up:
            raise Failure(
                f"No worker has come to it within {patience} seconds; it goes on by itself: see `meshdesk guard status "
                f"{cluster}`."
            )
        time.sleep(POLL_SECONDS)
        found = desk.get(f"/clusters/{cluster}/guard").body
    _show(found)
    if not found["in_step"]:
        raise Failure(f"The guard of {cluster} does not stand as it should: mend that and run this again.")


@guard.command()
@click.argument("cluster", required=False)
@with_desk
def status(desk: Desk, /, *, cluster: str | None) -> None:
    """Show how the guard of CLUSTER stands, or of every cluster of yours."""
    names = [cluster] if cluster else [one["name"] for one in desk.get("/clusters").body["items"]]
    for name in names:
        _show(desk.get(f"/clusters/{name}/guard").body)


def _show(found: dict[str, Any]) -> None:
    click.echo(f"{found['cluster']}: {_in_words(found)}")
    for one in found["namespaces"]:
        click.echo(f"  {one['namespace']}: {paint(one['mode'], _COLOURS[one['mode']])}")
    for sentence in found["amiss"]:
        click.echo(f"  {paint('!', 'red')} {sentence}")
    for one in found["late"]:
        until = one["until"] or "its ticket is over"
        where = f"{one['workload']} in {one['namespace']}"
        click.echo(f"  {paint('late', 'red')} {where}: still let pass for {one['ticket']} ({until})")


def _in_words(found: dict[str, Any]) -> str:
    if found["problem"]:
        return f"it could not be looked at. {found['problem']}"
    if not found["on"] and not found["asked_at"]:
        return "the guard is off."
    if found["tried_at"] is None or found["waiting"]:
        return "no worker has come to it yet."
    if found["in_step"]:
        return f"in step, {instant(found['in_step_at'])}."
    return "not in step: an operator runs `meshdesk guard apply`, or applies what `meshdesk guard render` prints."


@guard.command()
@cluster_options(grace="1m")
def prune(**given: object) -> None:
    """Take out of a cluster's parameters what tickets allowed that are over; needs no database and no server."""
    become("prune-guard", *options(given))
