"""What every cluster implementation keeps of workers/cluster/protocol.py: the same tests on the practice cluster and
on a real control plane, so that the stand-in cannot drift from the truth unnoticed."""

from __future__ import annotations

import pytest

from portal.errors import Conflict, Gone, Refused, Transient
from portal.mesh.annotations import DEBUG_SIDECAR, INJECT, MARK, SKIP_INBOUND, SKIP_OUTBOUND
from portal.mesh.pods import pod_facts
from portal.mesh.rollouts import rollout_of
from portal.mesh.workloads import DEBUG_CONTAINER, WorkloadRef, field_owners, template_annotations
from tests.contract.worlds import (
    Object,
    World,
    bare_pod,
    change,
    cron_job,
    job,
    raised,
    settled,
    template,
    wait_until,
    workload,
)


@pytest.fixture
def ref(world: World) -> WorkloadRef:
    """A Deployment of two pods, settled."""
    found = WorkloadRef("deployment", world.namespace, "web")
    world.create(workload("Deployment", found, template("web"), replicas=2))
    settled(world.cluster, found)
    return found


def names(objects: list[Object]) -> set[str]:
    return {obj["metadata"]["name"] for obj in objects}


def uids(objects: list[Object]) -> set[str]:
    return {obj["metadata"]["uid"] for obj in objects}


def test_a_workload_is_read_as_the_api_server_gives_it(world: World, ref: WorkloadRef) -> None:
    found = world.cluster.workload(ref)
    assert (found["apiVersion"], found["kind"]) == ("apps/v1", "Deployment")
    assert (found["metadata"]["name"], found["metadata"]["namespace"]) == ("web", world.namespace)
    assert {"uid", "resourceVersion", "generation", "creationTimestamp", "managedFields"} <= found["metadata"].keys()
    assert found["spec"]["template"]["spec"]["containers"][0]["name"] == "app"
    assert rollout_of(found).complete


@pytest.mark.parametrize("kind", ["deployment", "statefulset", "daemonset", "cronjob", "replicaset", "job", "pod"])
def test_what_is_not_there_is_gone(world: World, kind: str) -> None:
    missing = WorkloadRef(kind, world.namespace, "nothing")
    error = raised(lambda: world.cluster.workload(missing))
    assert isinstance(error, Gone)
    assert error.sentence == f"There is no {kind}/nothing in {world.namespace} on cluster {world.cluster.name}."


@pytest.mark.parametrize(
    "missing",
    [
        WorkloadRef("deployment", "no-such-namespace", "web"),
        WorkloadRef("deployment", "contract", "émoji-❤"),
        WorkloadRef("deployment", "contract", ".."),
        WorkloadRef("deployment", "..", "web"),
        WorkloadRef("deployment", "contract", "web/status"),
        WorkloadRef("deployment", "contract", "web?watch=true"),
        WorkloadRef("deployment", "contract", ""),
        WorkloadRef("deployment", "", "web"),
        WorkloadRef("deployment", "contract", "x" * 254),
        WorkloadRef("rollout", "contract", "web"),
        WorkloadRef("secret", "contract", "web"),
    ],
    ids=lambda ref: f"{ref.kind}-{ref.namespace}-{ref.name}"[:40],
)
def test_what_cannot_be_there_is_gone(world: World, missing: WorkloadRef) -> None:
    assert isinstance(raised(lambda: world.cluster.workload(missing)), Gone)
    patch = {"metadata": {"annotations": {MARK: "MD-1;1"}}}
    assert isinstance(raised(lambda: world.cluster.patch_workload(missing, patch)), Gone)


def test_a_patch_of_what_is_not_there_is_gone(world: World, ref: WorkloadRef) -> None:
    found = world.cluster.workload(ref)
    world.delete(ref)
    assert isinstance(raised(lambda: world.cluster.patch_workload(ref, change(found, {SKIP_INBOUND: "1"}))), Gone)


def test_a_patch_changes_only_the_keys_asked_for_and_rolls_the_pods(world: World, ref: WorkloadRef) -> None:
    before = world.cluster.workload(ref)
    old_pods = world.cluster.pods(before)
    world.cluster.patch_workload(ref, change(before, {SKIP_INBOUND: "8080", SKIP_OUTBOUND: "25"}))
    after = settled(world.cluster, ref)
    assert template_annotations(after) == {SKIP_INBOUND: "8080", SKIP_OUTBOUND: "25"}
    assert after["metadata"]["annotations"][MARK] == "MD-1;1"
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    assert after["metadata"]["generation"] == before["metadata"]["generation"] + 1
    assert after["metadata"]["resourceVersion"] != before["metadata"]["resourceVersion"]
    del after["spec"]["template"]["metadata"]["annotations"]
    assert after["spec"] == before["spec"]
    new_pods = world.cluster.pods(after)
    assert len(new_pods) == 2
    assert not uids(old_pods) & uids(new_pods)


