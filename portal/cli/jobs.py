"""`meshdesk jobs` and `manifests`: Jobs whose finished pods the proxy keeps running, and their corrected manifests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from portal.cli.client import Desk, with_desk
from portal.cli.files import read_text
from portal.cli.output import as_json
from portal.cli.reading import json_option
from portal.errors import ConfigurationError


@click.command()
@click.option("--cluster", required=True, help="The cluster's name (see `meshdesk clusters`).")
@click.option("--namespace", "-n", required=True, help="A namespace of your tenant.")
@json_option
@with_desk
def jobs(desk: Desk, /, *, cluster: str, namespace: str, plain: bool) -> None:
    """List the Jobs and CronJobs that do not end because of the mesh, why, and which ways would let them."""
    workloads = desk.get(f"/clusters/{cluster}/inventory", namespace=namespace).body["workloads"]
    found = [one for one in workloads if one["kept_open"]]
    if plain:
        click.echo(as_json(found))
    elif found:
        click.echo("\n\n".join("\n".join(_told(one)) for one in found))
    else:
        click.echo(f"No finished pod of a Job in {namespace} on {cluster} is kept running by the mesh.")


def _told(workload: dict[str, Any]) -> Iterator[str]:
    yield workload["workload"]
    yield from (f"  {sentence}" for sentence in workload["kept_open"])
    for way in workload["ways"]:
        yield f"  {'way' if way['fits'] else 'not'} {way['name']}: {way['why']}"


@click.command()
@click.argument("ref")
@click.option("--output", "folder", metavar="DIR", help="Write a file for each into this folder.")
@click.option(
    "--from",
    "source",
    metavar="FILE",
    help="Take missing values of variables from what `kubectl get -o yaml` shows of the Jobs; `-`: stdin.",
)
@json_option
@with_desk
def manifests(desk: Desk, /, *, ref: str, folder: str | None, source: str | None, plain: bool) -> None:
    """Give the corrected manifests of ticket REF, each under its notes."""
    found = list(desk.items(f"/tickets/{ref}/manifests"))
    if source is not None:
        _complete(found, read_text(source), source)
    if plain:
        click.echo(as_json(found))
    elif not found:
        click.echo(f"{ref} has no manifests.")
    elif folder is None:
        click.echo("---\n".join(map(_document, found)), nl=False)
    else:
        for one in found:
            click.echo(_save(Path(folder), one))


def _complete(found: list[dict[str, Any]], text: str, where: str) -> None:
    """Put the missing values into the manifests, on this machine only."""
    import yaml  # noqa: PLC0415 - only for this

    from portal.mesh.job_downloads import as_yaml, completed  # noqa: PLC0415
    from portal.mesh.workloads import WorkloadRef  # noqa: PLC0415

    try:
        documents = [one for one in yaml.safe_load_all(text) if one]
        objects = [item for one in documents for item in (one["items"] if one["kind"] == "List" else [one])]
        known = {WorkloadRef.of(one): one for one in objects}
        for one in found:
            manifest = yaml.safe_load(one["text"])
            if (source := known.get(WorkloadRef.of(manifest))) is not None:
                made = completed(manifest, source)
                one.update(text=as_yaml(made), withheld=[], notes=_without_missing(one))
    except (yaml.YAMLError, KeyError, TypeError, ValueError) as error:
        raise ConfigurationError(f"{where} does not show the Jobs as kubectl gives them: {error}") from error


def _without_missing(one: dict[str, Any]) -> list[str]:
    # The server's last note says which values are missing.
    return list(one["notes"][:-1] if one["withheld"] else one["notes"])


def _document(one: dict[str, Any]) -> str:
    from portal.mesh.job_downloads import commented  # noqa: PLC0415 - it needs YAML

    return commented(one["workload"], one)


def _save(folder: Path, one: dict[str, Any]) -> str:
    path = folder / Path(one["name"]).name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # Values that were taken from the Job may be secret.
        path.touch(mode=0o600, exist_ok=False)
        path.write_text(_document(one), "utf-8")
    except FileExistsError as error:
        raise ConfigurationError(f"{path} is there already: name another folder, or take it away.") from error
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error.strerror}.") from error
    return str(path)
