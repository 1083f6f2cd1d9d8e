"""Bad input: each case answers with a problem that names the field and says what to do, and stores nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests import world
from tests.api.desk import Desk


def refused(desk: Desk, field: str, **changes: Any) -> str:
    """Ask with `changes`, see that it is a 422 about `field`, and give its sentences."""
    answer = desk.post("tickets", world.ask(**changes))
    assert answer.status_code == 422, answer.text
    assert answer.mimetype == "application/problem+json"
    errors: dict[str, list[str]] = answer.get_json()["errors"]
    assert field in errors, errors
    assert desk.get("tickets").get_json()["items"] == []
    return " ".join(errors[field])


def with_fields(**changes: Any) -> dict[str, Any]:
    """The change that replaces parts of the kind's fields."""
    return {"fields": world.exception(**changes)}


def test_unknown_kind(desk: Desk) -> None:
    assert "encryption-exception" in refused(desk, "kind", kind="encryption-exemption")


def test_unknown_cluster(desk: Desk) -> None:
    assert desk.post("tickets", world.ask(cluster="elsewhere")).status_code == 404


def test_namespace_of_another_tenant_answers_like_an_unknown_one(desk: Desk) -> None:
    foreign = desk.post("tickets", world.ask(namespace="bookstore"))
    unknown = desk.post("tickets", world.ask(namespace="nowhere"))
    assert foreign.status_code == unknown.status_code == 404
    assert foreign.get_json()["detail"].replace("bookstore", "nowhere") == unknown.get_json()["detail"]


def test_workload_that_does_not_exist(desk: Desk) -> None:
    said = refused(desk, "fields.workloads.1", **with_fields(workloads=["deployment/emoji", "deployment/emojis"]))
    assert "deployment/emojis" in said


@pytest.mark.parametrize(
    ("workload", "instead"),
    [("replicaset/lonely", "Deployment"), ("job/migrate", "CronJob"), ("pod/shell", "workload")],
)
def test_kind_of_workload_that_cannot_be_patched(desk: Desk, workload: str, instead: str) -> None:
    assert instead in refused(desk, "fields.workloads.0", **with_fields(workloads=[workload]))


@pytest.mark.parametrize("text", ["emoji", "Deployment/emoji", "deployment/", "deployment/a/b", ""])
def test_text_that_names_no_workload(desk: Desk, text: str) -> None:
    assert refused(desk, "fields.workloads.0", **with_fields(workloads=[text]))


def test_no_workload_and_too_many(desk: Desk) -> None:
    assert refused(desk, "fields.workloads", **with_fields(workloads=[]))
    assert refused(desk, "fields.workloads", **with_fields(workloads=[f"deployment/d{one}" for one in range(51)]))


@pytest.mark.parametrize("ports", ["0", "65536", "9-1", "http", "8080,,9090", "-1", "8080;9090", "٣"])
def test_ports_that_are_none(desk: Desk, ports: str) -> None:
    assert refused(desk, "fields.inbound", **with_fields(inbound=ports))


@pytest.mark.parametrize("ports", ["4140", "4143", "4190", "4191", "4100-4200"])
def test_the_proxys_own_ports(desk: Desk, ports: str) -> None:
    assert "proxy" in refused(desk, "fields.inbound", **with_fields(inbound=ports))


@pytest.mark.parametrize(("ports", "canonical"), [("8080 ", "8080"), ("443, 8080", "443,8080")])
def test_spaces_are_taken_out_and_said(desk: Desk, ports: str, canonical: str) -> None:
    ticket = desk.submitted(**with_fields(inbound=ports))
    assert ticket["fields"]["inbound"] == canonical
    assert any("paces" in note for note in ticket["notes"])


def test_duplicate_and_overlapping_ranges_are_merged(desk: Desk) -> None:
    ticket = desk.submitted(**with_fields(inbound="9005-9020,9000-9010,8080,8080"))
    assert ticket["fields"]["inbound"] == "8080,9000-9020"
    assert ticket["notes"]


@pytest.mark.parametrize("ports", ["10000-11000", "8080,8801"])
def test_too_many_ports_or_every_container_port_route_as_disable_injection(desk: Desk, ports: str) -> None:
    plain = {"encrypted": False, "how": "the data is public"}
    narrow = desk.submitted(duration="P14D", **with_fields(inbound="8080", application_encryption=plain))
    wide = desk.submitted(duration="P14D", **with_fields(inbound=ports, application_encryption=plain))
    assert wide["rule"] != narrow["rule"]
    longer = world.ask(duration="P15D", **with_fields(inbound=f"{ports},7000", application_encryption=plain))
    assert "14 days" in desk.post("tickets", longer).get_json()["errors"]["duration"][0]


@pytest.mark.parametrize("reason", ["", "   ", "\n\t", "x" * 4001])
def test_empty_or_endless_reason(desk: Desk, reason: str) -> None:
    assert refused(desk, "reason", reason=reason)


@pytest.mark.parametrize(
    "duration",
    ["PT0S", "PT59S", "-PT30M", "P91D", "30m", "PT", "P", "", "P1M", "P1Y", 1800, True, "PT30M ", "P99999999999D"],
)
def test_durations_that_cannot_be(desk: Desk, duration: Any) -> None:
    assert refused(desk, "duration", duration=duration)


def test_no_end_where_the_rule_wants_one(desk: Desk) -> None:
    assert "how long" in refused(desk, "duration", duration=None)


