"""Who may read Viz's Prometheus besides metrics-api: two objects of the bundle, for one named identity alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from portal.configuration_files import FileInvalid
from portal.mesh.viz.bundle import BundleError, read_bundle
from portal.mesh.viz.reader import is_identity
from portal.registry.file import load_registry
from portal.registry.reading import with_bundles
from portal.registry.state import VizEntry
from tests.unit.viz.bundles import PRACTICE, named, objects, practice, text, with_viz

WORKER = "meshdesk-worker.meshdesk.serviceaccount.identity.linkerd.cluster.local"


def test_the_bundle_lets_the_identity_in_and_nobody_else() -> None:
    plain, read = practice(), practice(reader=WORKER)
    added = [obj for obj in read.objects if obj not in plain.objects]
    assert [(obj["kind"], obj["metadata"]["name"], obj["metadata"]["namespace"]) for obj in added] == [
        ("AuthorizationPolicy", "prometheus-meshdesk", "linkerd-viz"),
        ("MeshTLSAuthentication", "prometheus-meshdesk", "linkerd-viz"),
    ]
    policy, known = added
    assert known["spec"] == {"identities": [WORKER]}
    assert policy["spec"] == {
        "targetRef": {"group": "policy.linkerd.io", "kind": "Server", "name": "prometheus-admin"},
        "requiredAuthenticationRefs": [
            {"group": "policy.linkerd.io", "kind": "MeshTLSAuthentication", "name": "prometheus-meshdesk"}
        ],
    }
    assert all(obj["metadata"]["labels"] == {"linkerd.io/extension": "viz"} for obj in added)
    assert read.digest != plain.digest


def test_it_needs_the_server_and_a_name_that_is_free() -> None:
    server = named(objects(), "Server", "prometheus-admin")
    without = [obj for obj in objects() if obj != server]
    with pytest.raises(BundleError, match="needs Server prometheus-admin"):
        read_bundle({"viz.yaml": text(without)}, reader=WORKER)
    with pytest.raises(BundleError, match="prometheus-meshdesk is in the bundle already"):
        read_bundle({"viz.yaml": text(list(practice(reader=WORKER).objects))}, reader=WORKER)


@pytest.mark.parametrize("name", ["*", "*.meshdesk.serviceaccount.identity.linkerd.cluster.local", "web", "A.b.c", ""])
def test_what_names_no_single_identity_is_refused(name: str) -> None:
    assert not is_identity(name)
    with pytest.raises(FileInvalid, match="is no mesh identity"):
        load_registry(with_viz(f'{{bundle: viz.yaml, prometheus_reader: "{name}"}}'))


def test_the_registry_reads_it_into_the_bundle_and_keeps_it(tmp_path: Path) -> None:
    (tmp_path / "viz.yaml").write_text(PRACTICE)
    read = with_bundles(load_registry(with_viz(f"{{bundle: viz.yaml, prometheus_reader: {WORKER}}}")), tmp_path, None)
    entry = next(one.viz for one in read.clusters if one.viz)
    assert entry.content == practice(reader=WORKER)
    assert VizEntry.from_source(entry.source(), digest=entry.digest) == entry
    assert "prometheus_reader" not in VizEntry(bundle="viz.yaml").source()
