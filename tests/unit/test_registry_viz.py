"""Viz bundles of the registry: read with it from files, folders and charts, and refused with it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from portal.configuration_files import FileInvalid
from portal.errors import ConfigurationError
from portal.registry.file import load_registry
from portal.registry.reading import with_bundles
from portal.registry.state import ChartSource, RegistryFile, SecretSource
from tests.unit.viz.bundles import PRACTICE, practice, with_open_dashboard, with_viz

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
SECRET = "{secret: {namespace: meshdesk, name: viz-bundle}}"
HELM = """\
#!/bin/sh
printf '%s ' "$@" > arguments
[ -f rendered.yaml ] || { echo "no chart   found" >&2; exit 1; }
cat rendered.yaml
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the practice bundle as viz.yaml, and as a folder of two files."""
    (tmp_path / "viz.yaml").write_text(PRACTICE)
    documents = PRACTICE.split("---\n")[1:]
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "a.yaml").write_text("---\n".join(documents[:20]))
    (tmp_path / "parts" / "b.yml").write_text("---\n".join(documents[20:]))
    (tmp_path / "parts" / "README.md").write_text("not: [yaml")
    return tmp_path


def read(viz: str, folder: Path, helm: Path | None = None) -> RegistryFile:
    return with_bundles(load_registry(with_viz(viz)), folder, helm)


def refused(viz: str, folder: Path, helm: Path | None = None) -> list[str]:
    with pytest.raises(ConfigurationError) as problem:
        read(viz, folder, helm)
    return problem.value.sentence.splitlines()


def test_every_form_of_source_is_read() -> None:
    chart = "{chart: {ref: linkerd-edge/linkerd-viz, version: 2026.6.3, values: viz/values.yaml}}"
    secret, made = (load_registry(with_viz(one)).clusters[1].viz for one in (SECRET, chart))
    assert secret is not None
    assert made is not None
    assert secret.secret == SecretSource("meshdesk", "viz-bundle")
    assert made.chart == ChartSource("linkerd-edge/linkerd-viz", "2026.6.3", "viz/values.yaml")


@pytest.mark.parametrize(
    ("viz", "said"),
    [
        ("{}", "clusters[1].viz: Name one of bundle, secret, chart."),
        ("{bundle: a, secret: {namespace: a, name: b}}", "clusters[1].viz: Name one of bundle, secret, chart."),
        ("{bundle: a, bundles: b}", "clusters[1].viz.bundles: 'bundles' is not known; did you mean 'bundle'?"),
        ("{chart: {ref: --post-renderer=x, version: '1'}}", "clusters[1].viz.chart.ref: '--post-renderer=x' is no"),
        ("{chart: {ref: a/b, version: --debug}}", "clusters[1].viz.chart.version: '--debug' is no version"),
        ("{bundle: a, listed: [extra]}", "clusters[1].viz.listed[0]: 'extra' names no object"),
        ("{bundle: a, shared_dashboard: yes please}", ""),
        ("{bundle: a, shared_dashboard: ok}", "clusters[1].viz.shared_dashboard: Say it in words."),
    ],
)
def test_a_mistake_is_named_with_its_line(viz: str, said: str) -> None:
    if not said:
        assert load_registry(with_viz(viz)).clusters[1].viz
        return
    with pytest.raises(FileInvalid) as problem:
        load_registry(with_viz(viz))
    assert problem.value.lines()[0].startswith(f"registry.yaml:3: {said}")


@pytest.mark.parametrize("path", ["viz.yaml", "parts"])
def test_a_file_or_a_folder_is_read_beside_the_registry(folder: Path, path: str) -> None:
    viz = read(f"{{bundle: {path}}}", folder).clusters[1].viz
    assert viz is not None
    assert (viz.content, viz.digest) == (practice(), practice().digest)


def test_every_problem_of_every_bundle_is_said_with_its_cluster_and_file(folder: Path) -> None:
    (folder / "viz.yaml").write_text(PRACTICE.replace("kind: APIService", "kind: Apiservice"))
    text = with_viz("{bundle: viz.yaml}").replace("The big one}", "The big one, viz: {bundle: nothing.yaml}}")
    with pytest.raises(ConfigurationError) as problem:
        with_bundles(load_registry(text), folder)
    lines = problem.value.sentence.splitlines()
    assert lines[0] == "Viz of cluster practice: nothing.yaml cannot be read: No such file or directory."
    assert lines[1].startswith("Viz of cluster lab: viz.yaml: Apiservice v1alpha1.tap.linkerd.io is of a kind")
    assert lines[-1].startswith("Viz of cluster lab: APIService v1alpha1.tap.linkerd.io is missing")


def test_a_folder_without_manifests_and_a_file_that_is_no_text_are_refused(folder: Path) -> None:
    (folder / "empty").mkdir()
    (folder / "bad.yaml").write_bytes(b"\xff\xfe\x00")
    assert "folder empty has no .yaml, .yml or .json file." in refused("{bundle: empty}", folder)[0]
    assert "bad.yaml is not UTF-8 text." in refused("{bundle: bad.yaml}", folder)[0]


def test_an_open_dashboard_needs_words_where_tenants_share_the_cluster(folder: Path) -> None:
    (folder / "viz.yaml").write_text(with_open_dashboard())
    text = with_viz("{bundle: viz.yaml}")
    assert with_bundles(load_registry(text), folder).clusters[1].viz
    shared = text.replace("{cluster: practice, name: emojivoto}", "{cluster: lab, name: other}")
    with pytest.raises(ConfigurationError, match="may tap every namespace, and 2 tenants share the cluster"):
        with_bundles(load_registry(shared), folder)
    said = shared.replace("viz.yaml}", "viz.yaml, shared_dashboard: All may see all.}")
    assert with_bundles(load_registry(said), folder).clusters[1].viz


def chart_and_helm(folder: Path) -> tuple[str, Path]:
    helm = folder / "helm"
    helm.write_text(HELM)
    helm.chmod(0o755)
    return "{chart: {ref: oci://charts.example.com/linkerd-viz, version: 2026.6.3, values: values.yaml}}", helm


def test_a_chart_is_rendered_by_helm(folder: Path) -> None:
    chart, helm = chart_and_helm(folder)
    (folder / "rendered.yaml").write_text(PRACTICE)
    viz = read(chart, folder, helm).clusters[1].viz
    assert viz is not None
    assert viz.content == practice()
    assert (folder / "arguments").read_text() == (
        "template linkerd-viz oci://charts.example.com/linkerd-viz --version 2026.6.3 --namespace linkerd-viz "
        "--values values.yaml --set createNamespaceMetadataJob=false "
    )


def test_a_chart_that_cannot_be_rendered_says_why(folder: Path) -> None:
    chart, helm = chart_and_helm(folder)
    start = "Viz of cluster lab: "
    assert refused(chart, folder)[0].startswith(f"{start}chart oci://charts.example.com/linkerd-viz needs the helm pro")
    (failed,) = refused(chart, folder, helm)
    assert failed.endswith("did not render chart oci://charts.example.com/linkerd-viz 2026.6.3: no chart found")
    assert refused(chart, folder, folder / "nowhere")[0].startswith(f"{start}helm cannot be run")


def test_the_example_registry_has_a_bundle_that_can_be_used() -> None:
    examples = Path(__file__).parents[2] / "examples"
    found = with_bundles(load_registry((examples / "registry.yaml").read_text("utf-8")), examples)
    assert all(cluster.viz and cluster.viz.content == practice() for cluster in found.clusters)
