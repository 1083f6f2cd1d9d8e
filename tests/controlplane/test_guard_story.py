"""The guard, end to end: the whole product as real processes, the real API server, and a tenant with kubectl."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from portal.mesh.workloads import WorkloadRef
from tests.contract.real_world import RBAC_FILE, RealWorld, grant_file
from tests.contract.worlds import settled, template, workload
from tests.controlplane.client import manifests
from tests.controlplane.guard_desk import GUARD_FILE, SKIP
from tests.controlplane.guarding import Guarded
from tests.controlplane.harness import ControlPlane
from tests.controlplane.rest import Answer, Rest
from tests.story.api import approved, until
from tests.story.stack import Setting, Stack, running_stack
from tests.story.worlds import REGISTRY

pytestmark = [pytest.mark.control_plane, pytest.mark.story]
NAME, USER = "guard-story", "meshdesk-guard-story"


@pytest.fixture
def stack(control_plane: ControlPlane, tmp_path: Path) -> Iterator[Stack]:
    """The product, whose registry has the guard deny, and a Deployment of a tenant."""
    made = RealWorld(control_plane, NAME)
    ref = WorkloadRef("deployment", NAME, "emoji")
    made.create(workload("Deployment", ref, template("emoji"), replicas=1))
    for manifest in manifests(GUARD_FILE):
        if manifest["kind"] == "Namespace":
            control_plane.client.apply(manifest)
    for path in (RBAC_FILE, GUARD_FILE):
        grant_file(control_plane, USER, path=path)
    settled(made.cluster, ref)
    registry = REGISTRY.format(namespace=NAME).replace("production}", "production, guard: {mode: deny}}")
    way = {"kubeconfig": str(control_plane.kubeconfig_for(USER))}
    with running_stack(tmp_path, Setting(f"sqlite:///{tmp_path / 'meshdesk.db'}", way, registry)) as stack:
        yield stack
    Guarded(control_plane).uninstall()
    made.remove()


def owners(plane: ControlPlane) -> Callable[[str | None], Answer]:
    """The tenant's own patch of the skipped ports, which stores nothing."""
    rest, obj = Rest(plane.admin_kubeconfig), {"kind": "Deployment", "metadata": {"name": "emoji", "namespace": NAME}}

    def skip(ports: str | None) -> Answer:
        return rest.patch(obj, {"spec": {"template": {"metadata": {"annotations": {SKIP: ports}}}}}, dryRun="All")

    return skip


def test_kubernetes_refuses_before_a_ticket_and_after_it(stack: Stack, control_plane: ControlPlane) -> None:
    skip, operator, member = owners(control_plane), stack.api("operator"), stack.api("member")
    assert skip("7443").ok
    assert operator.post("/clusters/practice/guard/apply").status_code == 200
    until(lambda: operator.get("/clusters/practice/guard").json()["in_step"], within=20, words="the guard in force")
    until(lambda: skip("7443").status == 403, within=10, words="the first refusal")
    asked = {"namespace": NAME, "workloads": ["deployment/emoji"], "inbound": "7443", "duration": "PT6S"}
    ref = approved(member, stack.api("partner"), **asked)
    until(lambda: skip("4567,4568,7443").ok, within=10, words="the ticket's port let pass")
    assert member.until(ref, "active")["problem"] is None
    assert skip("7444").status == 403
    member.until(ref, "closed", within=60)
    until(lambda: skip("7443").status == 403, within=10, words="the refusal after the end")
    until(lambda: not member.get("/clusters/practice/guard").json()["late"], within=10, words="no line that is late")
    assert member.get("/clusters/practice/guard").json()["namespaces"] == [{"namespace": NAME, "mode": "deny"}]
