"""Events as both clusters tell them: about one object, by one source, and nothing of what is not there."""

from __future__ import annotations

from portal.mesh.annotations import INJECT
from portal.mesh.workloads import WorkloadRef
from tests.contract.worlds import World, settled, template, wait_until, workload

INJECTOR = "linkerd-proxy-injector"


def test_the_injector_s_events_are_about_the_workload_of_the_pods(world: World) -> None:
    in_mesh, out = (WorkloadRef("deployment", world.namespace, name) for name in ("in-mesh", "out"))
    world.create(workload("Deployment", in_mesh, template("in-mesh")))
    world.create(workload("Deployment", out, template("out", {INJECT: "disabled"})))
    settled(world.cluster, in_mesh)
    uid = settled(world.cluster, out)["metadata"]["uid"]
    (event,) = wait_until(lambda: world.cluster.events(world.namespace, uid=uid, source=INJECTOR))
    assert (event["kind"], event["reason"]) == ("Event", "InjectionSkipped")
    assert event["message"].startswith("Linkerd sidecar proxy injection skipped: ")
    assert event["involvedObject"]["uid"] == uid
    assert event["lastTimestamp"]
    told = wait_until(lambda: world.cluster.events(world.namespace, source=INJECTOR))
    assert {one["reason"] for one in told} == {"Injected", "InjectionSkipped"}
    assert uid in {one["involvedObject"]["uid"] for one in world.cluster.events(world.namespace)}


def test_there_are_no_events_where_there_is_nothing(world: World) -> None:
    assert world.cluster.events("no-such-namespace") == []
    assert world.cluster.events("..") == []
    assert world.cluster.events(world.namespace, uid="00000000-0000-4000-8000-000000000000") == []
