"""What keeps Viz from being installed or removed: a Viz of somebody else, refusals, a silent tap, a hung namespace."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from portal.errors import Gone
from portal.mesh.objects import ObjectRef
from portal.models import Evidence, Target, Ticket, VizBundle
from portal.states import State
from tests.contract.worlds import namespace
from tests.workers.desk import Desk
from tests.workers.viz import (
    API,
    THERE,
    VIZ,
    active,
    approved,
    ask,
    carry,
    close,
    equip,
    everything,
    finish,
    link,
    outlive,
    release,
    small_label,
    there,
)
from workers.viz.inventory import TAP_API

LABEL = {"linkerd.io/extension": "viz"}


def foreign(desk: Desk) -> None:
    """Somebody else installs Viz."""
    obj = namespace("observe")
    obj["metadata"]["labels"] = LABEL
    desk.practice.create(obj)


def blocking(desk: Desk, number: int) -> list[str]:
    found = desk.evidence(number, "preflight")["findings"]
    return [one["code"] for one in found if one["severity"] == "blocking"]


def test_a_viz_that_was_there_before_blocks_the_ticket_and_stays(desk: Desk) -> None:
    equip(desk)
    foreign(desk)
    before = everything(desk)
    number = ask(desk)
    desk.preflight(number)
    assert blocking(desk, number) == ["foreign-viz"]
    assert everything(desk) == before


def test_remains_of_an_earlier_viz_block_the_ticket_and_stay(desk: Desk) -> None:
    equip(desk)
    metadata = {"name": "viz-namespace-metadata-linkerd-config", "labels": LABEL}
    desk.practice.create(
        {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": metadata, "rules": []}
    )
    before = everything(desk)
    number = ask(desk)
    desk.preflight(number)
    assert blocking(desk, number) == ["foreign-viz"]
    assert everything(desk) == before


def test_a_dashboard_that_is_open_by_now_is_refused_before_anything_is_written(desk: Desk) -> None:
    equip(desk)
    number = approved(desk)
    with desk.database.unit_of_work() as session:
        session.get_one(VizBundle, "practice").open_dashboard = True
    before = everything(desk)
    assert carry(desk, number) is State.FAILED
    assert "may tap every namespace" in desk.problem(number)
    assert everything(desk) == before


def test_a_viz_that_came_after_the_approval_is_refused_before_anything_is_written(desk: Desk) -> None:
    equip(desk)
    number = approved(desk)
    foreign(desk)
    before = everything(desk)
    assert carry(desk, number) is State.FAILED
    assert "Meshdesk adopts and removes only what it installed" in desk.problem(number)
    assert everything(desk) == before


def test_without_a_bundle_there_is_nothing_to_ask_for(desk: Desk) -> None:
    number = ask(desk)
    desk.preflight(number)
    assert blocking(desk, number) == ["bundle-missing"]


READER = "linkerd-linkerd-viz-tap-auth-reader"
REFUSED = ["ClusterRole//linkerd-linkerd-viz-tap", "Deployment/linkerd-viz/tap", f"RoleBinding/kube-system/{READER}"]


@pytest.mark.parametrize("name", REFUSED)
def test_an_object_that_is_refused_half_way_takes_all_back(desk: Desk, name: str) -> None:
    equip(desk)
    before = everything(desk)
    number = approved(desk)
    desk.practice.set("refuse_create", {name: "not here"})
    state = carry(desk, number)
    assert "not here" in (desk.ticket(number).end_reason or desk.problem(number))
    if state is State.REVERTING:
        assert finish(desk, number) is State.CLOSED
        assert desk.ticket(number).outcome == "failed"
    else:
        assert state is State.FAILED
    assert everything(desk) == before


def test_an_object_of_that_name_which_is_not_ours_is_left_alone(desk: Desk) -> None:
    equip(desk)
    number = approved(desk)
    ref = ObjectRef("rbac.authorization.k8s.io/v1", "RoleBinding", "kube-system", "linkerd-linkerd-viz-tap-auth-reader")
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "other"}
    desk.practice.create(
        {"apiVersion": ref.api_version, "kind": ref.kind, "metadata": small_label(ref), "roleRef": role, "subjects": []}
    )
    before = everything(desk)
    assert carry(desk, number) is State.REVERTING
    assert "Meshdesk did not create it" in (desk.ticket(number).end_reason or "")
    assert finish(desk, number) is State.CLOSED
    assert everything(desk) == before


def test_a_silent_tap_is_undone_and_says_why(desk: Desk) -> None:
    equip(desk)
    before = everything(desk)
    desk.practice.set("tap_silent", True)
    number = approved(desk)
    desk.apply(number)
    assert desk.state(number) is State.APPLYING
    assert "is not Available: FailedDiscoveryCheck" in str(desk.ticket(number).progress)
    late(desk, number)
    desk.apply(number)
    assert desk.state(number) is State.REVERTING
    assert "FailedDiscoveryCheck: failing or missing response from service/tap" in (
        desk.ticket(number).end_reason or ""
    )
    assert finish(desk, number) is State.CLOSED
    assert desk.ticket(number).outcome == "failed"
    assert everything(desk) == before


def test_pods_that_do_not_come_up_keep_the_tap_api_out_and_all_is_undone(desk: Desk) -> None:
    equip(desk)
    before = everything(desk)
    number = approved(desk)
    desk.practice.set("roll_seconds_per_pod", 3600)
    for _ in range(3):
        desk.apply(number)
    assert desk.state(number) is State.APPLYING
    assert "has 0 of 1 pods ready" in str(desk.ticket(number).progress)
    with pytest.raises(Gone):
        there(desk, TAP_API)
    late(desk, number)
    desk.apply(number)
    assert desk.state(number) is State.REVERTING
    assert "has 0 of 1 pods ready" in (desk.ticket(number).end_reason or "")
    assert finish(desk, number) is State.CLOSED
    assert everything(desk) == before


def test_who_joins_a_silent_one_is_undone_and_it_stays_for_the_others(desk: Desk) -> None:
    equip(desk)
    first = active(desk)
    desk.practice.set("tap_silent", True)
    second = approved(desk, THERE, who="outsider")
    desk.apply(second)
    late(desk, second)
    desk.apply(second)
    assert desk.state(second) is State.REVERTING
    assert "it stays for the other tickets that have it" in (desk.ticket(second).end_reason or "")
    assert finish(desk, second) is State.CLOSED
    assert desk.state(first) is State.ACTIVE
    desk.practice.set("tap_silent", False)
    assert close(desk, first) is State.CLOSED


def late(desk: Desk, number: int) -> None:
    """Let the installation have begun four minutes ago."""

    with desk.database.unit_of_work() as session:
        target = session.query(Target).filter_by(kind="viz").one()
        target.memory = {**target.memory, "since": (datetime.now(UTC) - timedelta(minutes=4)).isoformat()}
    outlive(desk, number, minutes=4)


def test_a_hung_namespace_keeps_the_ticket_reverting_and_says_what_it_waits_for(desk: Desk) -> None:
    equip(desk)
    before = everything(desk)
    number = active(desk)
    claim = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "kept", "namespace": VIZ, "finalizers": ["x/y"]},
    }
    desk.practice.create(claim)
    release(desk, number)
    ended_long_ago(desk, number)
    assert finish(desk, number) is State.REVERTING
    kept_words = f"ConfigMap kept in {VIZ} was added by somebody; it goes when Viz goes."
    assert link(desk, number).suspended == {"warnings": [kept_words]}
    assert "NamespaceContentRemaining" in desk.problem(number) or "SomeResourcesRemain" in desk.problem(number)
    with pytest.raises(Gone):
        there(desk, TAP_API)
    kept = ObjectRef("v1", "ConfigMap", VIZ, "kept")
    desk.practice.patch_object(kept, {"metadata": {"finalizers": None}})
    assert finish(desk, number) is State.CLOSED
    shown = next(one for one in undone(desk, number) if one["workload"].startswith("viz/"))
    assert shown["added_by_others"] == [kept_words]
    assert everything(desk) == before


def ended_long_ago(desk: Desk, number: int) -> None:

    with desk.database.unit_of_work() as session:
        session.get_one(Ticket, number).ended_at = datetime.now(UTC) - timedelta(minutes=2)


def undone(desk: Desk, number: int) -> list[dict[str, object]]:

    with desk.database.reading() as session:
        found = session.query(Evidence).filter_by(ticket_id=number, kind="undone").all()
        return [target for one in found for target in one.data["targets"]]


def test_what_allow_scrapes_put_into_a_tenants_namespace_goes_with_viz(desk: Desk) -> None:
    equip(desk)
    before = everything(desk)
    number = active(desk)
    allow_scrapes(desk)
    joined = active(desk, THERE, who="outsider")
    assert close(desk, joined, who="outsider") is State.CLOSED
    assert close(desk, number) is State.CLOSED
    shown = next(one for one in undone(desk, number) if one["workload"].startswith("viz/"))
    assert "Server proxy-admin in emojivoto was added by somebody; it goes when Viz goes." in shown["added_by_others"]  # type: ignore[operator]
    assert everything(desk) == before


def allow_scrapes(desk: Desk) -> None:
    """As `linkerd viz allow-scrapes` does in a tenant's namespace."""
    for api, kind in (("v1beta1", "Server"), ("v1alpha1", "HTTPRoute"), ("v1alpha1", "AuthorizationPolicy")):
        metadata = {"name": "proxy-admin", "namespace": "emojivoto", "labels": LABEL}
        desk.practice.create({"apiVersion": f"policy.linkerd.io/{api}", "kind": kind, "metadata": metadata, "spec": {}})


def test_what_let_an_earlier_viz_in_neither_blocks_nor_goes(desk: Desk) -> None:
    equip(desk)
    allow_scrapes(desk)
    before = everything(desk)
    number = active(desk)
    assert close(desk, number) is State.CLOSED, desk.ticket(number).progress
    assert everything(desk) == before


def test_what_carries_the_label_and_is_nobodys_keeps_the_ticket_reverting(desk: Desk) -> None:
    equip(desk)
    number = active(desk)
    metadata = {"name": "somebodys", "labels": LABEL}
    desk.practice.create(
        {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": metadata, "rules": []}
    )
    release(desk, number)
    ended_long_ago(desk, number)
    assert finish(desk, number) is State.REVERTING
    assert "ClusterRole somebodys carries Viz's label and is not on Meshdesk's record" in desk.problem(number)
    assert API.name not in {name.rpartition("/")[2] for name in everything(desk)}
