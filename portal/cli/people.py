"""`meshdesk registry`: tenants, clusters and people out of a file."""

from __future__ import annotations

from pathlib import Path

import click

from portal import registry as store
from portal.cli.files import read_text
from portal.cli.operating import by_option, now, opened_database, operator
from portal.cli.output import instant
from portal.config import Config
from portal.configuration_files import located
from portal.errors import NotFound
from portal.registry.approvers import unheard_groups
from portal.registry.file import RegistryFile, load_registry
from portal.registry.reading import with_bundles
from portal.registry.state import Found, VizEntry


@click.group()
def registry() -> None:
    """Bring tenants, clusters and people to what a file says."""


@registry.command("apply")
@click.argument("file", metavar="FILE")
@click.option("--dry-run", is_flag=True, help="Only show what would change.")
@by_option
def apply_(file: str, dry_run: bool, by: str | None) -> None:
    """Show how FILE differs from what is in force, and bring it into force."""
    wanted = _read(file)
    with opened_database() as database, database.unit_of_work() as session:
        changes = store.plan(session, wanted) if dry_run else store.apply(session, wanted, by=operator(by), now=now())
        doubts = [*wanted.doubts(), *unheard_groups(session, wanted)]
    for line in [*map(str, changes), *_warnings(wanted, doubts, file)]:
        click.echo(line)
    done = "would be made" if dry_run else "made"
    click.echo(f"{len(changes)} change{'' if len(changes) == 1 else 's'} {done}." if changes else "Nothing to change.")


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