def test_the_patch_answers_with_the_object_as_it_then_is(world: World, ref: WorkloadRef) -> None:
    before = world.cluster.workload(ref)
    answer = world.cluster.patch_workload(ref, change(before, {SKIP_INBOUND: "8080"}))
    assert template_annotations(answer) == {SKIP_INBOUND: "8080"}
    assert answer["metadata"]["generation"] == before["metadata"]["generation"] + 1
    assert answer["metadata"]["resourceVersion"] != before["metadata"]["resourceVersion"]
    assert not rollout_of(answer).complete


def test_none_deletes_a_key_and_leaves_the_owners(world: World, ref: WorkloadRef) -> None:
    owners = {"spec": {"template": {"metadata": {"annotations": {"example.com/own": "ünïcode ❤"}}}}}
    world.apply(ref, owners)
    found = settled(world.cluster, ref)
    world.cluster.patch_workload(ref, change(found, {SKIP_INBOUND: "8080", INJECT: "disabled"}))
    found = settled(world.cluster, ref)
    world.cluster.patch_workload(ref, change(found, {SKIP_INBOUND: None, INJECT: None}, mark=None))
    found = settled(world.cluster, ref)
    assert template_annotations(found) == {"example.com/own": "ünïcode ❤"}
    assert MARK not in found["metadata"].get("annotations", {})


def test_the_last_key_takes_its_map_with_it(world: World, ref: WorkloadRef) -> None:
    before = world.cluster.workload(ref)
    world.cluster.patch_workload(ref, change(before, {SKIP_INBOUND: "8080"}, mark=None))
    found = settled(world.cluster, ref)
    world.cluster.patch_workload(ref, change(found, {SKIP_INBOUND: None}, mark=None))
    assert settled(world.cluster, ref)["spec"] == before["spec"]


def test_field_owners_tell_meshdesk_from_the_owner(world: World, ref: WorkloadRef) -> None:
    world.apply(ref, {"spec": {"template": {"metadata": {"annotations": {SKIP_OUTBOUND: "25"}}}}})
    found = settled(world.cluster, ref)
    world.cluster.patch_workload(ref, change(found, {SKIP_INBOUND: "8080"}))
    found = settled(world.cluster, ref)
    owners = field_owners(found, [SKIP_INBOUND, SKIP_OUTBOUND, INJECT])
    assert owners == {SKIP_INBOUND: ["meshdesk"], SKIP_OUTBOUND: ["kubectl"], INJECT: []}
    world.apply(ref, {"spec": {"template": {"metadata": {"annotations": {SKIP_INBOUND: "8080,9090"}}}}})
    assert field_owners(settled(world.cluster, ref), [SKIP_INBOUND]) == {SKIP_INBOUND: ["kubectl"]}


def test_a_stale_resource_version_is_a_conflict_and_writes_nothing(world: World, ref: WorkloadRef) -> None:
    stale = world.cluster.workload(ref)
    world.apply(ref, {"metadata": {"annotations": {"example.com/own": "1"}}})
    error = raised(lambda: world.cluster.patch_workload(ref, change(stale, {SKIP_INBOUND: "8080"})))
    assert isinstance(error, Conflict)
    assert isinstance(error, Transient)
    assert error.sentence.startswith(f"deployment/web in {world.namespace} was changed by somebody else")
    assert template_annotations(world.cluster.workload(ref)) == {}


