"""The kind encryption-exception: what its fields may be, what it wants, how it routes, what makes two the same."""

from __future__ import annotations

import json
from typing import Any

import pytest
from marshmallow import ValidationError

from portal.kinds.encryption_exception import EncryptionException
from portal.kinds.weight import routes_as_disable_injection
from portal.mesh.annotations import INJECT, SKIP_INBOUND, MeshDefaults
from portal.mesh.ports import Ports
from portal.mesh.want import NOTHING, Want
from portal.mesh.workloads import WorkloadRef
from tests.unit.mesh.objects import container, deployment, template, view

KIND = EncryptionException()
HOW = {"encrypted": True, "how": "TLS 1.3 in the server"}


def asked(**fields: Any) -> dict[str, Any]:
    given = {
        "workloads": ["deployment/emoji"],
        "mode": "skip-ports",
        "inbound": "8080",
        "application_encryption": HOW,
        **fields,
    }
    return {name: value for name, value in given.items() if value is not ...}


def load(**fields: Any) -> dict[str, Any]:
    loaded: dict[str, Any] = KIND.schema.load(asked(**fields))
    return loaded


def refusals(**fields: Any) -> dict[str, Any]:
    with pytest.raises(ValidationError) as refusal:
        load(**fields)
    return dict(refusal.value.normalized_messages())


def test_fields_load_canonical() -> None:
    raw = asked(workloads=["deployment/emoji", " cronjob/report"], inbound="9000-9010, 8080", outbound="25,26")
    assert KIND.schema.load(raw) == {
        "workloads": ["deployment/emoji", "cronjob/report"],
        "mode": "skip-ports",
        "inbound": "8080,9000-9010",
        "outbound": "25-26",
        "application_encryption": HOW,
    }
    assert load()["outbound"] == ""
    assert KIND.schema.load(KIND.schema.load(raw)) == KIND.schema.load(raw), "what is stored loads again"


@pytest.mark.parametrize("name", ["inbound", "outbound"])
@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("0", '"0" is not possible: ports begin at 1.'),
        ("80,0-10", '"0-10" is not possible: ports begin at 1.'),
        ("65536", '"65536" is not possible: ports end at 65535.'),
        ("9-1", '"9-1" goes backwards: write the lower port first, 1-9.'),
        ("http", '"http" is not a port or a range of ports: write numbers like 8080 or 9000-9010.'),
        ("8080,", "There is an empty entry in the list: write ports like 8080,9000-9010."),
        ("4143", "4143 belongs to the proxy itself and cannot be skipped: leave it out."),
        ("4000-5000", "4140, 4143, 4190, 4191 belong to the proxy itself and cannot be skipped: leave them out."),
        ("4190-4191,8080", "4190, 4191 belong to the proxy itself and cannot be skipped: leave them out."),
    ],
)
def test_a_bad_port_is_refused_at_its_field_with_the_bad_entry(name: str, text: str, says: str) -> None:
    assert refusals(**{"inbound": "", name: text}) == {name: [says]}


def test_a_list_beyond_all_measure_is_refused() -> None:
    assert "longer than" in refusals(inbound="80," * 10_000 + "80")["inbound"][0]


@pytest.mark.parametrize("value", [8080, None, ["8080"], {"from": 1}])
def test_a_list_must_be_text(value: Any) -> None:
    assert list(refusals(inbound=value)) == ["inbound"]


@pytest.mark.parametrize(
    ("inbound", "notes"),
    [
        ("8080", []),
        ("8080,9000-9010", []),
        ("8080 ", ["Spaces were taken out of inbound."]),
        ("443, 8080", ["Spaces were taken out of inbound."]),
        ("8080,8080", ["Duplicate, overlapping and adjacent entries of inbound were put together: 8080."]),
        (
            "9000-9010,9005-9020",
            ["Duplicate, overlapping and adjacent entries of inbound were put together: 9000-9020."],
        ),
        ("8080,8081", ["Duplicate, overlapping and adjacent entries of inbound were put together: 8080-8081."]),
        ("8080,443", ["The entries of inbound were sorted: 443,8080."]),
    ],
)
def test_what_was_put_right_is_said(inbound: str, notes: list[str]) -> None:
    assert load(inbound=inbound)
    assert KIND.notes(asked(inbound=inbound)) == notes


def test_workloads_named_twice_count_once_and_it_is_said() -> None:
    raw = asked(workloads=["deployment/emoji", "deployment/voting", "deployment/emoji"])
    assert load(workloads=raw["workloads"])["workloads"] == ["deployment/emoji", "deployment/voting"]
    assert KIND.notes(raw) == ["deployment/emoji was named more than once and counts once."]


@pytest.mark.parametrize(
    ("workload", "says"),
    [
        ("emoji", "like deployment/emoji"),
        ("replicaset/emoji", "ask for the Deployment that owns it"),
        ("job/report", "ask for the CronJob"),
        ("pod/emoji-1", "ask for the workload that makes it"),
        ("service/emoji", "ask for one of Deployments"),
    ],
)
def test_workloads_that_cannot_be_changed_are_refused_with_what_to_do_instead(workload: str, says: str) -> None:
    errors = refusals(workloads=["deployment/emoji", workload])
    assert says in errors["workloads"][1][0]


@pytest.mark.parametrize("workloads", [[], [f"deployment/w{number}" for number in range(51)]])
def test_one_to_fifty_workloads(workloads: list[str]) -> None:
    assert refusals(workloads=workloads) == {"workloads": ["Name 1 to 50 workloads."]}


