"""`meshdesk policy`: check a routing table, see which rule a request meets and why, and bring one into force."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

import click

from portal.cli.failures import Failure
from portal.cli.files import read_text
from portal.cli.operating import by_option, now, opened_database, operator
from portal.configuration_files import located
from portal.kinds.registry import kind_named
from portal.policy import Facts, Policy, bounded, default_policy, explain, falls_through, load_policy
from portal.policy.vocabulary import ENCRYPTIONS, ENVIRONMENTS, KINDS, MODES
from portal.policy.wording import route_words
from portal.policy_doubts import Found, unmet_by_name, unmet_by_role
from portal.policy_store import apply_policy, current_policy

file_argument = click.argument("file", metavar="FILE")


@click.group()
def policy() -> None:
    """Check, explain and apply the routing table."""


@policy.command()
@file_argument
@click.option("--people", is_flag=True, help="Hold it against the people of the database too.")
def check(file: str, people: bool) -> None:
    """Say whether FILE is a policy, with the line and the fix of everything that is wrong."""
    found = load_policy(read_text(file), Path(file).name)
    _tell(found)
    if people:
        with opened_database() as database, database.reading() as session:
            _warn(found, [*unmet_by_name(session, found), *unmet_by_role(session, found)], file)


def _warn(found: Policy, doubts: list[Found], file: str) -> None:
    for line in located(found.text, doubts, name=Path(file).name).lines():
        click.echo(f"Warning: {line}")


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
    for name, said in route_words(bounded(chosen, kind_named(asked.kind).longest)):
        click.echo(f"  {name}: {said}")


def _policy(file: str | None) -> Policy:
    if file is not None:
        return load_policy(read_text(file), Path(file).name)
    with opened_database() as database, database.reading() as session:
        return current_policy(session)


@policy.command("apply")
@file_argument
@click.option("--force", is_flag=True, help="Also where it asks groups that nobody is in yet, or unknown people.")
@by_option
def apply_(file: str, force: bool, by: str | None) -> None:
    """Bring FILE into force for what is asked from now on; does nothing where it is in force."""
    text = read_text(file)
    found = load_policy(text, Path(file).name)
    with opened_database() as database, database.unit_of_work() as session:
        unmet, doubts = unmet_by_name(session, found), unmet_by_role(session, found)
        if unmet and not force:
            _refuse(found, unmet, file)
        changed = apply_policy(session, text, by=operator(by), now=now())
    _tell(found)
    _warn(found, [*unmet, *doubts], file)
    click.echo("It is in force now." if changed else "It was in force already.")


def _refuse(found: Policy, unmet: list[Found], file: str) -> NoReturn:
    lines = located(found.text, unmet, name=Path(file).name).lines()
    raise Failure("\n".join([*lines, "Nothing was changed. With --force it comes into force all the same."]))


@policy.command()
@click.option("--default", "product", is_flag=True, help="The one that the product comes with.")
def show(product: bool) -> None:
    """Print the policy in force, as it was written."""
    click.echo((default_policy() if product else _policy(None)).text, nl=False)