# Deployments alone count their own annotations into the generation: a rollout is then complete only when it was seen.
@pytest.mark.parametrize(("kind", "bumped"), [("Deployment", 1), ("StatefulSet", 0), ("DaemonSet", 0), ("CronJob", 0)])
def test_a_change_of_the_mark_alone_makes_stale_writers_fail_and_rolls_nothing(
    world: World, kind: str, bumped: int
) -> None:
    ref = WorkloadRef(kind.lower(), world.namespace, "marked")
    world.create(cron_job(ref) if kind == "CronJob" else workload(kind, ref, template("marked")))
    before = settled(world.cluster, ref)
    pods = world.cluster.pods(before)
    world.cluster.patch_workload(ref, change(before, {}, mark="MD-1;2"))
    after = settled(world.cluster, ref)
    assert after["metadata"]["annotations"][MARK] == "MD-1;2"
    assert after["metadata"]["resourceVersion"] != before["metadata"]["resourceVersion"]
    assert after["metadata"]["generation"] == before["metadata"]["generation"] + bumped
    assert after["spec"] == before["spec"]
    assert uids(world.cluster.pods(after)) == uids(pods)
    stale = raised(lambda: world.cluster.patch_workload(ref, change(before, {INJECT: "disabled"})))
    assert isinstance(stale, Conflict)


def test_a_patch_that_changes_nothing_leaves_the_resource_version(world: World, ref: WorkloadRef) -> None:
    found = world.cluster.workload(ref)
    world.cluster.patch_workload(ref, change(found, {SKIP_INBOUND: "8080"}))
    found = settled(world.cluster, ref)
    again = world.cluster.patch_workload(ref, change(found, {SKIP_INBOUND: "8080", SKIP_OUTBOUND: None}))
    assert again["metadata"] == found["metadata"]


def test_a_dry_run_tells_and_changes_nothing(world: World, ref: WorkloadRef) -> None:
    before = world.cluster.workload(ref)
    shown = world.cluster.patch_workload(ref, change(before, {SKIP_INBOUND: "8080"}), dry_run=True)
    assert template_annotations(shown) == {SKIP_INBOUND: "8080"}
    assert world.cluster.workload(ref) == before
    world.apply(ref, {"metadata": {"annotations": {"example.com/own": "1"}}})
    stale = raised(lambda: world.cluster.patch_workload(ref, change(before, {SKIP_INBOUND: "8080"}), dry_run=True))
    assert isinstance(stale, Conflict)


def test_a_value_that_is_no_text_is_refused(world: World, ref: WorkloadRef) -> None:
    patch = {"spec": {"template": {"metadata": {"annotations": {SKIP_INBOUND: 8080}}}}}
    error = raised(lambda: world.cluster.patch_workload(ref, patch))
    assert isinstance(error, Refused)
    assert error.sentence.startswith("The API server refused the change: ")


def test_a_jobs_template_is_refused(world: World) -> None:
    ref = WorkloadRef("job", world.namespace, "once")
    world.create(job(ref))
    patch = {"spec": {"template": {"metadata": {"annotations": {SKIP_INBOUND: "8080"}}}}}
    assert isinstance(raised(lambda: world.cluster.patch_workload(ref, patch)), Refused)


@pytest.mark.parametrize("kind", ["StatefulSet", "DaemonSet"])
def test_the_other_kinds_roll_too(world: World, kind: str) -> None:
    ref = WorkloadRef(kind.lower(), world.namespace, "other")
    world.create(workload(kind, ref, template("other")))
    before = settled(world.cluster, ref)
    old = world.cluster.pods(before)
    assert old
    world.cluster.patch_workload(ref, change(before, {SKIP_INBOUND: "8080"}))
    after = settled(world.cluster, ref)
    pods = world.cluster.pods(after)
    assert len(pods) == len(old)
    assert not uids(old) & uids(pods)
    assert {pod_facts(pod).skip_inbound for pod in pods} == {"8080"}


def test_an_on_delete_workload_keeps_its_pods(world: World) -> None:
    ref = WorkloadRef("statefulset", world.namespace, "by-hand")
    world.create(workload("StatefulSet", ref, template("by-hand"), updateStrategy={"type": "OnDelete"}))
    before = settled(world.cluster, ref)
    world.cluster.patch_workload(ref, change(before, {SKIP_INBOUND: "8080"}))
    wait_until(lambda: world.cluster.workload(ref)["status"]["observedGeneration"] == 2)
    after = world.cluster.workload(ref)
    assert not rollout_of(after).complete
    assert uids(world.cluster.pods(after)) == uids(world.cluster.pods(before))


