"""A debug sidecar, end to end: asked, granted by the rule, seen in every pod, used, renewed without a restart, gone."""

from __future__ import annotations

from typing import Any

import pytest

from portal.mesh.annotations import DEBUG_SIDECAR
from portal.mesh.workloads import DEBUG_CONTAINER
from tests.story.api import Api, duration_between, until
from tests.story.stack import Stack
from tests.story.worlds import StoryWorld

pytestmark = pytest.mark.story

WORKLOAD = "deployment/debugged"


def asking(world: StoryWorld, **envelope: Any) -> dict[str, Any]:
    """The request, with `envelope` changed."""
    return {
        "kind": "debug-sidecar",
        "cluster": "practice",
        "namespace": world.namespace,
        "duration": "PT10S",
        "reason": "requests of one client fail",
        "fields": {"workloads": [WORKLOAD]},
        **envelope,
    }


def active(member: Api, partner: Api, body: dict[str, Any]) -> dict[str, Any]:
    """The ticket once its pods have the container; in production a partner decides."""
    answer = member.post("/tickets", body)
    assert answer.status_code == 201, answer.text
    ref = str(answer.json()["ref"])
    assert (answer.json()["rule"], answer.json()["usage"]) == ("debug-production", [])
    member.until_clean(ref)
    assert partner.decide(ref).status_code == 200
    return member.until(ref, "active")


def test_the_debug_container_comes_is_used_and_goes_on_time(
    stack: Stack, world: StoryWorld, member: Api, partner: Api
) -> None:
    before = world.template(WORKLOAD)
    preview = member.post("/tickets/preview", asking(world))
    assert preview.status_code == 200, preview.text
    assert [target["change"]["after"] for target in preview.json()["targets"]] == [{DEBUG_SIDECAR: "true"}]
    assert world.debugged_pods(WORKLOAD) == {False}
    ticket = active(member, partner, asking(world))
    ref = ticket["ref"]
    assert world.template(WORKLOAD) == {**before, DEBUG_SIDECAR: "true"}
    assert world.debugged_pods(WORKLOAD) == {True}
    shows_how_to_use_it(stack, world, ticket)
    closed = member.until(ref, "closed", within=60)
    assert (closed["outcome"], closed["usage"]) == ("expired", [])
    assert 0 <= duration_between(ticket["expires_at"], member.moment(ref, "ticket:reverting")) <= 10
    assert world.template(WORKLOAD) == before
    assert world.debugged_pods(WORKLOAD) == {False}
    assert world.mark(WORKLOAD) is None


def shows_how_to_use_it(stack: Stack, world: StoryWorld, ticket: dict[str, Any]) -> None:
    """With the names filled in, by the API and on the page of the command line."""
    command = f"kubectl -n {world.namespace} logs {WORKLOAD} -c {DEBUG_CONTAINER} -f"
    assert command in [one["text"] for one in ticket["usage"]]
    token = stack.folder / "member.token"
    token.write_text(stack.tokens["member"])
    shown = stack.run("show", ticket["ref"], "--url", stack.address, "--token-file", str(token))
    assert shown.returncode == 0, shown.stderr
    assert "How to use it" in shown.stdout
    assert command in shown.stdout


def test_a_renewal_keeps_the_container_and_its_pods(world: StoryWorld, member: Api, partner: Api) -> None:
    first = active(member, partner, asking(world, duration="PT30M"))
    running = world.pod_uids(WORKLOAD)
    second = active(member, partner, asking(world, duration="PT40M", renews=first["ref"]))
    replaced = member.until(first["ref"], "closed", within=60)
    assert (replaced["outcome"], world.pod_uids(WORKLOAD)) == ("replaced", running)
    assert world.debugged_pods(WORKLOAD) == {True}
    assert member.post(f"/tickets/{second['ref']}/release", {"reason": "found it"}).status_code == 200
    member.until(second["ref"], "closed", within=60)
    until(lambda: not world.pod_uids(WORKLOAD) & running, within=20, words="the end of the old pods")
    assert world.debugged_pods(WORKLOAD) == {False}


def test_a_cron_job_is_refused_with_what_to_do_instead(world: StoryWorld, member: Api) -> None:
    refused = member.post("/tickets", asking(world, fields={"workloads": ["cronjob/report"]}))
    assert refused.status_code == 422, refused.text
    assert "run the same pods once as a Deployment" in refused.text
