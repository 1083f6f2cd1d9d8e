"""`meshdesk viz reap` on a real control plane with the rights of deploy/viz-reaper.yaml alone: all else is dead."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from portal.errors import Refused
from tests.contract.real_world import as_user, for_user
from tests.contract.worlds import wait_until
from tests.controlplane.client import manifests
from tests.unit.viz.bundles import practice
from tests.viz.scene import RealDesk
from workers.cluster.protocol import Cluster
from workers.viz.reaping import over, reap

pytestmark = pytest.mark.control_plane

FILE = Path(__file__).parents[2] / "deploy" / "viz-reaper.yaml"
USER = "meshdesk-worker-reaper"
NOW, LONG = timedelta(seconds=-7200), timedelta(seconds=30)


def reaper(real: RealDesk) -> Cluster:
    """The cluster with the reaper's rights, once they count."""
    for manifest in manifests(FILE):
        if manifest["kind"] in ("ClusterRole", "ClusterRoleBinding"):
            manifest["metadata"]["name"] = manifest["metadata"]["name"].replace("meshdesk-viz-reaper", USER)
            if "roleRef" in manifest:
                manifest["roleRef"]["name"] = USER
            real.plane.client.apply(for_user(manifest, USER))
    found = as_user(real.plane, USER)
    wait_until(lambda: _may(found))
    return found


def _may(cluster: Cluster) -> bool:
    try:
        list(over(cluster, NOW))
        for kind in ("ClusterRole", "Role"):
            list(cluster.objects("rbac.authorization.k8s.io/v1", kind, selector="none=x"))
        list(cluster.objects("policy.linkerd.io/v1alpha1", "HTTPRoute", selector="none=x"))
        list(cluster.objects("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration", selector="none=x"))
    except Refused:
        return False
    return True


def test_an_ended_viz_is_removed_by_what_the_cluster_says_of_it(real: RealDesk) -> None:
    real.equip(practice())
    said: list[str] = []
    cluster = reaper(real)
    before = real.everything()
    real.active()
    assert reap(cluster, grace=timedelta(0), patience=LONG, say=said.append)
    assert said == ["There is nothing to remove."]
    assert real.api()["status"] == "True"
    assert reap(cluster, grace=NOW, patience=LONG, say=said.append)
    assert said[-1] == "linkerd-viz is removed: nothing of it is left."
    assert real.everything() == before
    assert real.labelled() == []
    assert not any(one["metadata"]["name"].startswith("meshdesk-md-") for one in real.plane.client.list("RoleBinding"))
    real.namespaces_go()
    cluster.close()


def test_the_manifest_is_taken_as_it_is(real: RealDesk) -> None:
    for manifest in manifests(FILE):
        if manifest["kind"] in ("ServiceAccount", "CronJob"):
            manifest["metadata"]["namespace"] = real.emojis
            real.plane.client.apply(manifest)
    (made,) = real.plane.client.list("CronJob", real.emojis)
    pod = made["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    assert pod["containers"][0]["command"] == ["meshdesk", "viz", "reap"]
    assert pod["serviceAccountName"] == "meshdesk-viz-reaper"


def test_the_command_says_that_there_is_nothing_to_do(real: RealDesk) -> None:
    words = [sys.executable, "-m", "portal.cli", "viz", "reap", "--kubeconfig", str(real.plane.admin_kubeconfig)]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (0, "There is nothing to remove.\n"), done.stderr
