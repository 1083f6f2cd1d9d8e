"""What the owner had before comes back byte for byte, whatever it was and in whatever order the tickets end."""

from __future__ import annotations

from itertools import permutations

import pytest

from portal.mesh.annotations import INJECT, MARK, SKIP_INBOUND, SKIP_OUTBOUND
from portal.mesh.workloads import WorkloadRef
from portal.states import State
from tests.workers.desk import EMOJI, Desk

NAMESPACE = WorkloadRef("namespace", "", "emojivoto")
PODS = [
    pytest.param({}, "4567-4568,7001", id="nothing: the default list"),
    pytest.param({SKIP_INBOUND: "9090"}, "7001,9090", id="a list of its own"),
    pytest.param({SKIP_INBOUND: "9092,9090-9091,25"}, "25,7001,9090-9092", id="a list in an order of its own"),
    pytest.param({SKIP_INBOUND: ""}, "7001", id="an empty list"),
    pytest.param({INJECT: "enabled"}, "4567-4568,7001", id="injection said"),
    pytest.param({INJECT: ""}, "4567-4568,7001", id="injection said emptily"),
    pytest.param({SKIP_INBOUND: "9090", SKIP_OUTBOUND: "25", INJECT: "enabled"}, "7001,9090", id="all of them"),
]


def as_its_owner_left_it(desk: Desk) -> tuple[object, object]:
    """Everything in the object that an owner writes."""
    obj = desk.object()
    annotations = dict(obj["metadata"].get("annotations") or {})
    annotations.pop("deployment.kubernetes.io/revision")  # The controller's own count of rollouts.
    return obj["spec"], annotations


@pytest.mark.parametrize(("had", "written"), PODS)
def test_what_a_pod_template_had_comes_back(desk: Desk, had: dict[str, str | None], written: str) -> None:
    desk.edit(had)
    before = as_its_owner_left_it(desk)
    number = desk.active("7001")
    assert desk.annotations()[SKIP_INBOUND] == written
    desk.close(number)
    assert desk.state(number) is State.CLOSED
    assert as_its_owner_left_it(desk) == before


@pytest.mark.parametrize(("around", "written"), [("5000, 25", None), ("5000,25", "25,5000,7001"), ("", "7001")])
def test_a_list_on_the_namespace_is_written_along_and_left_to_the_namespace_again(
    desk: Desk, around: str, written: str | None
) -> None:
    desk.practice.apply_as("kubectl", NAMESPACE, {"metadata": {"annotations": {SKIP_INBOUND: around}}})
    before = as_its_owner_left_it(desk)
    number = desk.ask("7001")
    desk.preflight(number)
    if written is None:
        # Linkerd itself skips no port of an entry with a space: which of them are meant is for the owner to say.
        assert not desk.ticket(number).preflight_clean
        return
    desk.decide(number, "partner")
    desk.apply(number)
    assert desk.annotations()[SKIP_INBOUND] == written
    desk.close(number)
    assert (desk.state(number), as_its_owner_left_it(desk)) == (State.CLOSED, before)


def test_a_port_that_the_owner_skips_already_stays_the_owner_s(desk: Desk) -> None:
    desk.edit({SKIP_INBOUND: "7001,25"})
    before = as_its_owner_left_it(desk)
    number = desk.active("7001")
    assert desk.annotations()[SKIP_INBOUND] == "7001,25"
    desk.close(number)
    assert as_its_owner_left_it(desk) == before


def test_a_workload_that_runs_without_the_proxy_already_has_nothing_to_switch_off(desk: Desk) -> None:
    desk.edit({INJECT: "disabled"})
    number = desk.ask("", mode="disable-injection")
    desk.preflight(number)
    findings = desk.evidence(number, "preflight")["findings"]
    assert "already-not-meshed" in [one["code"] for one in findings if one["severity"] == "blocking"]


def test_the_owner_s_own_disabled_outlives_a_ticket_that_came_before_it(desk: Desk) -> None:
    number = desk.active("7001")
    desk.edit({INJECT: "disabled"})
    desk.close(number)
    assert (desk.state(number), desk.annotations()) == (State.CLOSED, {INJECT: "disabled"})


@pytest.mark.parametrize(
    "had", [{INJECT: "enabled", SKIP_INBOUND: "9092,9090", SKIP_OUTBOUND: ""}], ids=["a list of its own"]
)
@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
def test_tickets_end_in_every_order(desk: Desk, had: dict[str, str | None], order: tuple[int, ...]) -> None:
    desk.edit(had)
    before = as_its_owner_left_it(desk)
    numbers = [
        desk.active("7001,7005"),
        desk.active("", mode="disable-injection"),
        desk.active("7002,7005", outbound="7003"),
    ]
    for position, ending in enumerate(order):
        left = set(order[position:])
        shown = desk.annotations()
        assert (shown.get(INJECT) == "disabled") == (1 in left)
        inbound = shown.get(SKIP_INBOUND, "")
        assert ("7001" in inbound, "7005" in inbound, "7003" in shown.get(SKIP_OUTBOUND, "")) == (
            0 in left,
            bool(left & {0, 2}),
            2 in left,
        )
        desk.close(numbers[ending])
        assert desk.state(numbers[ending]) is State.CLOSED, desk.problem(numbers[ending])
    assert as_its_owner_left_it(desk) == before
    assert MARK not in (desk.object(EMOJI)["metadata"].get("annotations") or {})
