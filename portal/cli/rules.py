"""`meshdesk policy`: check a routing table, see which rule a request meets and why, and bring one into force."""

from __future__ import annotations

from pathlib import Path

import click

from portal.cli.failures import Failure
from portal.cli.files import read_text
from portal.cli.operating import by_option, now, opened_database, operator
from portal.durations import words
from portal.kinds.registry import kind_named
from portal.policy import Facts, Policy, Route, bounded, default_policy, explain, falls_through, load_policy
from portal.policy.vocabulary import ENCRYPTIONS, ENVIRONMENTS, KINDS, MODES
from portal.policy_store import apply_policy, current_policy

file_argument = click.argument("file", metavar="FILE")


@click.group()
def policy() -> None:
    """Check, explain and apply the routing table."""


@policy.command()
@file_argument
def check(file: str) -> None:
    """Say whether FILE is a policy, with the line and the fix of everything that is wrong."""
    _tell(load_policy(read_text(file), Path(file).name))


def _tell(found: Policy) -> None:
    click.echo(f"A policy of {len(found.rules)} rule{'' if len(found.rules) == 1 else 's'}, {found.digest}.")
    for sentence in falls_through(found):
        click.echo(f"Warning: {sentence}")


@policy.command("explain")
@click.option("--kind", type=click.Choice(KINDS), required=True)
@click.option("--environment", type=click.Choice(ENVIRONMENTS), required=True)
@click.option("--tenant", required=True, help="The tenant's name.")
@click.option("--mode", type=click.Choice(MODES), help="Where the kind has one.")
@click.option("--application-encryption", type=click.Choice(ENCRYPTIONS), help="Where the kind has one.")
@click.option("--file", metavar="FILE", help="Of this policy; default: of the one in force.")
def explain_(file: str | None, **facts: str | None) -> None:
    """Say which rule a request meets, and why none before it."""
    found = _policy(file)
    asked = Facts(**facts)  # type: ignore[arg-type]  # click has seen to what is required
    steps = explain(found, asked)
    for step in steps:
        click.echo(str(step))
    if not steps or not steps[-1].matched:
        raise Failure(f"No rule matches {asked}: it would be refused.")
    chosen = found.rules[len(steps) - 1].route
    for line in _route_lines(bounded(chosen, kind_named(asked.kind).longest)):
        click.echo(f"  {line}")


def _policy(file: str | None) -> Policy:
    if file is not None:
        return load_policy(read_text(file), Path(file).name)
    with opened_database() as database, database.reading() as session:
        return current_policy(session)


def _route_lines(route: Route) -> list[str]:
    asked = " and ".join(f"{one.count} {one.from_}" for one in route.approvals)
    longest = "no limit" if route.longest is None else f"at most {words(route.longest)}"
    return [
        f"why: {route.reason}",
        f"approvals: {_automatic(route, asked) if route.automatic else asked}",
        *([f"where nobody is left: {', '.join(route.fallback)}"] if route.fallback else []),
        f"duration: {longest}{', or no end' if route.may_stand_without_end else ''}",
        f"renewal: {'allowed' if route.renewal else 'not allowed'}",
        f"lapses: {words(route.lapses_after)} after the last word on it",
        *([f"recertified: every {words(route.recertify_every)}"] if route.recertify_every else []),
        *([f"told: {', '.join(route.tell)}"] if route.tell else []),
    ]


def _automatic(route: Route, asked: str) -> str:
    until = "" if route.automatic_until is None else f" until {route.automatic_until}, then {asked}"
    return f"none, it is automatic{until}"


@policy.command("apply")
@file_argument
@by_option
def apply_(file: str, by: str | None) -> None:
    """Bring FILE into force for what is asked from now on; does nothing where it is in force."""
    text = read_text(file)
    found = load_policy(text, Path(file).name)
    with opened_database() as database, database.unit_of_work() as session:
        changed = apply_policy(session, text, by=operator(by), now=now())
    _tell(found)
    click.echo("It is in force now." if changed else "It was in force already.")


@policy.command()
@click.option("--default", "product", is_flag=True, help="The one that the product comes with.")
def show(product: bool) -> None:
    """Print the policy in force, as it was written."""
    click.echo((default_policy() if product else _policy(None)).text, nl=False)
