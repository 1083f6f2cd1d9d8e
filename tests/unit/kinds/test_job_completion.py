"""The kind job-completion: what its fields may be, what it wants, how it routes, what its preflight says."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from marshmallow import ValidationError

from portal.kinds.base import Asked
from portal.kinds.job_completion import JobCompletion
from portal.kinds.registry import json_schema, kind_named
from portal.mesh.annotations import ADMIN_SHUTDOWN, INJECT, NATIVE_SIDECAR, MeshDefaults
from portal.mesh.demands import Surroundings
from portal.mesh.destinations import Destination
from portal.mesh.view import InventoryView
from portal.mesh.want import NOTHING, Want
from portal.mesh.workloads import WorkloadRef, template_annotations
from tests.unit.mesh.called_objects import meshed_pod, namespace, server, service
from tests.unit.mesh.job_objects import cron, job, program
from tests.unit.mesh.objects import view

KIND = JobCompletion()
HOW = {"encrypted": True, "how": "TLS to the database"}
EDGE = MeshDefaults(version="edge-26.6.3", native_sidecar=False, kubernetes="1.31.2")
OLD = replace(EDGE, version="stable-2.14.10")
WITHOUT = {"way": "no-proxy", "application_encryption": HOW, "calls": ["service/db:5432"]}
SHUTDOWN = {"way": "shutdown", "variant": "curl"}


def asked(*jobs: str, **fields: Any) -> dict[str, Any]:
    return {"jobs": list(jobs or ["cronjob/report"]), "way": "native-sidecar", **fields}


def load(*jobs: str, **fields: Any) -> dict[str, Any]:
    loaded: dict[str, Any] = KIND.schema.load(asked(*jobs, **fields))
    return loaded


def refusals(*jobs: str, **fields: Any) -> dict[str, Any]:
    with pytest.raises(ValidationError) as refusal:
        load(*jobs, **fields)
    return dict(refusal.value.normalized_messages())


def seen(obj: dict[str, Any] | None = None, defaults: MeshDefaults = EDGE, others: Want = NOTHING) -> InventoryView:
    return view(obj or cron(), defaults=defaults, others=others)


def found(fields: dict[str, Any], *views: InventoryView) -> list[tuple[str, str]]:
    return [(one.severity.value, one.code) for one in KIND.checks(fields, views)]


def test_it_is_in_the_registry_and_describes_itself() -> None:
    schema = json_schema(kind_named("job-completion"))
    assert sorted(schema["required"]) == ["jobs", "way"]
    assert schema["properties"]["way"]["enum"] == ["native-sidecar", "shutdown", "no-proxy"]
    assert (schema["properties"]["jobs"]["minItems"], schema["properties"]["jobs"]["maxItems"]) == (1, 50)


@pytest.mark.parametrize("fields", [{}, SHUTDOWN, WITHOUT, {**WITHOUT, "calls": []}])
def test_fields_load_canonical_and_what_is_stored_loads_again(fields: dict[str, Any]) -> None:
    loaded = load(" cronjob/report", "job/import", "cronjob/report", **fields)
    assert loaded["jobs"] == ["cronjob/report", "job/import"]
    assert KIND.schema.load(loaded) == loaded
    assert sorted(loaded) == ["application_encryption", "calls", "jobs", "variant", "way"]


@pytest.mark.parametrize("name", ["deployment/web", "pod/shell"])
def test_only_jobs_and_cron_jobs_are_taken(name: str) -> None:
    assert refusals("job/one", name)["jobs"][1][0].endswith("name Jobs and CronJobs, like cronjob/report.")
    assert "write its kind and name" in refusals("report")["jobs"][0][0]


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"way": "prayer"}, ["way"]),
        ({"way": "shutdown"}, ["variant"]),
        ({"way": "shutdown", "variant": "wget"}, ["variant"]),
        ({"variant": "curl"}, ["variant"]),
        ({"way": "no-proxy"}, ["application_encryption", "calls"]),
        ({**WITHOUT, "application_encryption": {"encrypted": True, "how": " "}}, ["application_encryption"]),
        ({**WITHOUT, "calls": ["db:5432"]}, ["calls"]),
        ({**WITHOUT, "calls": ["service/db:99999"]}, ["calls"]),
        ({**WITHOUT, "variant": "curl"}, ["variant"]),
        ({"calls": []}, ["calls"]),
        ({"surprise": 1}, ["surprise"]),
    ],
)
def test_what_is_missing_or_belongs_to_another_way_is_refused_at_its_field(
    fields: dict[str, Any], where: list[str]
) -> None:
    assert sorted(refusals(**fields)) == where


@pytest.mark.parametrize("jobs", [[], [f"job/j{number}" for number in range(51)]])
def test_one_to_fifty_jobs(jobs: list[str]) -> None:
    with pytest.raises(ValidationError, match="Name 1 to 50 Jobs and CronJobs"):
        KIND.schema.load({"jobs": jobs, "way": "native-sidecar"})


def test_what_was_named_twice_is_said() -> None:
    raw = asked("job/a", "job/a", **{**WITHOUT, "calls": ["data/db", "data/db"]})
    assert KIND.schema.load(raw)["calls"] == ["data/db"]
    assert KIND.notes(raw) == [
        "job/a was named more than once and counts once.",
        "data/db was named more than once and counts once.",
    ]
    assert KIND.notes(asked()) == []


def test_it_acts_on_each_of_them_and_the_way_routes_it() -> None:
    assert KIND.targets(load("cronjob/report", "job/x"), "emojivoto") == [
        WorkloadRef("cronjob", "emojivoto", "report"),
        WorkloadRef("job", "emojivoto", "x"),
    ]
    assert KIND.routing_facts(load(), [seen()]) == {"mode": "native-sidecar"}
    assert KIND.routing_facts(load(**SHUTDOWN), []) == {"mode": "shutdown"}
    assert KIND.routing_facts(load(**WITHOUT), []) == {"mode": "no-proxy", "application_encryption": "claimed"}
    plain = {**WITHOUT, "application_encryption": {"encrypted": False, "how": "public data"}}
    assert KIND.routing_facts(load(**plain), [])["application_encryption"] == "none"


def test_reasons_are_no_part_of_the_identity() -> None:
    one, two = load("job/a", "job/b", **WITHOUT), load("job/b", "job/a", **{**WITHOUT, "calls": []})
    assert KIND.identity(one) == KIND.identity(two)
    assert KIND.identity(load(**SHUTDOWN)) != KIND.identity(load(**{**SHUTDOWN, "variant": "sidecar"}))


@pytest.mark.parametrize(
    ("fields", "defaults", "settings"),
    [
        ({}, EDGE, {NATIVE_SIDECAR}),
        ({}, OLD, set()),
        (SHUTDOWN, EDGE, {ADMIN_SHUTDOWN}),
        (SHUTDOWN, OLD, set()),
        (WITHOUT, OLD, {INJECT}),
    ],
)
def test_it_wants_the_annotations_of_the_way_in_this_version(
    fields: dict[str, Any], defaults: MeshDefaults, settings: set[str]
) -> None:
    assert KIND.wants(load(**fields), seen(defaults=defaults)) == Want(settings=frozenset(settings))


def test_of_jobs_it_wants_only_what_can_be_changed() -> None:
    fields = load("job/report")
    assert KIND.wants(fields, seen(job())) == NOTHING
    assert KIND.wants(fields, seen(job(suspend=True, status={}))) == Want.of_setting(NATIVE_SIDECAR)
    assert KIND.wants(fields, seen(job(suspend=True))) == NOTHING, "it has started"


def test_what_other_tickets_set_does_not_count_as_there_already() -> None:
    theirs = Want.of_setting(NATIVE_SIDECAR)
    shared = seen(cron({NATIVE_SIDECAR: "true"}), others=theirs)
    assert KIND.wants(load(), shared) == theirs
    assert ("blocking", "way-does-not-fit") not in found(load(), shared)
    made = KIND.corrected(load(**SHUTDOWN), shared)
    assert made is not None
    assert template_annotations(made.manifest) == {ADMIN_SHUTDOWN: "enabled"}
    owners = seen(cron({NATIVE_SIDECAR: "true"}))
    assert KIND.wants(load(), owners) == NOTHING
    assert ("blocking", "way-does-not-fit") in found(load(), owners)


def test_what_an_owner_had_before_other_tickets_counts() -> None:
    shared = seen(
        cron({NATIVE_SIDECAR: "true"}),
        MeshDefaults("edge-26.6.3", kubernetes="1.31.2"),
        Want.of_setting(NATIVE_SIDECAR),
    )
    assert KIND.wants(load(), replace(shared, before={NATIVE_SIDECAR: "false"})) == Want.of_setting(NATIVE_SIDECAR)
    assert KIND.wants(load(), shared) == NOTHING, "without them the cluster has native sidecars by itself"


def test_checks_say_what_it_does_and_what_is_left_to_do() -> None:
    assert found(load(), seen()) == [("info", "future-runs-only"), ("info", "way-fits")]
    assert found(load("job/report"), seen(job())) == [("info", "way-fits"), ("info", "manifest-only")]
    assert found(load(**SHUTDOWN), seen()) == [
        ("warning", "manifest-needed"),
        ("info", "future-runs-only"),
        ("info", "way-fits"),
    ]


def test_checks_say_what_is_kept_where_somebody_looked() -> None:
    assert ("info", "nothing-kept") in found(load(), replace(seen(), kept_open=()))
    [one] = [one for one in KIND.checks(load(), [replace(seen(), kept_open=("Pod x is kept.",))]) if "kept" in one.code]
    assert (one.code, one.fact) == ("kept-open", "Pod x is kept.")


def test_a_way_that_does_not_fit_blocks_and_names_those_that_do() -> None:
    [one] = [one for one in KIND.checks(load(), [seen(defaults=OLD)]) if one.severity == "blocking"]
    assert one.code == "way-does-not-fit"
    assert one.fact.startswith("Linkerd stable-2.14.10 knows no native sidecars")
    assert one.meaning == "Choose shutdown or no-proxy."
    unknown = [one for one in KIND.checks(load(), [seen(defaults=MeshDefaults())]) if one.severity == "blocking"]
    assert unknown[0].meaning == "Choose no-proxy."


def test_without_a_proxy_nothing_of_the_mesh_keeps_it() -> None:
    bare = view(cron(), namespace={"metadata": {"name": "emojivoto"}}, defaults=EDGE)
    assert [code for severity, code in found(load(), bare) if severity == "blocking"] == ["not-meshed"]


def test_a_call_that_cannot_be_written_blocks() -> None:
    two = cron(containers=[program(), program("second")])
    assert ("blocking", "call-not-possible") in found(load(**SHUTDOWN), seen(two))
    assert KIND.corrected(load(**SHUTDOWN), seen(two)) is None
    assert ("blocking", "call-not-possible") not in found(load(way="shutdown", variant="sidecar"), seen(two))


def test_what_is_called_without_a_proxy_is_looked_at_by_a_worker() -> None:
    fields = load(**{**WITHOUT, "calls": ["data/db:5432"]})
    assert KIND.calls(fields, "emojivoto") == [Destination("data", "db", 5432)]
    assert KIND.calls(load(**WITHOUT), "emojivoto") == [Destination("emojivoto", "db", 5432)]
    assert ("info", "destinations-not-looked-at") in found(fields, seen())
    around = Surroundings(services=[service()], pods=[meshed_pod()], namespaces=[namespace()])
    assert ("info", "destination-open") in found(fields, replace(seen(), called=around))
    guarded = replace(around, servers=[server()])
    assert ("blocking", "destination-demands-identity") in found(fields, replace(seen(), called=guarded))
    assert KIND.calls(load(), "emojivoto") == []


def test_the_corrected_manifest_has_the_way_in_it() -> None:
    made = KIND.corrected(load(**SHUTDOWN), seen())
    assert made is not None
    assert template_annotations(made.manifest) == {ADMIN_SHUTDOWN: "enabled"}
    assert "4191/shutdown" in str(made.manifest)
    assert KIND.corrected(load(), seen(defaults=OLD)) is None


def test_it_tells_where_the_manifests_are() -> None:
    texts = [one.text for one in KIND.usage(Asked("MD-7", "practice", "emojivoto", load()))]
    assert texts == ["meshdesk manifests MD-7", "meshdesk manifests MD-7 --output md-7"]