def test_a_cron_job_is_patched_in_its_job_template_and_starts_nothing(world: World) -> None:
    ref = WorkloadRef("cronjob", world.namespace, "nightly")
    world.create(cron_job(ref))
    before = world.cluster.workload(ref)
    after = world.cluster.patch_workload(ref, change(before, {SKIP_INBOUND: "8080"}))
    assert template_annotations(world.cluster.workload(ref)) == {SKIP_INBOUND: "8080"}
    assert after["metadata"]["generation"] == before["metadata"]["generation"] + 1
    assert rollout_of(after).complete
    assert world.cluster.pods(after) == []
    assert field_owners(after, [SKIP_INBOUND]) == {SKIP_INBOUND: ["meshdesk"]}


def test_a_cron_jobs_pods_are_those_of_its_own_jobs(world: World) -> None:
    ref = WorkloadRef("cronjob", world.namespace, "nightly")
    world.create(cron_job(ref))
    found = world.cluster.workload(ref)
    world.create(job(WorkloadRef("job", world.namespace, "nightly-1"), owner=found))
    world.create(job(WorkloadRef("job", world.namespace, "nightly-by-hand")))
    mine = wait_until(lambda: world.cluster.pods(found))
    assert [pod["metadata"]["labels"]["batch.kubernetes.io/job-name"] for pod in mine] == ["nightly-1"]
    others = world.cluster.workload(WorkloadRef("job", world.namespace, "nightly-by-hand"))
    assert not uids(mine) & uids(wait_until(lambda: world.cluster.pods(others)))


def test_pods_are_the_workloads_own_whatever_their_labels(world: World, ref: WorkloadRef) -> None:
    twin = WorkloadRef("deployment", world.namespace, "web-twin")
    world.create(workload("Deployment", twin, template("web"), replicas=1))
    stray = bare_pod(WorkloadRef("pod", world.namespace, "stray"))
    stray["metadata"]["labels"] = {"app": "other"}
    world.create(stray)
    settled(world.cluster, twin)
    pods = world.cluster.pods(world.cluster.workload(ref))
    assert len(pods) == 2
    assert all(pod["metadata"]["name"].startswith("web-") for pod in pods)
    assert not uids(pods) & uids(world.cluster.pods(world.cluster.workload(twin)))
    assert all((pod["apiVersion"], pod["kind"]) == ("v1", "Pod") for pod in pods)


def test_a_bare_pod_is_its_own_and_a_scaled_down_workload_has_none(world: World, ref: WorkloadRef) -> None:
    lonely = WorkloadRef("pod", world.namespace, "lonely")
    world.create(bare_pod(lonely))
    found = world.cluster.workload(lonely)
    assert names(world.cluster.pods(found)) == {"lonely"}
    world.apply(ref, {"spec": {"replicas": 0}})
    assert world.cluster.pods(settled(world.cluster, ref)) == []


def test_terminating_pods_are_among_the_pods(world: World) -> None:
    ref = WorkloadRef("deployment", world.namespace, "lingering")
    pace = world.pace(ready="0ms", gone="1500ms")
    world.create(workload("Deployment", ref, template("lingering", pace), replicas=1, revisionHistoryLimit=0))
    before = settled(world.cluster, ref)
    (old,) = world.cluster.pods(before)
    world.cluster.patch_workload(ref, change(before, {SKIP_INBOUND: "8080"}))
    complete = wait_until(lambda: rollout_of(world.cluster.workload(ref)).complete)
    assert complete
    pods = {pod["metadata"]["uid"]: pod_facts(pod) for pod in world.cluster.pods(before)}
    assert pods[old["metadata"]["uid"]].terminating
    assert not pods[old["metadata"]["uid"]].finished
    wait_until(lambda: old["metadata"]["uid"] not in uids(world.cluster.pods(before)))


def test_a_slow_rollout_shows_its_progress(world: World) -> None:
    ref = WorkloadRef("deployment", world.namespace, "slow")
    pace = world.pace(ready="400ms", gone="100ms")
    world.create(workload("Deployment", ref, template("slow", pace), replicas=3))
    before = settled(world.cluster, ref)
    world.cluster.patch_workload(ref, change(before, {SKIP_INBOUND: "8080"}))
    seen = []

    def complete() -> bool:
        seen.append(rollout_of(world.cluster.workload(ref)))
        return seen[-1].complete

    wait_until(complete)
    assert any(0 < rollout.updated < rollout.desired for rollout in seen)
    assert [rollout.updated for rollout in seen] == sorted(rollout.updated for rollout in seen)
    assert all(rollout.ready >= rollout.desired for rollout in seen)


