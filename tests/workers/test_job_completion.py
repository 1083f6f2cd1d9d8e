"""Jobs that the proxy keeps from ending, on the practice cluster: found, let end by each way, and taken back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import yaml
from sqlalchemy import select

from portal.errors import NotReady
from portal.mesh.annotations import (
    ADMIN_SHUTDOWN,
    INJECT,
    NATIVE_SIDECAR,
    NATIVE_SIDECAR_ALPHA,
    NATIVE_SIDECAR_BETA,
)
from portal.mesh.pods import pod_facts
from portal.mesh.workloads import WorkloadRef, template_annotations
from portal.models import InventoryWorkload, TicketTarget
from portal.states import Outcome, State
from portal.tickets import asking
from tests.workers.desk import SHORTEST, Desk
from tests.workers.test_rollouts import REPORT, owned
from workers.cluster.practice_pods import FINISHED
from workers.cluster.practice_world import job, namespace, template, workload

Object = dict[str, Any]
OLD_WAY = {NATIVE_SIDECAR: "false"}
ENCRYPTED = {"encrypted": True, "how": "TLS to the database"}
IMPORT = WorkloadRef("job", "emojivoto", "import")
WITHOUT = {"way": "no-proxy", "application_encryption": ENCRYPTED}


def made(desk: Desk, name: str = "import", *, suspend: bool = False, **annotations: str) -> WorkloadRef:
    """A Job whose proxy is an ordinary container."""
    obj = job("emojivoto", name)
    obj["spec"]["template"]["metadata"]["annotations"] = {**OLD_WAY, **annotations}
    obj["spec"]["template"]["spec"]["containers"][0] |= {
        "command": ["import", "--all"],
        "env": [{"name": "TOKEN", "value": "s3cret"}],
    }
    obj["spec"]["suspend"] = suspend
    desk.practice.create(obj)
    desk.look()
    return WorkloadRef("job", "emojivoto", name)


def ask(desk: Desk, *jobs: str, duration: timedelta | None = None, **fields: Any) -> int:
    """A pending ticket for these Jobs; its number."""
    asked = {"jobs": list(jobs), "way": "native-sidecar", **fields}
    wanted = asking.Ask("job-completion", "practice", "emojivoto", "a test", duration, asked, None)
    with desk.acting("member") as (session, member):
        return asking.submit(session, wanted, by=member, now=datetime.now(UTC), shortest=SHORTEST).id


def active(desk: Desk, *jobs: str, **fields: Any) -> int:
    """A ticket whose window is open; its number."""
    number = ask(desk, *jobs, **fields)
    desk.preflight(number)
    for group in desk.ticket(number).approvals:
        desk.decide(number, "owner" if group["from"] == "tenant-owner" else "partner")
    desk.apply(number)
    assert desk.state(number) is State.ACTIVE, desk.problem(number)
    return number


def finish(desk: Desk, ref: WorkloadRef) -> None:
    desk.practice.apply_as("kubectl", ref, {"metadata": {"annotations": {FINISHED: "true"}}})


def codes(desk: Desk, number: int) -> dict[str, str]:
    desk.preflight(number)
    return {one["code"]: one["severity"] for one in desk.evidence(number, "preflight")["findings"]}


def manifest(desk: Desk, number: int) -> Object:
    """The manifest of the only target."""
    (target,) = desk.evidence(number, "preflight")["targets"]
    found: Object = target["manifest"]
    return found


def kept(desk: Desk, kind: str, name: str) -> list[str] | None:
    desk.look()
    with desk.database.reading() as session:
        rows = select(InventoryWorkload.kept_open).where(
            InventoryWorkload.cluster == "practice",
            InventoryWorkload.namespace == "emojivoto",
            InventoryWorkload.kind == kind,
            InventoryWorkload.name == name,
        )
        return session.scalar(rows)


def old_report(desk: Desk) -> None:
    """The CronJob with an ordinary proxy, and a Job of it that is held."""
    annotations = {"spec": {"template": {"metadata": {"annotations": OLD_WAY}}}}
    desk.practice.apply_as("kubectl", REPORT, {"spec": {"jobTemplate": annotations}})
    run = job("emojivoto", "nightly-report-1")
    run["spec"]["template"]["metadata"]["annotations"] = OLD_WAY
    desk.practice.create(owned(desk, run, REPORT))
    finish(desk, WorkloadRef("job", "emojivoto", "nightly-report-1"))


def test_the_inventory_tells_which_pods_are_kept_and_why_of_what_made_them(desk: Desk) -> None:
    ref = made(desk)
    assert kept(desk, "job", "import") == []
    finish(desk, ref)
    (pod,) = desk.practice.pods(desk.object(ref))
    held, why = kept(desk, "job", "import") or []
    assert held.startswith(f"Pod {pod['metadata']['name']} of job/import finished at ")
    assert f'{NATIVE_SIDECAR} is "false" (pod template)' in why
    old_report(desk)
    held, why = kept(desk, "cronjob", "nightly-report") or []
    assert "of job/nightly-report-1 finished at" in held
    assert kept(desk, "deployment", "emoji") is None


def test_of_very_many_pods_the_oldest_are_told(desk: Desk) -> None:
    old_report(desk)
    for number in range(2, 23):
        run = job("emojivoto", f"nightly-report-{number}")
        run["spec"]["template"]["metadata"]["annotations"] = OLD_WAY
        desk.practice.create(owned(desk, run, REPORT))
        finish(desk, WorkloadRef("job", "emojivoto", f"nightly-report-{number}"))
    told = kept(desk, "cronjob", "nightly-report") or []
    assert (len(told), told[-1]) == (22, "So are 2 more pods of it.")


def test_a_cron_job_gets_native_sidecars_without_an_end_and_gives_them_back(desk: Desk) -> None:
    old_report(desk)
    desk.look()
    number = ask(desk, "cronjob/nightly-report")
    found = codes(desk, number)
    assert found == {"future-runs-only": "info", "way-fits": "info", "kept-open": "info", "annotation-owned": "info"}
    assert desk.ticket(number).state is State.APPROVED
    desk.apply(number)
    assert (desk.state(number), desk.ticket(number).expires_at) == (State.ACTIVE, None)
    assert desk.annotations(REPORT) == {NATIVE_SIDECAR: "true"}
    notes = manifest(desk, number)["notes"]
    assert notes == ["Commit this where the CronJob's manifest is kept: otherwise the next deployment takes it back."]
    desk.close(number)
    assert (desk.state(number), desk.annotations(REPORT), desk.mark(REPORT)) == (State.CLOSED, OLD_WAY, None)


def linkerd(desk: Desk, version: str) -> None:
    """Linkerd is of this version, with ordinary proxies where nobody asks for others."""
    config = WorkloadRef("configmap", "linkerd", "linkerd-config")
    values = yaml.safe_load(desk.practice.get(config)["data"]["values"])
    values |= {"linkerdVersion": version, "proxy": {**values["proxy"], "nativeSidecar": False}}
    desk.practice.apply_as("helm", config, {"data": {"values": yaml.safe_dump(values)}})
    desk.look()


@pytest.mark.parametrize(
    ("version", "key"),
    [
        ("edge-26.6.3", NATIVE_SIDECAR),
        ("edge-25.10.7", NATIVE_SIDECAR_BETA),
        ("edge-24.11.8", NATIVE_SIDECAR_ALPHA),
    ],
)
def test_each_version_is_given_the_key_that_it_reads(desk: Desk, version: str, key: str) -> None:
    linkerd(desk, version)
    number = active(desk, "cronjob/nightly-report")
    assert desk.annotations(REPORT) == {key: "true"}
    run = job("emojivoto", "nightly-report-1")
    run["spec"]["template"]["metadata"]["annotations"] = desk.annotations(REPORT)
    desk.practice.create(owned(desk, run, REPORT))
    ref = WorkloadRef("job", "emojivoto", "nightly-report-1")
    finish(desk, ref)
    assert desk.object(ref)["status"]["succeeded"] == 1
    desk.close(number)
    assert (desk.state(number), desk.annotations(REPORT)) == (State.CLOSED, {})


def test_where_the_endpoint_is_always_on_a_cron_job_needs_its_manifest_alone(desk: Desk) -> None:
    linkerd(desk, "stable-2.14.10")
    number = ask(desk, "cronjob/nightly-report", way="shutdown", variant="linkerd-await")
    desk.preflight(number)
    assert (desk.state(number), desk.ticket(number).outcome) == (State.CLOSED, Outcome.FULFILLED)
    assert (desk.annotations(REPORT), desk.mark(REPORT)) == ({}, None)
    spec = yaml.safe_load(manifest(desk, number)["text"])["spec"]["jobTemplate"]["spec"]["template"]
    assert spec["spec"]["containers"][0]["command"][:3] == ["linkerd-await", "--shutdown", "--"]
    assert ADMIN_SHUTDOWN not in (spec.get("metadata") or {}).get("annotations", {})


def test_a_suspended_job_that_never_started_is_patched_and_completes(desk: Desk) -> None:
    ref = made(desk, suspend=True)
    number = active(desk, "job/import")
    assert desk.annotations(ref) == {NATIVE_SIDECAR: "true"}
    desk.practice.apply_as("kubectl", ref, {"spec": {"suspend": False}})
    finish(desk, ref)
    (pod,) = desk.practice.pods(desk.object(ref))
    assert pod_facts(pod).finished
    desk.close(number)
    assert (desk.state(number), desk.mark(ref)) == (State.CLOSED, None)
    (target,) = desk.evidence(number, "undone")["targets"]
    assert (target["over"], target["annotations"]) == ("Complete", {NATIVE_SIDECAR: "true"})


def test_a_suspended_job_gets_its_own_back(desk: Desk) -> None:
    ref = made(desk, suspend=True)
    number = active(desk, "job/import")
    desk.close(number)
    assert (desk.state(number), desk.annotations(ref), desk.mark(ref)) == (State.CLOSED, OLD_WAY, None)


def test_the_undo_of_a_job_that_started_waits_for_its_end_and_says_so(desk: Desk) -> None:
    ref = made(desk, suspend=True)
    number = active(desk, "job/import", duration=timedelta(days=1), calls=[], **WITHOUT)
    desk.practice.apply_as("kubectl", ref, {"spec": {"suspend": False}})
    desk.close(number)
    assert desk.state(number) is State.REVERTING
    assert desk.problem(number) == (
        "job/import started with what this ticket set, which ends with it: wait for that, or delete it."
    )
    desk.look()
    assert desk.state(number) is State.REVERTING
    finish(desk, ref)
    desk.undo(number)
    assert (desk.state(number), desk.mark(ref)) == (State.CLOSED, None)


def test_deleting_a_job_that_started_closes_the_ticket(desk: Desk) -> None:
    ref = made(desk, suspend=True)
    number = active(desk, "job/import")
    desk.practice.apply_as("kubectl", ref, {"spec": {"suspend": False}})
    desk.close(number)
    assert desk.state(number) is State.REVERTING
    desk.practice.delete(ref)
    desk.undo(number)
    assert desk.state(number) is State.CLOSED


def test_a_job_that_starts_before_the_write_fails_unwritten(desk: Desk) -> None:
    ref = made(desk, suspend=True)
    number = ask(desk, "job/import")
    desk.preflight(number)
    desk.practice.apply_as("kubectl", ref, {"spec": {"suspend": False}})
    desk.apply(number)
    assert desk.state(number) is State.FAILED
    assert "job/import has started, so its pod template cannot be changed" in desk.problem(number)
    assert desk.mark(ref) is None


def test_a_job_that_started_since_it_was_asked_is_given_its_manifest(desk: Desk) -> None:
    ref = made(desk, suspend=True)
    number = ask(desk, "job/import")
    desk.practice.apply_as("kubectl", ref, {"spec": {"suspend": False}})
    assert codes(desk, number)["manifest-only"] == "info"
    assert (desk.state(number), desk.ticket(number).outcome) == (State.CLOSED, Outcome.FULFILLED)
    assert desk.mark(ref) is None


def test_a_started_job_is_given_its_manifest_and_not_touched(desk: Desk) -> None:
    ref = made(desk)
    before = desk.object(ref)
    number = ask(desk, "job/import")
    desk.preflight(number)
    assert (desk.state(number), desk.ticket(number).outcome) == (State.CLOSED, Outcome.FULFILLED)
    assert desk.object(ref) == before
    found = manifest(desk, number)
    made_anew = yaml.safe_load(found["text"])
    assert template_annotations(made_anew) == {NATIVE_SIDECAR: "true"}
    assert found["notes"][0] == "Delete job/import before you create this one: a Job's pod template cannot be changed."
    assert found["withheld"] == ["import: TOKEN"]
    assert "s3cret" not in str(desk.evidence(number, "preflight"))


def test_the_manifest_of_the_shutdown_calls_it_and_its_job_completes(desk: Desk) -> None:
    made(desk)
    number = ask(desk, "job/import", way="shutdown", variant="curl")
    assert codes(desk, number)["manifest-needed"] == "warning"
    anew = yaml.safe_load(manifest(desk, number)["text"])
    assert template_annotations(anew) == {**OLD_WAY, ADMIN_SHUTDOWN: "enabled"}
    anew["metadata"]["name"] = "again"
    desk.practice.create(anew)
    again = WorkloadRef("job", "emojivoto", "again")
    finish(desk, again)
    assert desk.object(again)["status"]["succeeded"] == 1


def test_of_several_only_what_can_be_patched_is_written(desk: Desk) -> None:
    old_report(desk)
    ref = made(desk)
    before = desk.object(ref)
    number = active(desk, "cronjob/nightly-report", "job/import")
    assert desk.object(ref) == before
    assert desk.annotations(REPORT) == {NATIVE_SIDECAR: "true"}
    one, two = desk.evidence(number, "applied")["targets"]
    assert {one.get("untouched"), two.get("untouched")} == {None, True}
    desk.look()
    assert (desk.state(number), desk.problem(number)) == (State.ACTIVE, "")
    desk.close(number)
    assert (desk.state(number), desk.annotations(REPORT)) == (State.CLOSED, OLD_WAY)
    assert desk.object(ref) == before


def test_two_tickets_on_a_cron_job_do_not_take_each_other_for_granted(desk: Desk) -> None:
    old_report(desk)
    first = active(desk, "cronjob/nightly-report", way="native-sidecar")
    second = active(desk, "cronjob/nightly-report", duration=timedelta(days=1), calls=[], **WITHOUT)
    assert desk.annotations(REPORT) == {NATIVE_SIDECAR: "true", INJECT: "disabled"}
    third = ask(desk, "cronjob/nightly-report", way="shutdown", variant="curl")
    assert "way-does-not-fit" not in codes(desk, third)
    desk.close(first)
    assert desk.annotations(REPORT) == {**OLD_WAY, INJECT: "disabled"}
    desk.close(second)
    assert (desk.state(second), desk.annotations(REPORT)) == (State.CLOSED, OLD_WAY)


def test_without_proxy_it_closes_when_no_pod_is_left_that_has_none(desk: Desk) -> None:
    number = active(desk, "cronjob/nightly-report", duration=timedelta(days=1), calls=[], **WITHOUT)
    run = job("emojivoto", "nightly-report-9")
    run["spec"]["template"]["metadata"]["annotations"] = desk.annotations(REPORT)
    desk.practice.create(owned(desk, run, REPORT))
    desk.close(number)
    assert (desk.state(number), desk.annotations(REPORT)) == (State.REVERTING, {})
    assert "runs without the proxy" in desk.ticket(number).progress["cronjob/nightly-report"]["waiting"][0]
    finish(desk, WorkloadRef("job", "emojivoto", "nightly-report-9"))
    desk.undo(number)
    assert desk.state(number) is State.CLOSED


def database(desk: Desk, access: str | None) -> None:
    """A database in a namespace of its own, with a Server that admits so."""
    desk.practice.create(namespace("data", {INJECT: "enabled"}))
    desk.practice.create(workload("Deployment", "data", template("db", (5432,)), replicas=1))
    about = {"name": "db", "namespace": "data"}
    ports = [{"port": 5432, "protocol": "TCP"}]
    spec = {"selector": {"app": "db"}, "ports": ports, "clusterIP": "10.0.0.9"}
    desk.practice.create({"apiVersion": "v1", "kind": "Service", "metadata": about, "spec": spec})
    if access is not None:
        guard = {"podSelector": {"matchLabels": {"app": "db"}}, "port": 5432, "accessPolicy": access}
        server = {"apiVersion": "policy.linkerd.io/v1beta3", "kind": "Server", "metadata": about, "spec": guard}
        desk.practice.create(server)


@pytest.mark.parametrize(
    ("access", "code", "severity"),
    [
        ("all-authenticated", "destination-demands-identity", "blocking"),
        ("all-unauthenticated", "destination-open", "info"),
        (None, "destination-open", "info"),
    ],
)
def test_without_proxy_what_it_calls_is_looked_at(desk: Desk, access: str | None, code: str, severity: str) -> None:
    database(desk, access)
    number = ask(
        desk, "cronjob/nightly-report", duration=timedelta(days=1), calls=["data/db:5432", "data/db"], **WITHOUT
    )
    assert codes(desk, number)[code] == severity
    if severity == "blocking":
        with pytest.raises(NotReady, match="demands a mesh identity"):
            desk.decide(number, "partner")


def test_the_default_of_the_control_plane_counts_too(desk: Desk) -> None:
    database(desk, None)
    config = WorkloadRef("configmap", "linkerd", "linkerd-config")
    values = yaml.safe_load(desk.practice.get(config)["data"]["values"])
    values["proxy"]["defaultInboundPolicy"] = "cluster-authenticated"
    desk.practice.apply_as("helm", config, {"data": {"values": yaml.safe_dump(values)}})
    number = ask(desk, "cronjob/nightly-report", duration=timedelta(days=1), calls=["data/db"], **WITHOUT)
    assert codes(desk, number)["destination-demands-identity"] == "blocking"


def test_a_way_that_does_not_fit_blocks_and_names_those_that_do(desk: Desk) -> None:
    desk.practice.set("kubernetes", "1.28.4")
    old_report(desk)
    desk.look()
    number = ask(desk, "cronjob/nightly-report")
    assert codes(desk, number)["way-does-not-fit"] == "blocking"
    (found,) = [one for one in desk.evidence(number, "preflight")["findings"] if one["code"] == "way-does-not-fit"]
    assert "Kubernetes 1.28.4 has no native sidecars" in found["fact"]
    assert found["meaning"] == "Choose shutdown or no-proxy."


def test_what_nothing_is_wanted_of_has_no_link_that_counts(desk: Desk) -> None:
    made(desk)
    number = ask(desk, "job/import")
    with desk.database.reading() as session:
        (link,) = session.scalars(select(TicketTarget).where(TicketTarget.ticket_id == number))
        assert not any(link.wanted.values())
