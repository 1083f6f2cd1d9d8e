"""Viz while tickets are live: what somebody deletes is told and made again on their word; what is nobody's goes."""

from __future__ import annotations

from portal.api.views import one_view
from portal.errors import Transient
from portal.mesh.objects import ObjectRef
from portal.models import Ticket, VizBundle
from portal.states import State
from tests import world
from tests.workers.desk import Desk
from tests.workers.viz import (
    API,
    HERE,
    HOOK,
    SECRET,
    THERE,
    VIZ,
    active,
    approved,
    ask,
    carry,
    close,
    equip,
    everything,
    names,
    ref,
    spot,
    there,
)
from workers.handling import handler_of
from workers.viz.restarting import RESTARTED_AT

TAP = f"deployment/{VIZ}/tap"


def delete(desk: Desk, name: str) -> None:
    obj = everything(desk)[name]
    desk.practice.delete_object(ObjectRef.of(obj), uid=obj["metadata"]["uid"])


def test_what_somebody_deleted_is_told_on_every_live_ticket_and_comes_back_on_their_word(desk: Desk) -> None:
    equip(desk)
    before = everything(desk)
    first, second = active(desk), active(desk, THERE, who="outsider")
    delete(desk, TAP)
    desk.look()
    for number in (first, second):
        assert f"Somebody deleted Deployment tap in {VIZ}" in desk.problem(number)
    desk.look()
    assert TAP not in names(desk)
    desk.reapply(first)
    desk.deliver("meshdesk.converge")
    desk.look()
    assert TAP in names(desk)
    assert (desk.problem(first), desk.problem(second)) == ("", "")
    for number, who in ((first, "member"), (second, "outsider")):
        assert close(desk, number, who=who) is State.CLOSED
    assert everything(desk) == before


def test_a_tap_api_that_falls_silent_is_told_and_forgotten_once_it_answers(desk: Desk) -> None:
    equip(desk)
    number = active(desk)
    desk.practice.set("tap_silent", True)
    desk.look()
    assert "APIService v1alpha1.tap.linkerd.io" in desk.problem(number)
    assert "no namespace of the cluster can be deleted" in desk.problem(number)
    assert desk.state(number) is State.ACTIVE
    desk.practice.set("tap_silent", False)
    desk.look()
    assert desk.problem(number) == ""
    assert close(desk, number) is State.CLOSED


def test_what_somebody_adds_to_it_is_told_while_it_can_be_moved_elsewhere(desk: Desk) -> None:
    equip(desk)
    number = active(desk)
    desk.practice.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "mine", "namespace": VIZ}})
    desk.look()
    assert desk.problem(number) == f"ConfigMap mine in {VIZ} was added by somebody; it goes when Viz goes."
    delete(desk, f"configmap/{VIZ}/mine")
    desk.look()
    assert desk.problem(number) == ""
    assert close(desk, number) is State.CLOSED


def test_who_joins_is_judged_by_the_bundle_that_is_installed(desk: Desk) -> None:
    equip(desk)
    first = active(desk)
    with desk.database.unit_of_work() as session:
        row = session.get_one(VizBundle, "practice")
        row.open_dashboard, row.problem, row.namespace = True, "viz.yaml cannot be read.", ""
    second = active(desk, THERE, who="outsider")
    with desk.database.reading() as session:
        shown = one_view(session, second, by=world.actor(session, "outsider"))["usage"]
    assert all(f"--viz-namespace {VIZ} " in one["text"] for one in shown if one["text"].startswith("linkerd viz"))
    for number, who in ((first, "member"), (second, "outsider")):
        assert close(desk, number, who=who) is State.CLOSED
    third = ask(desk)
    desk.preflight(third)
    assert "bundle-unusable" in {one["code"] for one in desk.evidence(third, "preflight")["findings"]}


def test_a_secret_that_is_made_again_is_trusted(desk: Desk) -> None:
    equip(desk)
    number = active(desk)
    delete(desk, f"secret/{VIZ}/{SECRET.name}")
    desk.look()
    desk.reapply(number)
    desk.deliver("meshdesk.converge")
    annotations = [there(desk, one)["metadata"]["annotations"]["meshdesk.io/authority-sha256"] for one in (SECRET, API)]
    assert annotations[0] == annotations[1]
    assert there(desk, HOOK)
    assert close(desk, number) is State.CLOSED


def test_a_viz_of_nobody_is_taken_away(desk: Desk) -> None:
    equip(desk)
    before = everything(desk)
    number = active(desk)
    with desk.database.unit_of_work() as session:
        # As if a worker had noted the end too early.
        session.get_one(Ticket, number).state = State.CLOSED
    for _ in range(5):
        desk.look()
        try:
            handler_of(spot(desk)).reconcile(desk.context, spot(desk))
        except Transient:
            continue
    assert everything(desk) == before


def test_the_restart_makes_older_pods_tappable_and_the_end_counts_them(desk: Desk) -> None:
    equip(desk)
    number = active(desk, restart=True)
    shown = next(one for one in desk.evidence(number, "applied")["targets"] if one["workload"] == f"tap/{HERE}")
    assert "deployment/emoji" in shown["restarted"]
    template = desk.practice.workload(ref(HERE, "emoji"))["spec"]["template"]
    at = template["metadata"]["annotations"][RESTARTED_AT]
    second = approved(desk, restart=True, subjects=[{"kind": "Group", "name": "oncall"}])
    assert carry(desk, second) is State.ACTIVE
    template = desk.practice.workload(ref(HERE, "emoji"))["spec"]["template"]
    assert template["metadata"]["annotations"][RESTARTED_AT] == at
    assert close(desk, number) is State.CLOSED
    undone = next(one for one in desk.evidence(number, "undone")["targets"] if one["workload"] == f"tap/{HERE}")
    assert undone["pods_with_tap_enabled"] > 0
    assert "keep the annotation" in undone["note"]


def test_what_cannot_be_restarted_is_named(desk: Desk) -> None:
    equip(desk)
    desk.practice.patch_workload(ref(HERE, "emoji"), {"spec": {"paused": True}})
    number = active(desk, restart=True)
    shown = next(one for one in desk.evidence(number, "applied")["targets"] if one["workload"] == f"tap/{HERE}")
    assert "deployment/emoji" not in shown["restarted"]
    told = [one for one in shown["not_restarted"] if one.startswith("deployment/emoji is not restarted")]
    assert "The Deployment's rollout is paused" in told[0]
    assert close(desk, number) is State.CLOSED
