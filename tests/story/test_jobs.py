"""Jobs that the mesh keeps from ending, end to end: found, asked for, let end, given back. Real processes and HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from portal.mesh.annotations import INJECT, NATIVE_SIDECAR
from portal.mesh.pods import pod_facts
from portal.mesh.workloads import template_annotations
from tests.contract.worlds import cron_job, job, wait_until
from tests.story.api import Api, until
from tests.story.stack import Stack
from tests.story.worlds import StoryWorld

pytestmark = pytest.mark.story

CRON, ONCE = "cronjob/nightly", "job/once"
OLD_WAY = {NATIVE_SIDECAR: "false"}
ENCRYPTED = {"encrypted": True, "how": "TLS to what it calls"}


@pytest.fixture(scope="module")
def jobs(world: StoryWorld) -> Iterator[StoryWorld]:
    """A CronJob and a Job whose proxies are ordinary containers; a pod of each has finished its own work."""
    cron = cron_job(world.ref(CRON))
    cron["spec"]["jobTemplate"]["spec"]["template"]["metadata"]["annotations"] = OLD_WAY
    world.world.create(cron)
    for name, owner in (("nightly-1", world.object(CRON)), ("once", None)):
        made = job(world.ref(f"job/{name}"), owner)
        made["spec"]["template"]["metadata"]["annotations"] |= OLD_WAY
        world.world.create(made)
        wait_until(lambda name=name: statuses(world, f"job/{name}"))  # type: ignore[misc]
        world.world.finish(world.ref(f"job/{name}"))
    yield world
    for workload in (CRON, ONCE):
        world.world.delete(world.ref(workload))


def statuses(world: StoryWorld, workload: str) -> list[Any]:
    """The statuses of the containers of its pods."""
    pods = world.cluster.pods(world.object(workload))
    return [one for pod in pods for one in (pod.get("status") or {}).get("containerStatuses") or []]


def asking(world: StoryWorld, *workloads: str, **fields: Any) -> dict[str, Any]:
    duration = fields.pop("duration", None)
    return {
        "kind": "job-completion",
        "cluster": "practice",
        "namespace": world.namespace,
        "reason": "the pods stay for ever",
        "duration": duration,
        "fields": {"jobs": list(workloads), "way": "native-sidecar", **fields},
    }


def asked(member: Api, body: dict[str, Any]) -> str:
    answer = member.post("/tickets", body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["ref"])


def kept(member: Api, world: StoryWorld, workload: str) -> dict[str, Any]:
    """What the inventory tells of the workload once it says that pods are kept."""

    def looked() -> dict[str, Any] | None:
        seen = member.get("/clusters/practice/inventory", namespace=world.namespace).json()["workloads"]
        return next((one for one in seen if one["workload"] == workload and one["kept_open"]), None)

    return until(looked, within=30, words=f"the inventory of {workload}")


def test_a_cron_job_by_native_sidecars_without_an_end_until_it_is_released(jobs: StoryWorld, member: Api) -> None:
    seen = kept(member, jobs, CRON)
    assert "of job/nightly-1 finished at" in seen["kept_open"][0]
    assert "native-sidecar" in [way["name"] for way in seen["ways"] if way["fits"]]
    ref = asked(member, asking(jobs, CRON))
    active = member.until(ref, "active")
    assert (active["automatic"], active["expires_at"]) == (True, None)
    assert jobs.template(CRON) == {NATIVE_SIDECAR: "true"}
    assert ref in str(jobs.mark(CRON))
    assert member.post(f"/tickets/{ref}/release", {"reason": "it is in our manifest now"}).status_code == 200
    assert member.until(ref, "closed")["outcome"] == "released"
    assert (jobs.template(CRON), jobs.mark(CRON)) == (OLD_WAY, None)


def test_a_cron_job_without_proxy_is_decided_like_an_encryption_exception(
    stack: Stack, jobs: StoryWorld, member: Api, partner: Api
) -> None:
    kept(member, jobs, CRON)
    body = asking(jobs, CRON, way="no-proxy", calls=[], application_encryption=ENCRYPTED)
    assert member.post("/tickets", body).status_code == 422, "it may not stand without an end"
    ref = asked(member, {**body, "duration": "PT30M"})
    waiting = member.until_clean(ref)
    assert (waiting["state"], waiting["rule"]) == ("pending", "no-proxy-encrypted-production")
    assert partner.decide(ref).json()["state"] == "pending"
    assert stack.api("owner").decide(ref).json()["state"] == "approved"
    member.until(ref, "active")
    assert jobs.template(CRON) == {**OLD_WAY, INJECT: "disabled"}
    assert partner.post(f"/tickets/{ref}/revoke", {"reason": "an incident"}).status_code == 200
    assert member.until(ref, "closed")["outcome"] == "revoked"
    assert (jobs.template(CRON), jobs.mark(CRON)) == (OLD_WAY, None)


def test_a_job_that_cannot_be_changed_is_answered_by_its_manifest(stack: Stack, jobs: StoryWorld, member: Api) -> None:
    kept(member, jobs, ONCE)
    before = jobs.object(ONCE)
    ref = asked(member, asking(jobs, ONCE))
    closed = member.until(ref, "closed")
    assert (closed["outcome"], closed["targets"][0]["written_at"]) == ("fulfilled", None)
    assert jobs.object(ONCE) == before
    assert stack.api("outsider").get(f"/tickets/{ref}/manifests").status_code == 404
    [item] = member.get(f"/tickets/{ref}/manifests").json()["items"]
    made = yaml.safe_load(item["text"])
    assert template_annotations(made)[NATIVE_SIDECAR] == "true"
    recreated(jobs, made)


def recreated(world: StoryWorld, manifest: dict[str, Any]) -> None:
    """The Job made anew from the manifest, as its notes say, ends when its own work has."""
    ref = world.ref(ONCE)
    gone = world.object(ONCE)["metadata"]["uid"]
    world.world.delete(ref)
    wait_until(lambda: all(one["metadata"]["uid"] != gone for one in world.cluster.workloads(world.namespace)))
    world.world.create(manifest)
    wait_until(lambda: statuses(world, ONCE))
    world.world.finish(ref)
    wait_until(lambda: all(pod_facts(pod).finished for pod in world.cluster.pods(world.object(ONCE))))
