"""Who manages a workload and its annotations, and what of that takes a change back."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from portal.mesh.annotations import SKIP_INBOUND, SKIP_OUTBOUND
from portal.mesh.diff import template_diff
from portal.mesh.findings import Finding
from portal.mesh.impact import workload_findings
from portal.mesh.near import Near
from portal.mesh.owner_findings import snippet
from portal.mesh.owners import owners
from portal.mesh.ports import Ports
from portal.mesh.want import Want
from tests.unit.mesh.near_objects import managed
from tests.unit.mesh.objects import cron_job, deployment, view

Object = dict[str, Any]
SKIP = Want(skip_inbound=Ports.of(8080))
KEY: Object = {"f:metadata": {"f:annotations": {".": {}, f"f:{SKIP_INBOUND}": {}}}}
CONTAINERS: Object = {"f:spec": {"f:containers": {'k:{"name":"app"}': {".": {}, "f:image": {}}}}}
FLUX = {"kustomize.toolkit.fluxcd.io/name": "apps", "kustomize.toolkit.fluxcd.io/namespace": "flux-system"}
ARGO = {"argocd.argoproj.io/tracking-id": "shop:apps/Deployment:emojivoto/emoji"}


def workload(*entries: Object, labels: Object | None = None, annotations: Object | None = None) -> Object:
    obj = deployment()
    obj["metadata"] |= {"managedFields": list(entries), "labels": labels or {}, "annotations": annotations or {}}
    return obj


def found(obj: Object, want: Want = SKIP) -> dict[str, Finding]:
    return {one.code: one for one in workload_findings(view(obj, near=Near()), want)}


@pytest.mark.parametrize(
    ("manager", "operation", "tool", "gitops"),
    [
        ("argocd-controller", "Apply", "Argo CD", True),
        ("argocd-application-controller", "Update", "Argo CD", True),
        ("kustomize-controller", "Apply", "Flux", True),
        ("helm-controller", "Update", "Flux", True),
        ("helm", "Update", "Helm", False),
        ("kubectl-client-side-apply", "Update", "kubectl", False),
        ("kubectl-edit", "Update", "kubectl", False),
        ("Terraform", "Apply", "Terraform", False),
        ("HashiCorp", "Update", "Terraform", False),
        ("acme-deployer", "Apply", "acme-deployer", False),
    ],
)
def test_who_owns_the_annotation_is_told_by_the_tools_name(
    manager: str, operation: str, tool: str, *, gitops: bool
) -> None:
    [owner] = owners(workload(managed(manager, operation, KEY)), [SKIP_INBOUND, SKIP_OUTBOUND])
    assert (owner.tool, owner.gitops, owner.fights) == (tool, gitops, gitops)
    assert (owner.managers, owner.keys) == ((manager,), (SKIP_INBOUND,))
    codes = found(workload(managed(manager, operation, KEY)))
    assert ("gitops-fights" in codes) is gitops
    assert ("annotation-owned" in codes) is not gitops


def test_a_gitops_controller_that_owns_other_fields_leaves_the_change_alone() -> None:
    obj = workload(managed("argocd-controller", "Apply", CONTAINERS), annotations=ARGO)
    one = found(obj)["gitops-leaves-alone"]
    assert one.fact == "Argo CD (Application shop) manages deployment/emoji, not these keys."
    assert "gitops-fights" not in found(obj)


def test_one_that_replaces_whole_objects_takes_it_back() -> None:
    replacing = {**ARGO, "argocd.argoproj.io/sync-options": "Prune=false,Replace=true"}
    obj = workload(managed("argocd-controller", "Update", CONTAINERS), annotations=replacing)
    assert found(obj)["gitops-fights"].fact == "Argo CD (Application shop) replaces deployment/emoji as a whole."


def test_who_owns_the_map_and_not_the_key_leaves_the_key_alone() -> None:
    empty = {**CONTAINERS, "f:metadata": {"f:annotations": {}}}
    assert "gitops-fights" not in found(workload(managed("argocd-controller", "Apply", empty)))


@pytest.mark.parametrize(
    "told", [{"kustomize.toolkit.fluxcd.io/reconcile": "disabled"}, {"kustomize.toolkit.fluxcd.io/ssa": "Ignore"}]
)
def test_flux_that_was_told_to_leave_it_alone_does(told: Object) -> None:
    obj = workload(managed("kustomize-controller", "Apply", KEY), labels=FLUX, annotations=told)
    assert found(obj)["gitops-rests"].fact == (
        "Flux (Kustomization flux-system/apps) was told to leave deployment/emoji alone."
    )


def test_a_release_of_flux_is_not_told_twice_for_helms_own_marks() -> None:
    labels = {"helm.toolkit.fluxcd.io/name": "shop", "helm.toolkit.fluxcd.io/namespace": "flux-system"}
    obj = workload(
        managed("helm-controller", "Update", KEY), labels=labels, annotations={"meta.helm.sh/release-name": "shop"}
    )
    assert [str(one) for one in owners(obj, [SKIP_INBOUND])] == ["Flux (HelmRelease flux-system/shop)"]


def test_helm_and_kubectl_that_do_not_own_the_key_are_in_nobodys_way() -> None:
    obj = workload(
        managed("helm", "Update", CONTAINERS),
        managed("kubectl-rollout", "Update", {"f:metadata": {"f:annotations": {"f:kubectl.kubernetes.io/x": {}}}}),
        managed("kube-controller-manager", "Update", CONTAINERS, subresource="status"),
        managed("meshdesk", "Update", KEY),
        annotations={"meta.helm.sh/release-name": "shop"},
    )
    assert not {"gitops-fights", "gitops-leaves-alone", "annotation-owned"} & found(obj).keys()
    assert [(str(one), one.keys) for one in owners(obj, [SKIP_INBOUND])] == [("Helm (release shop)", ())]
    owned = workload(managed("helm", "Update", KEY), annotations={"meta.helm.sh/release-name": "shop"})
    assert "the next helm upgrade sets its old value again" in found(owned)["annotation-owned"].meaning


@pytest.mark.parametrize(("by", "told"), [("argocd-controller", True), ("kustomize-controller", False)])
def test_the_label_that_many_tools_write_names_an_application_only_beside_argo_cd(by: str, *, told: bool) -> None:
    obj = workload(managed(by, "Apply", KEY), labels={"app.kubernetes.io/instance": "shop"})
    assert [one.what for one in owners(obj, [SKIP_INBOUND])] == ["Application shop" if told else ""]


def test_the_lines_to_commit_are_a_patch_of_the_manifest_with_quoted_values() -> None:
    change = template_diff({"own": "1"}, {"own": "1", SKIP_INBOUND: "4567,4568,8080", SKIP_OUTBOUND: "25"})
    assert snippet(deployment(), change) == (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: emoji\n  namespace: emojivoto\nspec:\n"
        "  template:\n    metadata:\n      annotations:\n"
        f'        {SKIP_INBOUND}: "4567,4568,8080"\n        {SKIP_OUTBOUND}: "25"\n'
    )
    read = yaml.safe_load(snippet(cron_job(), change))
    assert read["spec"]["jobTemplate"]["spec"]["template"]["metadata"]["annotations"][SKIP_OUTBOUND] == "25"
    assert snippet(deployment(), template_diff({"own": "1"}, {"own": "1"})) == ""
