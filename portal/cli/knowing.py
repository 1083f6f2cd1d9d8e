"""`meshdesk me`, `kinds`, `clusters`, `inventory`: what one has to know to ask."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import click

from portal.cli.client import Desk, with_desk
from portal.cli.clusters import pause_text
from portal.cli.output import as_json, table
from portal.cli.reading import json_option
from portal.durations import in_words


@click.command()
@json_option
@with_desk
def me(desk: Desk, /, *, plain: bool) -> None:
    """Say who you are and which roles you have."""
    found = desk.get("/me").body
    if plain:
        click.echo(as_json(found))
        return
    click.echo(f"{found['name']}: {found['title']}")
    for tenant in found["tenants"]:
        click.echo(f"  {_roles(tenant['roles'], tenant['via'])} of {tenant['name']} ({tenant['title']})")
    if found["platform_roles"]:
        click.echo(f"  {_roles(found['platform_roles'], found['via'])} of the platform")
    if not found["tenants"] and not found["platform_roles"]:
        click.echo("  of no tenant: ask its owner or your platform operators to name you, or a group of yours.")
    click.echo(f"  this token may: {', '.join(found['scopes'])}")


def _roles(roles: list[str], via: dict[str, str]) -> str:
    return ", ".join(f"{role} (by group {via[role]})" if role in via else role for role in roles)


@click.command()
@click.argument("name", required=False)
@with_desk
def kinds(desk: Desk, /, *, name: str | None) -> None:
    """List what can be asked for, or print the JSON Schema of the fields of kind NAME."""
    if name is not None:
        click.echo(as_json(desk.get(f"/kinds/{name}").body["schema"]))
        return
    click.echo(table(("KIND", "WHAT"), [(one["name"], one["title"]) for one in desk.items("/kinds")]), nl=False)


@click.command()
@json_option
@with_desk
def clusters(desk: Desk, /, *, plain: bool) -> None:
    """List the clusters, and how fresh their inventory is."""
    found = list(desk.items("/clusters"))
    if plain:
        click.echo(as_json(found))
        return
    rows = [(one["name"], one["environment"], _age(one), one["description"]) for one in found]
    click.echo(table(("CLUSTER", "ENVIRONMENT", "SEEN", "WHAT"), rows), nl=False)
    for one in found:
        if one["paused_at"]:
            click.echo(pause_text(one))
        if one["draining"]:
            click.echo(f"{one['name']} left the registry and drains: what is open on it is being undone.")
        if one["problem"]:
            click.echo(f"{one['name']}: {one['problem']}")


def _age(seen: dict[str, Any]) -> str:
    return "never" if seen["age_seconds"] is None else f"{in_words(timedelta(seconds=seen['age_seconds']))} ago"


@click.command()
@click.argument("cluster")
@click.argument("namespace")
@json_option
@with_desk
def inventory(desk: Desk, /, *, cluster: str, namespace: str, plain: bool) -> None:
    """List the workloads of NAMESPACE on CLUSTER as workers last saw them, with what they skip now."""
    found = desk.get(f"/clusters/{cluster}/inventory", namespace=namespace).body
    if plain:
        click.echo(as_json(found))
        return
    click.echo(f"{namespace} of {found['tenant']} on {cluster} ({found['environment']}), seen {_age(found)}")
    heads = ("WORKLOAD", "MESHED", "PORTS", "SKIPS IN", "SKIPS OUT", "REMARK")
    click.echo(table(heads, map(_row, found["workloads"])), nl=False)
    if found["problem"]:
        click.echo(found["problem"])


def _row(workload: dict[str, Any]) -> tuple[str, ...]:
    ports = ",".join(str(port) for port in workload["container_ports"][:8])
    skips = [_value(workload, f"config.linkerd.io/skip-{way}-ports") for way in ("inbound", "outbound")]
    remarks = [*(one["text"] for one in workload["why_not"]), *workload["blockers"], workload["instead"] or ""]
    return (
        workload["workload"],
        "yes" if workload["meshed"] else "no",
        ports or "-",
        *skips,
        " ".join(remarks).strip(),
    )


def _value(workload: dict[str, Any], key: str) -> str:
    found = workload["annotations"].get(key) or {}
    return f"{found['value']} ({found['source']})" if found.get("value") else "-"
