"""`meshdesk viz reap` on the practice cluster: only what is ours and over goes, in the workers' order."""

from __future__ import annotations

from datetime import timedelta

from portal.states import State
from tests.contract.worlds import namespace
from tests.workers.desk import Desk
from tests.workers.viz import HERE, NAMESPACE, active, equip, everything, finish, names, release
from workers.viz.reaping import reap

NOW, SHORT = timedelta(hours=-2), timedelta(seconds=5)


def reaped(desk: Desk, grace: timedelta) -> tuple[bool, list[str]]:
    said: list[str] = []
    return reap(desk.practice, grace=grace, patience=SHORT, say=said.append), said


def test_a_viz_whose_end_is_to_come_or_only_just_over_stays(desk: Desk) -> None:
    equip(desk)
    active(desk)
    before = everything(desk)
    assert reaped(desk, timedelta(0)) == (True, ["There is nothing to remove."])
    assert everything(desk) == before


def test_an_ended_one_goes_with_its_tap_rights_and_meshdesk_finds_it_gone(desk: Desk) -> None:
    equip(desk)
    before = everything(desk)
    number = active(desk)
    done, said = reaped(desk, NOW)
    assert done, said
    assert said[0].startswith(f"linkerd-viz is over: it was for MD-{number} until ")
    order = [one.split()[0] for one in said[1:-1]]
    assert order[:2] == ["MutatingWebhookConfiguration", "APIService"]
    assert order[-1] == "Namespace"
    assert everything(desk) == before
    release(desk, number)
    assert finish(desk, number) is State.CLOSED
    assert everything(desk) == before


def test_somebody_elses_is_never_touched(desk: Desk) -> None:
    equip(desk)
    obj = namespace("observe")
    obj["metadata"]["labels"] = {"linkerd.io/extension": "viz"}
    obj["metadata"]["annotations"] = {"meshdesk.io/expires-at": "2020-01-01T00:00:00Z"}
    desk.practice.create(obj)
    assert reaped(desk, NOW) == (True, ["There is nothing to remove."])
    assert "namespace//observe" in names(desk)


def test_what_hangs_is_told(desk: Desk) -> None:
    equip(desk)
    active(desk)
    metadata = {"name": "kept", "namespace": NAMESPACE.name, "finalizers": ["x/y"]}
    desk.practice.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata})
    done, said = reaped(desk, NOW)
    assert not done
    assert "SomeResourcesRemain" in said[-1]
    assert f"namespace//{HERE}" in names(desk)