def test_injected_pods_show_what_their_traffic_rules_are(world: World, ref: WorkloadRef) -> None:
    before = world.cluster.workload(ref)
    defaults = world.cluster.mesh()
    facts = [pod_facts(pod) for pod in world.cluster.pods(before)]
    assert all(fact.meshed and fact.proxy_version == defaults.version for fact in facts)
    assert {fact.skip_inbound for fact in facts} == {"4567-4568"}
    world.cluster.patch_workload(ref, change(before, {SKIP_INBOUND: "4567-4568,8080", SKIP_OUTBOUND: "9000-9010"}))
    facts = [pod_facts(pod) for pod in world.cluster.pods(settled(world.cluster, ref))]
    assert {(fact.skip_inbound, fact.skip_outbound) for fact in facts} == {("4567-4568,8080", "9000-9010")}
    found = world.cluster.workload(ref)
    world.cluster.patch_workload(ref, change(found, {INJECT: "disabled"}))
    facts = [pod_facts(pod) for pod in world.cluster.pods(settled(world.cluster, ref))]
    assert [fact.meshed for fact in facts] == [False, False]


def test_new_pods_have_the_debug_container_while_the_template_asks_for_it(world: World, ref: WorkloadRef) -> None:
    for value, expected in (("true", True), (None, False)):
        world.cluster.patch_workload(ref, change(world.cluster.workload(ref), {DEBUG_SIDECAR: value}))
        facts = [pod_facts(pod) for pod in world.cluster.pods(settled(world.cluster, ref))]
        assert [DEBUG_CONTAINER in fact.containers for fact in facts] == [expected, expected]
        assert all(fact.meshed and fact.ready for fact in facts)


def test_an_admission_denial_is_refused_with_the_policys_words(world: World, ref: WorkloadRef) -> None:
    found = world.cluster.workload(ref)
    with world.denied(ref, "freeze until Monday"):
        error = raised(lambda: world.cluster.patch_workload(ref, change(found, {SKIP_INBOUND: "8080"})))
        shown = raised(lambda: world.cluster.patch_workload(ref, change(found, {SKIP_INBOUND: "8080"}), dry_run=True))
    for denial in (error, shown):
        assert isinstance(denial, Refused)
        assert denial.sentence.startswith("An admission policy of the cluster refused the change: ")
        assert "freeze until Monday" in denial.sentence
        assert "\n" not in denial.sentence
    assert world.cluster.workload(ref) == found
    world.cluster.patch_workload(ref, change(found, {SKIP_INBOUND: "8080"}))


def test_a_right_that_is_missing_is_refused_and_named(world: World, ref: WorkloadRef) -> None:
    with world.forbidden(ref) as limited:
        found = limited.workload(ref)
        error = raised(lambda: limited.patch_workload(ref, change(found, {SKIP_INBOUND: "8080"})))
    assert isinstance(error, Refused)
    assert error.sentence == (
        f"The cluster does not let Meshdesk change deployment/web in {world.namespace} (RBAC). "
        "Your platform operators must give its service account the right to patch it."
    )


def test_an_outage_is_transient_and_the_same_cluster_comes_back(world: World, ref: WorkloadRef) -> None:
    found = world.cluster.workload(ref)
    with world.outage():
        for call in (
            lambda: world.cluster.workload(ref),
            lambda: world.cluster.pods(found),
            lambda: list(world.cluster.namespaces()),
            world.cluster.mesh,
            world.cluster.injector_webhook,
            lambda: world.cluster.patch_workload(ref, change(found, {SKIP_INBOUND: "8080"})),
        ):
            error = raised(call)
            assert isinstance(error, Transient)
            assert not isinstance(error, Conflict)
            assert error.sentence == f"Cluster {world.cluster.name} does not answer; this is tried again by itself."
    world.cluster.patch_workload(ref, change(settled(world.cluster, ref), {SKIP_INBOUND: "8080"}))
    assert template_annotations(settled(world.cluster, ref)) == {SKIP_INBOUND: "8080"}


def test_long_lists_are_whole(world: World) -> None:
    wanted = {f"scaled-{number:03}" for number in range(260)}
    for name in sorted(wanted):
        ref = WorkloadRef("deployment", world.namespace, name)
        world.create(workload("Deployment", ref, template(name), replicas=0))
    found = list(world.cluster.workloads(world.namespace))
    assert names(found) >= wanted
    assert len(found) == len(uids(found))
    assert all(obj["kind"] == "Deployment" and obj["apiVersion"] == "apps/v1" for obj in found)


