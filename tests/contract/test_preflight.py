"""A whole preflight of emojivoto on both clusters: who manages it as the API server tells, who calls and is called,
which policies stop counting, and what the rehearsal of the very change gave."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import select

from portal.db import Database
from portal.mesh.annotations import INJECT, SKIP_INBOUND
from portal.mesh.workloads import WorkloadRef, template_annotations
from portal.models import Namespace, Tenant
from portal.tickets.asking import Ask
from tests import world as registry
from tests.contract.worlds import Object, PracticeWorld, World, settled
from tests.controlplane.client import manifests
from tests.controlplane.harness import ControlPlane
from tests.controlplane.trouble import added_label
from tests.controlplane.world import FOLDER
from tests.unit.mesh.near_objects import authorization, autoscaler, identity, network_policy, port, server, service
from tests.workers.conftest import stage
from tests.workers.desk import Desk
from tests.workers.stage import Stage
from workers.inventory import refresh
from workers.preflight import preflight

__all__ = ["stage"]
EMOJI = {one["kind"]: one for one in manifests(FOLDER / "emojivoto.yaml") if one["metadata"]["name"] == "emoji"}
TRACKED = {"argocd.argoproj.io/tracking-id": "emojis:apps/Deployment:emojivoto/emoji"}
KUSTOMIZED = {"kustomize.toolkit.fluxcd.io/name": "emojis", "kustomize.toolkit.fluxcd.io/namespace": "flux-system"}


class Look:
    """A desk whose one cluster is the world, and what a preflight there finds."""

    def __init__(self, desk: Desk, world: World) -> None:
        self.desk, self.world = desk, world
        with desk.database.unit_of_work() as session:
            tenant = session.scalars(select(Tenant).where(Tenant.name == "emojis")).one()
            if world.namespace not in session.scalars(select(Namespace.name)):
                session.add(Namespace(cluster="practice", name=world.namespace, tenant_id=tenant.id))
        self.context = desk.worker(world.cluster)

    def ask(self, *workloads: str, **fields: Any) -> Object:
        """The evidence of the preflight of a ticket for these workloads."""
        refresh(self.context, "practice")
        asked = registry.exception(workloads=list(workloads), **{"inbound": "", "outbound": "", **fields})
        window = timedelta(minutes=30)
        ask = Ask("encryption-exception", "practice", self.world.namespace, "a test", window, asked)
        number = self.desk.submit(ask)
        preflight(self.context, number)
        return self.desk.evidence(number, "preflight")

    def deploy(self, manager: str, *, pods: dict[str, str] | None = None, **metadata: Any) -> WorkloadRef:
        """emoji, applied as that field manager does, with these annotations of its pod template."""
        obj = self.own(EMOJI["Deployment"])
        obj["metadata"] |= metadata
        if pods:
            obj["spec"]["template"]["metadata"]["annotations"] = pods
        self.world.create_as(manager, obj)
        ref = WorkloadRef("deployment", self.world.namespace, "emoji")
        settled(self.world.cluster, ref)
        return ref

    def own(self, obj: Object) -> Object:
        """A copy of an object, in the world's namespace."""
        made: Object = yaml.safe_load(yaml.safe_dump(obj))
        made["metadata"]["namespace"] = self.world.namespace
        return made


@pytest.fixture
def database_url(migrated_sqlite: Path, tmp_path: Path) -> str:
    """One database: what is read of a cluster is the same with the other."""
    return f"sqlite:///{shutil.copy(migrated_sqlite, tmp_path)}"


@pytest.fixture
def look(stage: Stage, database: Database, tmp_path: Path, world: World) -> Look:
    """A desk on the world, with nothing asked yet."""
    return Look(stage.set(database, tmp_path), world)


def codes(evidence: Object) -> dict[str, Object]:
    return {one["code"]: one for one in evidence["findings"]}


@pytest.mark.parametrize(
    ("manager", "metadata", "told"),
    [
        ("argocd-controller", {"annotations": TRACKED}, "Argo CD (Application emojis)"),
        ("kustomize-controller", {"labels": KUSTOMIZED}, "Flux (Kustomization flux-system/emojis)"),
    ],
)
def test_a_gitops_controller_that_owns_the_key_is_told_with_what_to_commit(
    look: Look, manager: str, metadata: dict[str, Any], told: str
) -> None:
    look.deploy(manager, pods={SKIP_INBOUND: "25"}, **metadata)
    evidence = look.ask("deployment/emoji", inbound="8080")
    one = codes(evidence)["gitops-fights"]
    assert (one["severity"], one["fact"]) == ("warning", f"{told} owns {SKIP_INBOUND}.")
    [target] = evidence["targets"]
    assert target["managed_by"][0]["managers"] == [manager]
    assert f'        {SKIP_INBOUND}: "25,8080"\n' in target["snippet"]
    assert yaml.safe_load(target["snippet"])["metadata"] == {"name": "emoji", "namespace": look.world.namespace}


