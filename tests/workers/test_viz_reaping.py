"""`meshdesk viz reap` on the practice cluster: only what is ours and over goes, in the workers' order."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path

import yaml

from portal.mesh.objects import group_of, resource_of
from portal.mesh.viz.names import is_labelled
from portal.mesh.viz.order import LABELLED
from portal.mesh.viz.presence import SCRAPES
from portal.states import State
from tests.contract.worlds import namespace
from tests.unit.viz.bundles import practice
from tests.workers.desk import Desk, Interrupted
from tests.workers.viz import HERE, NAMESPACE, active, close, equip, everything, finish, names, release
from workers.viz.reaping import KINDS, reap

FILE = Path(__file__).parents[2] / "deploy" / "viz-reaper.yaml"
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


def test_what_let_an_earlier_viz_in_stays(desk: Desk) -> None:
    equip(desk)
    metadata = {"name": "proxy-admin", "namespace": HERE, "labels": {"linkerd.io/extension": "viz"}}
    server = {"apiVersion": "policy.linkerd.io/v1beta1", "kind": "Server", "spec": {}}
    desk.practice.create({**server, "metadata": metadata})
    # A cluster counts in seconds.
    time.sleep(1.1)
    active(desk)
    desk.practice.create({**server, "metadata": {**metadata, "name": "later"}})
    done, said = reaped(desk, NOW)
    assert done, said
    assert {name for name in names(desk) if name.startswith(f"server/{HERE}/")} == {f"server/{HERE}/proxy-admin"}


def test_the_next_window_is_none_of_its_business(desk: Desk) -> None:
    """Meshdesk comes back between its look at the namespace and its first deletion."""
    equip(desk)
    first = active(desk)
    seconds: list[int] = []

    def next_window() -> None:
        assert close(desk, first) is State.CLOSED
        seconds.append(active(desk))

    door = Interrupted(desk.practice)
    door.before["object"] = next_window
    said: list[str] = []
    assert reap(door, grace=NOW, patience=SHORT, say=said.append), said  # type: ignore[arg-type]
    installed = [obj for obj in everything(desk).values() if is_labelled(obj)]
    assert len(installed) == len(practice().objects)
    assert close(desk, seconds[0]) is State.CLOSED


def test_its_rights_are_those_that_it_uses() -> None:
    (role,) = (one for one in yaml.safe_load_all(FILE.read_text("utf-8")) if one["kind"] == "ClusterRole")
    granted = {(rule["apiGroups"][0], name): rule["verbs"] for rule in role["rules"] for name in rule["resources"]}
    kinds = [*KINDS, *(one for one in LABELLED if one[1] in SCRAPES)]
    used = {(group_of(api), resource.plural) for api, kind in kinds if (resource := resource_of(api, kind))}
    assert granted == {kind: ["get", "list", "delete"] for kind in used}


def test_what_hangs_is_told(desk: Desk) -> None:
    equip(desk)
    active(desk)
    metadata = {"name": "kept", "namespace": NAMESPACE.name, "finalizers": ["x/y"]}
    desk.practice.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata})
    done, said = reaped(desk, NOW)
    assert not done
    assert "SomeResourcesRemain" in said[-1]
    assert f"namespace//{HERE}" in names(desk)