def test_the_lists_must_fit_the_mode() -> None:
    assert refusals(inbound="") == {"inbound": ["Name at least one port, inbound or outbound."]}
    assert load(inbound="", outbound="5432")
    assert load(mode="disable-injection", inbound=...)
    errors = refusals(mode="disable-injection", inbound="8080", outbound="25")
    assert sorted(errors) == ["inbound", "outbound"]
    assert "leave the ports out" in errors["inbound"][0]


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"mode": "skip"}, "mode"),
        ({"mode": ...}, "mode"),
        ({"workloads": ...}, "workloads"),
        ({"surprise": 1}, "surprise"),
        ({"application_encryption": ...}, "application_encryption"),
        ({"application_encryption": {"encrypted": True}}, "application_encryption"),
        ({"application_encryption": {"encrypted": True, "how": "  "}}, "application_encryption"),
        ({"application_encryption": {"encrypted": "yes", "how": "x"}}, "application_encryption"),
        ({"application_encryption": {**HOW, "cipher": "x"}}, "application_encryption"),
        ({"application_encryption": {**HOW, "how": "x" * 4001}}, "application_encryption"),
    ],
)
def test_what_is_missing_wrong_or_unknown_is_refused_at_its_field(fields: dict[str, Any], where: str) -> None:
    assert list(refusals(**fields)) == [where]


def test_it_acts_on_each_named_workload_alike() -> None:
    fields = load(workloads=["deployment/emoji", "statefulset/db"], outbound="25")
    assert KIND.targets(fields, "emojivoto") == [
        WorkloadRef("deployment", "emojivoto", "emoji"),
        WorkloadRef("statefulset", "emojivoto", "db"),
    ]
    assert KIND.wants(fields, view()) == Want(Ports.of(8080), Ports.of(25))
    assert KIND.wants(load(mode="disable-injection", inbound=...), view()) == Want.of_setting(INJECT)
    assert KIND.has_cluster_change


def test_the_same_is_the_same_however_it_is_written() -> None:
    one = load(workloads=["deployment/emoji", "deployment/voting"], inbound="8080,8081,9000")
    two = load(
        workloads=["deployment/voting", "deployment/emoji"],
        inbound="9000, 8080-8081",
        application_encryption={"encrypted": False, "how": "It is public data."},
    )
    assert KIND.identity(one) == KIND.identity(two)
    assert json.loads(json.dumps(KIND.identity(one))) == KIND.identity(one)
    assert KIND.identity(one) != KIND.identity(load(workloads=["deployment/emoji"], inbound="8080-8081,9000"))
    assert KIND.identity(load()) != KIND.identity(load(inbound="", outbound="8080"))


@pytest.mark.parametrize(
    ("want", "others", "exposed", "expected"),
    [
        ("8080", "", "8080,8801", False),
        ("8080,8801", "", "8080,8801", True),
        ("8000-9000", "", "8080,8801", True),
        ("8080", "8801", "8080,8801", True),
        ("8080", "", "8080", True),
        ("8080", "", "", False),
        ("10001-11000", "", "", False),
        ("10001-11001", "", "", True),
        ("10001-11000", "9", "", True),
    ],
)
def test_a_list_that_leaves_the_mesh_nothing_counts_as_no_proxy(
    want: str, others: str, exposed: str, expected: bool
) -> None:
    asked_for, besides = Want(skip_inbound=Ports.parse(want)), Want(skip_inbound=Ports.parse(others))
    assert routes_as_disable_injection(asked_for, besides, Ports.parse(exposed)) is expected


def test_outbound_weighs_by_number_only() -> None:
    exposed = Ports.of(8080)
    assert not routes_as_disable_injection(Want(skip_outbound=Ports.of(8080)), NOTHING, exposed)
    assert not routes_as_disable_injection(Want(skip_outbound=Ports.of(1)), Want(skip_inbound=exposed), exposed)
    assert routes_as_disable_injection(Want(skip_outbound=Ports.parse("10001-11001")), NOTHING, exposed)
    assert routes_as_disable_injection(Want.of_setting(INJECT), NOTHING, exposed)


def test_routing_facts_of_an_ordinary_request() -> None:
    assert KIND.routing_facts(load(), [view()]) == {
        "mode": "skip-ports",
        "application_encryption": "claimed",
        "widened": [],
    }
    not_encrypted = load(application_encryption={"encrypted": False, "how": "It is public data."})
    assert KIND.routing_facts(not_encrypted, [])["application_encryption"] == "none"
    assert KIND.routing_facts(load(mode="disable-injection", inbound=...), [view()])["mode"] == "disable-injection"


def test_the_strictest_workload_routes_the_ticket_and_it_is_said_why() -> None:
    narrow = deployment("voting", pods=template(container("app", 8080)))
    facts = KIND.routing_facts(load(), [view(), view(narrow)])
    assert facts["mode"] == "disable-injection"
    assert facts["widened"] == ["deployment/voting: every port that its containers expose would be skipped inbound."]


def test_other_live_tickets_and_the_list_that_counts_weigh_too() -> None:
    assert KIND.routing_facts(load(), [view(others=Want(skip_inbound=Ports.of(8801)))])["mode"] == "disable-injection"
    own = deployment(pods=template(annotations={SKIP_INBOUND: "http,8801"}))
    assert KIND.routing_facts(load(), [view(own)])["mode"] == "disable-injection"
    wide = view(defaults=MeshDefaults(skip_inbound="10001-11000"))
    assert "1001 inbound ports" in KIND.routing_facts(load(), [wide])["widened"][0]


def test_checks_look_at_every_workload() -> None:
    found = KIND.checks(load(), [view(), view(deployment("voting", paused=True))])
    assert {one.target for one in found} == {"deployment/emoji", "deployment/voting"}
    assert [one.target for one in found if one.severity == "blocking"] == ["deployment/voting"]