def test_unknown_fields_at_every_level(desk: Desk) -> None:
    assert refused(desk, "urgent", urgent=True)
    assert refused(desk, "fields.ports", **with_fields(ports="80"))
    assert refused(
        desk,
        "fields.application_encryption.tls",
        **with_fields(application_encryption={"encrypted": True, "how": "TLS", "tls": 1}),
    )


def test_missing_fields_are_all_named_at_once(desk: Desk) -> None:
    answer = desk.post("tickets", {})
    assert set(answer.get_json()["errors"]) == {"kind", "reason", "fields"}
    answer = desk.post("tickets", {"kind": "encryption-exception"})
    assert set(answer.get_json()["errors"]) == {"cluster", "namespace", "reason", "fields"}


def test_unknown_query_parameters(desk: Desk) -> None:
    answer = desk.get("tickets?states=pending")
    assert answer.status_code == 422
    assert "states" in answer.get_json()["errors"]


@pytest.mark.parametrize(
    "query",
    ["state=open", "limit=0", "limit=201", "limit=x", "cursor=x", "cursor=MA", "cursor=%C3%A9", "waiting_for=you"],
)
def test_query_parameters_that_cannot_be(desk: Desk, query: str) -> None:
    answer = desk.get(f"tickets?{query}")
    assert answer.status_code == 422
    assert query.split("=", maxsplit=1)[0] in next(iter(answer.get_json()["errors"]))


def test_second_identical_ticket_is_409_naming_the_first(desk: Desk) -> None:
    ref = desk.submitted()["ref"]
    reordered = world.exception(workloads=["deployment/voting", "deployment/emoji"], inbound="9000-9010,8080")
    answer = desk.post("tickets", world.ask(fields=reordered, reason="another reason"), "member2")
    assert (answer.status_code, answer.get_json()["ref"]) == (409, ref)


def test_second_identical_ticket_beside_a_live_one(desk: Desk) -> None:
    ref = desk.active()["ref"]
    assert desk.post("tickets", world.ask()).get_json()["ref"] == ref


def test_renewing_what_is_not_open(desk: Desk) -> None:
    ref = desk.submitted()["ref"]
    answer = desk.post("tickets", world.ask(renews=ref))
    assert (answer.status_code, list(answer.get_json()["errors"])) == (422, ["renews"])


@pytest.mark.parametrize("ref", ["MD-", "MD-x", "MD--1", "MD-1.0", "1", "XX-1", "MD-" + "9" * 40, "MD-٣", "MD-1%00"])
def test_references_that_are_none(desk: Desk, ref: str) -> None:
    assert desk.get(f"tickets/{ref}").status_code in (400, 404)


def raw(desk: Desk, data: bytes, content_type: str | None = "application/json") -> TestResponse:
    """POST bytes as a request for a ticket."""
    answer = desk.send("POST", "tickets", "member", data=data, content_type=content_type)
    assert answer.mimetype == "application/problem+json"
    return answer


def test_body_of_10_mb(desk: Desk) -> None:
    answer = raw(desk, b'{"reason": "' + b"x" * 10_000_000 + b'"}')
    assert answer.status_code == 413
    assert "1000000" in answer.get_json()["detail"]


@pytest.mark.parametrize(
    "data",
    [
        b"{",
        b"{'kind': 1}",
        b"\xff\xfe",
        b'{"a": NaN}',
        b'{"a": 1e999}',
        b'{"a": ' + b"9" * 5000 + b"}",
        b"[" * 100_000,
        b'{"a": ' * 40 + b"1" + b"}" * 40,
        b'{"kind": "a", "kind": "b"}',
        b'{"reason": "a\\u0000b"}',
        b'{"reason": "\\ud800"}',
        b'{"fields": {"\\u0000": 1}}',
    ],
)
def test_broken_json(desk: Desk, data: bytes) -> None:
    answer = raw(desk, data)
    assert answer.status_code == 400
    assert answer.get_json()["detail"].startswith("The body")


@pytest.mark.parametrize("data", [b"[]", b"3", b'"text"', b"null"])
def test_json_that_is_no_object(desk: Desk, data: bytes) -> None:
    assert raw(desk, data).status_code == 422


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "application/xml", None])
def test_wrong_content_type(desk: Desk, content_type: str | None) -> None:
    answer = raw(desk, json.dumps(world.ask()).encode(), content_type)
    assert answer.status_code == 415
    assert "application/json" in answer.get_json()["detail"]


@pytest.mark.parametrize("value", [None, 3, ["a"], True])
def test_values_of_another_type(desk: Desk, value: Any) -> None:
    for name in ("kind", "cluster", "namespace", "reason", "fields"):
        assert refused(desk, name, **{name: value})


@pytest.mark.parametrize("decision", ["maybe", "APPROVE", "", None, True])
def test_decisions_that_are_none(desk: Desk, decision: Any) -> None:
    ticket = desk.checked()
    answer = desk.decide(ticket["ref"], ticket["version"], decision=decision)
    assert (answer.status_code, list(answer.get_json()["errors"])) == (422, ["decision"])


@pytest.mark.parametrize("verb", ["withdraw", "release", "revoke"])
def test_an_ending_needs_a_reason(desk: Desk, verb: str) -> None:
    ref = desk.submitted()["ref"]
    for body in ({}, {"reason": " "}, {"reason": None}, {"reason": "x", "force": True}):
        assert desk.post(f"tickets/{ref}/{verb}", body).status_code == 422


def test_a_verb_without_fields_takes_none(desk: Desk) -> None:
    ref = desk.submitted()["ref"]
    assert desk.post(f"tickets/{ref}/preflight", {"reason": "x"}).status_code == 422
    assert desk.send("POST", f"tickets/{ref}/preflight", "member").status_code == 200