def test_one_that_does_not_name_the_key_leaves_it_alone(look: Look) -> None:
    look.deploy("argocd-controller", pods={"team": "emojis"})
    evidence = look.ask("deployment/emoji", inbound="8080")
    assert {"gitops-leaves-alone"} == {code for code in codes(evidence) if code.startswith("gitops")}
    assert '8080"' in evidence["targets"][0]["snippet"]


def test_kubectl_is_in_nobodys_way(look: Look) -> None:
    look.deploy("kubectl-client-side-apply", pods={SKIP_INBOUND: "25"})
    evidence = look.ask("deployment/emoji", inbound="8080")
    assert codes(evidence)["annotation-owned"]["severity"] == "info"
    assert evidence["targets"][0]["snippet"] == ""


def test_the_rehearsal_gives_the_very_difference_and_nothing_else(look: Look) -> None:
    look.deploy("kubectl")
    [target] = look.ask("deployment/emoji", inbound="8443")["targets"]
    added = [line.strip("+ ") for line in target["dry_run"]["diff"].splitlines() if line.startswith("+ ")]
    assert f"{SKIP_INBOUND}: 4567-4568,8443" in added
    assert target["dry_run"]["also"] == []
    assert any(line.startswith("meshdesk.io/tickets: MD-") for line in added)
    stored = look.world.cluster.workload(WorkloadRef("deployment", look.world.namespace, "emoji"))
    assert template_annotations(stored) == {}, "a rehearsal stores nothing"


def test_services_policies_and_autoscalers_are_read_with_the_workers_own_rights(look: Look) -> None:
    look.deploy("kubectl")
    around = (
        service("emoji-svc", port(80, "grpc")),
        server("grpc", "grpc"),
        authorization("web-only", ("Server", "grpc"), ("MeshTLSAuthentication", "web")),
        identity("web", identityRefs=[{"kind": "ServiceAccount", "name": "web"}]),
        network_policy("mesh", "Ingress", 4143),
        autoscaler("emoji"),
    )
    for obj in around:
        look.world.create(look.own(obj))
    found = codes(look.ask("deployment/emoji", inbound="80,8080"))
    assert found["service-port-asked"]["fact"] == "80 is the port of Service emoji-svc; its containers listen on 8080."
    assert found["clients-lose-mtls"]["fact"] == "emoji-svc:80 leads here."
    assert "serviceaccount web (AuthorizationPolicy web-only)" in found["clients-lose-mtls"]["meaning"]
    assert found["server-passed-by"]["fact"] == "Server grpc guards port 8080, with AuthorizationPolicy web-only."
    assert "NetworkPolicy mesh lets nothing in on port 80,8080" in found["network-policy-denies-in"]["fact"]
    assert found["autoscaled"]["fact"] == "HorizontalPodAutoscaler emoji keeps 2 to 10 pods."
    assert "not-looked" not in found


def test_who_is_at_an_outbound_port_is_named_for_the_tenant_alone(look: Look) -> None:
    look.deploy("kubectl")
    look.world.create(look.own(service("emoji-svc", port(7432, "grpc"))))
    look.world.create(look.own(service("gone", port(7432), app="nobody")))
    if isinstance(look.world, PracticeWorld):
        look.world.create(service("ledger-of-others", port(7432), namespace="kube-system"))
    evidence = look.ask("deployment/emoji", outbound="7432")
    found = codes(evidence)
    fact = found["outbound-peers"]["fact"]
    assert f"{look.world.namespace}/emoji-svc (meshed)" in fact
    assert f"{look.world.namespace}/gone (not known whether meshed)" in fact
    assert found["prefer-opaque-ports"]["fact"] == "emoji-svc at port 7432 is meshed."
    assert ("1 Service of other tenants or the platform" in fact) is isinstance(look.world, PracticeWorld)
    assert "ledger-of-others" not in str(evidence)


def test_why_it_is_not_meshed_and_which_values_count_are_told(look: Look) -> None:
    look.deploy("kubectl", pods={INJECT: "disabled"})
    evidence = look.ask("deployment/emoji", inbound="8080")
    assert 'pod has the annotation "linkerd.io/inject:disabled"' in codes(evidence)["not-meshed"]["fact"]
    assert evidence["targets"][0]["effective"][INJECT] == {"value": "disabled", "source": "pod template"}


@pytest.mark.control_plane
def test_what_the_cluster_adds_to_the_change_is_told(
    stage: Stage, database: Database, tmp_path: Path, control_plane: ControlPlane, real_world: World
) -> None:
    look = Look(stage.set(database, tmp_path), real_world)
    look.deploy("kubectl")
    with added_label(control_plane, real_world.namespace, "emoji"):
        evidence = look.ask("deployment/emoji", inbound="8443")
    one = codes(evidence)["change-adds-more"]
    assert one["fact"] == "The API server changes more than that: spec.template.metadata.labels.added."
    assert "+        added: by-a-policy" in evidence["targets"][0]["dry_run"]["diff"]
