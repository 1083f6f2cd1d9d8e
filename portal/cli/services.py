"""`meshdesk services`: programs that act for a tenant under a name, roles and tokens of their own."""

from __future__ import annotations

from typing import Any

import click

from portal.cli.client import Desk, with_desk
from portal.cli.output import as_json, instant, table
from portal.cli.reading import json_option
from portal.cli.token_commands import made, token_options

ROLES = ("member", "security-partner", "tenant-owner")
HEADS = ("NAME", "WHAT", "ROLES", "OWNER", "LAST USED")


@click.group()
def services() -> None:
    """List, make and remove services of a tenant, and make their tokens."""


@services.command("list")
@click.argument("tenant")
@json_option
@with_desk
def list_(desk: Desk, /, *, tenant: str, plain: bool) -> None:
    """List the services of TENANT: roles, who answers for each, last used."""
    found = list(desk.items(f"/tenants/{tenant}/services"))
    click.echo(as_json(found) if plain else table(HEADS, map(_line, found)).rstrip("\n"))


def _line(one: dict[str, Any]) -> tuple[str, ...]:
    lost = sorted(set(one["roles"]) - set(one["roles_now"]))
    roles = ", ".join(one["roles"]) + (f" (its owner is no longer {' or '.join(lost)})" if lost else "")
    return (one["name"], one["title"], roles, one["owner"], instant(one["last_used_at"]))


@services.command()
@click.argument("tenant")
@click.argument("name")
@click.option("--title", required=True, help="What it is.")
@click.option("--role", "roles", type=click.Choice(ROLES), multiple=True, required=True, help="Of yours; repeatable.")
@with_desk
def make(desk: Desk, /, *, tenant: str, name: str, title: str, roles: tuple[str, ...]) -> None:
    """Make the service NAME of TENANT, for which you answer."""
    found = desk.post(f"/tenants/{tenant}/services", {"name": name, "title": title, "roles": list(roles)}).body
    click.echo(f"{found['acts_as']} is {', '.join(found['roles'])}; `meshdesk services token {tenant} {name}` makes")
    click.echo("its tokens. It never decides on your tickets, nor you on its.")


@services.command()
@click.argument("tenant")
@click.argument("name")
@with_desk
def remove(desk: Desk, /, *, tenant: str, name: str) -> None:
    """End the service NAME of TENANT and all of its tokens at once."""
    gone = desk.post(f"/tenants/{tenant}/services/{name}/remove", {}).body
    click.echo(f"{gone['acts_as']} and its tokens work no more.")


@services.command()
@click.argument("tenant")
@click.argument("service")
@token_options
@with_desk
def token(desk: Desk, /, *, tenant: str, service: str, **wanted: Any) -> None:
    """Make a token for SERVICE of TENANT and print it, the only time that it is seen."""
    click.echo(made(desk, f"/tenants/{tenant}/services/{service}/tokens", **wanted))
