"""`meshdesk registry`: tenants, clusters and people out of a file."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import click

from portal import registry as store
from portal.cli.files import read_text
from portal.cli.operating import by_option, now, opened_database, operator
from portal.cli.output import instant
from portal.config import Config
from portal.configuration_files import located
from portal.db import Database
from portal.errors import NotFound
from portal.registry.file import RegistryFile, load_registry
from portal.registry.reading import with_bundles
from portal.registry.state import Found, VizEntry
from portal.tickets import following
from portal.tickets.following import Applied


@click.group()
def registry() -> None:
    """Bring tenants, clusters and people to what a file says."""


@registry.command("apply")
@click.argument("file", metavar="FILE")
@click.option("--dry-run", is_flag=True, help="Only show what would change.")
@click.option("--yes", is_flag=True, help="Do not ask back where open tickets are touched.")
@by_option
def apply_(file: str, dry_run: bool, yes: bool, by: str | None) -> None:
    """Show how FILE differs from what is in force and what becomes of open tickets, and bring it into force."""
    wanted, who = _read(file), operator(by)
    with opened_database() as database:
        if dry_run:
            click.echo(_summary(_planned(database, wanted, who), "would be made"))
            return
        planned = None if yes else _planned(database, wanted, who)
        if planned is not None and planned.touches:
            click.confirm("Apply it, with what becomes of these tickets?", abort=True)
        with database.unit_of_work() as session:
            done = following.apply(session, wanted, by=who, now=now(), expected=planned)
    if planned is None:
        _show(done, wanted)
    click.echo(_summary(done, "made"))


def _planned(database: Database, wanted: RegistryFile, who: str) -> Applied:
    with database.unit_of_work() as session:
        planned = following.plan(session, wanted, by=who, now=now())
    _show(planned, wanted)
    return planned


def _show(planned: Applied, wanted: RegistryFile) -> None:
    for change in planned.changes:
        click.echo(str(change))
    if planned.fates:
        click.echo("What becomes of open tickets:")
    for fate in planned.fates:
        click.echo(f"  {fate}")
    for sentence in (*wanted.warnings(), *planned.warnings):
        click.echo(f"Warning: {sentence}")


def _summary(found: Applied, done: str) -> str:
    number, counts = len(found.changes), Counter(fate.becomes.value for fate in found.fates)
    made = f"{number} change{'' if number == 1 else 's'} {done}." if number else "Nothing to change."
    tickets = ", ".join(f"{count} {becomes}" for becomes, count in counts.items())
    return f"{made} Tickets: {tickets}." if tickets else made


def _read(file: str) -> RegistryFile:
    found = load_registry(read_text(file), Path(file).name)
    return with_bundles(found, Path() if file == "-" else Path(file).parent, Config.from_env().helm)


def _warnings(wanted: RegistryFile, doubts: list[Found], file: str) -> list[str]:
    return [f"Warning: {line}" for line in located(wanted.text, doubts, name=Path(file).name).lines()]


@registry.command()
@click.argument("file", metavar="FILE")
def check(file: str) -> None:
    """Say whether FILE, with the Viz bundles that it names, is a registry; needs no database."""
    found = _read(file)
    for cluster in found.clusters:
        if cluster.viz is not None:
            click.echo(f"Viz of cluster {cluster.name}: {_bundle_words(cluster.viz)}")
    for line in _warnings(found, found.doubts(), file):
        click.echo(line)
    click.echo(
        f"A registry of {len(found.clusters)} clusters, {len(found.tenants)} tenants, {len(found.people)} people."
    )


def _bundle_words(viz: VizEntry) -> str:
    if viz.content is None:
        return "a Secret, which a worker reads and checks."
    opened = ", whose dashboard may tap every namespace" if viz.content.open_dashboard else ""
    return f"{len(viz.content.objects)} objects in namespace {viz.content.namespace}{opened}."


@registry.command()
def show() -> None:
    """Print the registry in force, as it was written."""
    with opened_database() as database, database.reading() as session:
        last = store.last_applied(session)
    if last is None:
        raise NotFound("No registry was applied yet: write one and run `meshdesk registry apply FILE`.")
    click.echo(f"Applied by {last.applied_by} at {instant(last.applied_at)}.", err=True)
    click.echo(last.text, nl=False)