def test_the_listing_has_what_people_own_and_not_what_controllers_do(world: World, ref: WorkloadRef) -> None:
    own = {
        WorkloadRef("statefulset", world.namespace, "set"): "StatefulSet",
        WorkloadRef("daemonset", world.namespace, "agent"): "DaemonSet",
        WorkloadRef("replicaset", world.namespace, "bare-set"): "ReplicaSet",
    }
    for owned, kind in own.items():
        world.create(workload(kind, owned, template(owned.name)))
    others = {"cronjob": cron_job, "job": job, "pod": bare_pod}
    for kind, make in others.items():
        world.create(make(WorkloadRef(kind, world.namespace, f"bare-{kind}")))
    nightly = world.cluster.workload(WorkloadRef("cronjob", world.namespace, "bare-cronjob"))
    world.create(job(WorkloadRef("job", world.namespace, "controlled"), owner=nightly))
    wanted = {ref, *own, *(WorkloadRef(kind, world.namespace, f"bare-{kind}") for kind in others)}
    wait_until(lambda: world.cluster.pods(world.cluster.workload(ref)))
    assert {WorkloadRef.of(obj) for obj in world.cluster.workloads(world.namespace)} == wanted
    everywhere = {WorkloadRef.of(obj) for obj in world.cluster.workloads()}
    assert everywhere >= wanted
    assert list(world.cluster.workloads("no-such-namespace")) == []
    assert list(world.cluster.workloads("../secrets")) == []


def test_metadata_alone_tells_who_controls_a_replica_set(world: World, ref: WorkloadRef) -> None:
    (found,) = world.cluster.metadata("replicaset", world.namespace)
    assert set(found) == {"metadata"}
    (owner,) = found["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["name"], owner["controller"]) == ("Deployment", ref.name, True)
    assert "pod-template-hash" in found["metadata"]["labels"]
    for missing in ("no-such-namespace", "../secrets"):
        assert list(world.cluster.metadata("replicaset", missing)) == []


def test_names_as_long_as_kubernetes_allows(world: World) -> None:
    ref = WorkloadRef("deployment", world.namespace, "n" * 253)
    world.create(workload("Deployment", ref, template("long"), replicas=0))
    found = world.cluster.workload(ref)
    answer = world.cluster.patch_workload(ref, change(found, {SKIP_INBOUND: "8080"}) | {"metadata": {}})
    assert template_annotations(answer) == {SKIP_INBOUND: "8080"}


def test_namespaces_are_read_one_by_one_and_all(world: World) -> None:
    found = world.cluster.namespace(world.namespace)
    assert (found["apiVersion"], found["kind"]) == ("v1", "Namespace")
    assert found["metadata"]["annotations"][INJECT] == "enabled"
    assert found["metadata"]["labels"]["kubernetes.io/metadata.name"] == world.namespace
    listed = {obj["metadata"]["name"]: obj for obj in world.cluster.namespaces()}
    assert {world.namespace, "linkerd", "kube-system"} <= listed.keys()
    assert listed[world.namespace] == found
    assert isinstance(raised(lambda: world.cluster.namespace("no-such-namespace")), Gone)
    assert isinstance(raised(lambda: world.cluster.namespace("..")), Gone)


def test_linkerds_own_settings_are_read(world: World) -> None:
    defaults = world.cluster.mesh()
    assert defaults.version == "edge-26.6.3"
    assert (defaults.skip_inbound, defaults.skip_outbound) == ("4567,4568", "4567,4568")
    assert (defaults.native_sidecar, defaults.cni, defaults.namespace) == (True, False, "linkerd")
    webhook = world.cluster.injector_webhook()
    assert webhook is not None
    assert webhook["kind"] == "MutatingWebhookConfiguration"
    assert webhook["webhooks"][0]["name"] == "linkerd-proxy-injector.linkerd.io"


def test_disruption_budgets_are_those_of_the_namespace(world: World) -> None:
    assert world.cluster.disruption_budgets(world.namespace) == []
    spec = {"maxUnavailable": 1, "selector": {"matchLabels": {"app": "web"}}}
    metadata = {"name": "web", "namespace": world.namespace}
    world.create({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": metadata, "spec": spec})
    (budget,) = world.cluster.disruption_budgets(world.namespace)
    assert (budget["kind"], budget["metadata"]["name"], budget["spec"]["maxUnavailable"]) == (
        "PodDisruptionBudget",
        "web",
        1,
    )
