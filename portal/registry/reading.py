"""Reads the Viz bundles that a registry names: files and folders beside it, and charts through the `helm` program.

`meshdesk registry` and `meshdesk up` call it before they apply; a Secret is left to the cluster's workers.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from portal.errors import ConfigurationError
from portal.mesh.viz.bundle import Bundle, BundleError, read_bundle
from portal.registry.state import ChartSource, ClusterEntry, RegistryFile, VizEntry

_SUFFIXES = (".yaml", ".yml", ".json")
_LARGEST = 4_000_000
_HELM_SECONDS = 120
_NAMESPACE = "linkerd-viz"


class _Unreadable(Exception):
    """Why the files of a bundle cannot be had, in sentences."""

    def __init__(self, *sentences: str) -> None:
        super().__init__(*sentences)
        self.sentences = sentences


def with_bundles(registry: RegistryFile, folder: Path, helm: Path | None = None) -> RegistryFile:
    """The registry with the content of every bundle that is a file, a folder or a chart.

    Paths are relative to `folder`, the registry file's. Raises ConfigurationError with every problem of every bundle, a
    line each that names cluster, file and object.
    """
    clusters: list[ClusterEntry] = []
    problems: list[str] = []
    for cluster in registry.clusters:
        try:
            clusters.append(_with_bundle(registry, cluster, folder, helm))
        except (_Unreadable, BundleError) as error:
            sentences = error.problems if isinstance(error, BundleError) else error.sentences
            problems += [f"Viz of cluster {cluster.name}: {sentence}" for sentence in sentences]
    if problems:
        raise ConfigurationError("\n".join(problems))
    return replace(registry, clusters=tuple(clusters))


def _with_bundle(registry: RegistryFile, cluster: ClusterEntry, folder: Path, helm: Path | None) -> ClusterEntry:
    entry = cluster.viz
    if entry is None or entry.secret is not None:
        return cluster
    texts = _rendered(entry.chart, folder, helm) if entry.chart else _files(folder / (entry.bundle or ""), entry)
    found = read_bundle(texts, control_plane=entry.control_plane, listed=entry.listed, reader=entry.prometheus_reader)
    tenants = {tenant.name for tenant in registry.tenants for one in tenant.namespaces if one.cluster == cluster.name}
    _refuse_open_dashboard(entry, found, len(tenants))
    return replace(cluster, viz=replace(entry, digest=found.digest, content=found))


def _refuse_open_dashboard(entry: VizEntry, found: Bundle, tenants: int) -> None:
    if found.open_dashboard and tenants > 1 and not entry.shared_dashboard:
        raise _Unreadable(
            f"the dashboard, which has no sign-in, may tap every namespace, and {tenants} tenants share the cluster. "
            "Render it with dashboard.restrictPrivileges=true, or say under shared_dashboard that all may see all."
        )


def _files(path: Path, entry: VizEntry) -> dict[str, str]:
    try:
        paths = sorted(one for one in path.iterdir() if one.suffix in _SUFFIXES) if path.is_dir() else [path]
        if not paths:
            raise _Unreadable(f"folder {entry.bundle} has no .yaml, .yml or .json file.")
        return {one.name: _text(one) for one in paths}
    except OSError as error:
        raise _Unreadable(f"{entry.bundle} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise _Unreadable(f"{entry.bundle} is not UTF-8 text.") from error


def _text(path: Path) -> str:
    if path.stat().st_size > _LARGEST:
        raise _Unreadable(f"{path.name} is larger than {_LARGEST} bytes: that is no bundle of Viz alone.")
    return path.read_text("utf-8")


def _rendered(chart: ChartSource, folder: Path, helm: Path | None) -> Mapping[str, str]:
    if helm is None:
        raise _Unreadable(
            f"chart {chart.ref} needs the helm program: set MESHDESK_HELM to its path, or render it yourself "
            "(`helm template`) and name the file under `bundle`."
        )
    try:
        done = subprocess.run(  # noqa: S603 - the program that the operator set, no shell, arguments checked by the schema
            [_program(helm), *_arguments(chart)],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=_HELM_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise _Unreadable(f"helm did not render chart {chart.ref} within {_HELM_SECONDS} seconds.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise _Unreadable(f"helm cannot be run: see that MESHDESK_HELM ({helm}) is the Helm program.") from error
    if done.returncode:
        said = " ".join(done.stderr.split())[-500:]
        raise _Unreadable(f"helm did not render chart {chart.ref} {chart.version}: {said}")
    return {f"{chart.ref} {chart.version}": done.stdout}


def _program(helm: Path) -> str:
    # A bare name is looked for in PATH; a path is relative to where the command was called, not to the registry.
    return str(helm) if helm.parent == Path() else str(helm.absolute())


def _arguments(chart: ChartSource) -> Iterator[str]:
    yield from ("template", "linkerd-viz", chart.ref, "--version", chart.version, "--namespace", _NAMESPACE)
    if chart.values is not None:
        yield from ("--values", chart.values)
    # After the values, so that it counts: the hook Job would label a namespace that Meshdesk writes itself.
    yield from ("--set", "createNamespaceMetadataJob=false")
