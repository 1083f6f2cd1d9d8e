"""Posture's reading of a namespace in both worlds: whose pods are whose, and what counts where there are none."""

from __future__ import annotations

from portal.mesh.annotations import SKIP_INBOUND
from portal.mesh.holes import Code
from portal.mesh.holes_of_workload import Seen, seen_of
from portal.mesh.weaknesses import Yardstick, of_namespace
from portal.mesh.workloads import WorkloadRef
from tests.contract.worlds import World, bare_pod, cron_job, job, settled, template, wait_until, workload
from workers.posture_reading import Key, Reading

WEAK = {SKIP_INBOUND: "8080"}


def read(world: World) -> dict[Key, Seen]:
    yard = Yardstick(world.cluster.mesh(), world.cluster.injector_webhook() or {})
    namespace = world.cluster.namespace(world.namespace)
    reading = Reading(world.cluster, namespace, yard)
    reading.read()
    inherited = of_namespace(namespace, yard)
    return {key: seen_of(sight, tally, inherited) for key, sight, tally in reading.workloads()}


def ref(world: World, kind: str, name: str) -> WorkloadRef:
    return WorkloadRef(kind, world.namespace, name)


def test_pods_are_told_of_what_people_own(world: World) -> None:
    for kind in ("Deployment", "StatefulSet", "ReplicaSet"):
        made = ref(world, kind.lower(), f"a-{kind.lower()}")
        world.create(workload(kind, made, template(made.name, WEAK), replicas=2))
    world.create(workload("DaemonSet", ref(world, "daemonset", "agent"), template("agent", WEAK)))
    world.create(bare_pod(ref(world, "pod", "alone")))
    world.create(cron_job(ref(world, "cronjob", "nightly")))
    nightly = world.cluster.workload(ref(world, "cronjob", "nightly"))
    world.create(job(ref(world, "job", "tonight"), owner=nightly))
    world.create(job(ref(world, "job", "once")))
    for kind in ("deployment", "statefulset"):
        settled(world.cluster, ref(world, kind, f"a-{kind}"))
    pods = {
        ("deployment", "a-deployment"): 2,
        ("statefulset", "a-statefulset"): 2,
        ("replicaset", "a-replicaset"): 2,
        ("pod", "alone"): 1,
        ("cronjob", "nightly"): 1,
        ("job", "once"): 1,
    }
    wait_until(lambda: {key: seen.tally.pods for key, seen in read(world).items() if key[0] != "daemonset"} == pods)
    found = read(world)
    weak = {key for key, seen in found.items() if Code.SKIP_INBOUND in seen.own}
    assert weak == {key for key in found if key[0] in ("deployment", "statefulset", "replicaset", "daemonset")}
    assert all(seen.tally.meshed == seen.tally.pods for seen in found.values())


def test_a_template_counts_where_there_are_no_pods_and_old_pods_where_it_was_mended(world: World) -> None:
    scaled, held = ref(world, "deployment", "scaled"), ref(world, "statefulset", "held")
    world.create(workload("Deployment", scaled, template("scaled", WEAK), replicas=0))
    on_delete = {"updateStrategy": {"type": "OnDelete"}, "replicas": 1}
    world.create(workload("StatefulSet", held, template("held", WEAK), **on_delete))
    wait_until(lambda: read(world)[held.kind, held.name].tally.meshed == 1)
    world.apply(held, {"spec": {"template": {"metadata": {"annotations": {SKIP_INBOUND: None}}}}})
    found = read(world)
    assert found[scaled.kind, scaled.name].tally.pods == 0
    assert found[scaled.kind, scaled.name].facts["codes"] == ["skip-inbound"]
    assert found[held.kind, held.name].before == {Code.SKIP_INBOUND}
    assert found[held.kind, held.name].facts["next"] == "encrypted"


def test_what_is_not_there_has_nothing_in_it(world: World) -> None:
    yard = Yardstick(world.cluster.mesh(), {})
    reading = Reading(world.cluster, {"metadata": {"name": "no-such-namespace"}}, yard)
    reading.read()
    assert list(reading.workloads()) == []
