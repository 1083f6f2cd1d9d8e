"""How a preflight reads: what targets share once a ticket, some pods of a peer only, and on without what it may not."""

from __future__ import annotations

from collections import Counter
from typing import Any

from portal.errors import Refused
from tests.unit.mesh.near_objects import port, service
from tests.workers.desk import Desk
from workers.cluster.protocol import Cluster
from workers.near import MOST_PEERS
from workers.preflight import preflight

ALL = "deployment/emoji deployment/voting deployment/web"


class Counted:
    """A door to the cluster that counts what is asked for and may refuse a kind."""

    def __init__(self, inside: Cluster, *, refused: str = "") -> None:
        self.inside, self.refused = inside, refused
        self.asked: Counter[tuple[Any, ...]] = Counter()

    def __getattr__(self, name: str) -> Any:
        def call(*args: Any, **named: Any) -> Any:
            said = tuple(one for one in args if isinstance(one, str | None))
            self.asked[name, *said] += 1
            if self.refused and self.refused in args:
                raise Refused(f"Meshdesk may not list {self.refused}.")
            return getattr(self.inside, name)(*args, **named)

        return getattr(self.inside, name) if name == "name" else call


def looked(desk: Desk, cluster: Any, number: int) -> dict[str, Any]:
    preflight(desk.worker(cluster), number)
    return desk.evidence(number, "preflight")


def codes(evidence: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["code"]: one for one in evidence["findings"]}


def test_what_targets_share_is_read_once(desk: Desk) -> None:
    for name in ("a", "b"):
        desk.practice.create(service(name, port(7432, 8080)))
    door = Counted(desk.practice)
    looked(desk, door, desk.ask("8080", workload=ALL, outbound="7432"))
    around = ("namespace", "mesh", "injector_webhook")
    shared = {call[0]: times for call, times in door.asked.items() if call[0] in around}
    assert shared == {"namespace": 2, "mesh": 1, "injector_webhook": 1}, "the namespace once more as that of the peers"
    lists = {call: times for call, times in door.asked.items() if call[0] in ("objects", "disruption_budgets")}
    assert set(lists.values()) - {1} <= {2}, "of two peers the pods"
    assert lists["objects", "v1", "Service"] == 1
    assert door.asked["workload",] == 3


def test_of_many_peers_a_few_are_looked_at(desk: Desk) -> None:
    for number in range(MOST_PEERS + 4):
        desk.practice.create(service(f"peer-{number}", port(7432, 8080)))
    door = Counted(desk.practice)
    evidence = looked(desk, door, desk.ask("", outbound="7432"))
    assert door.asked["objects", "v1", "Pod", "emojivoto", "app=emoji"] == MOST_PEERS
    fact = codes(evidence)["outbound-peers"]["fact"]
    assert "peer-5 (not known whether meshed) and 3 more" in fact


def test_what_several_targets_dial_is_said_once(desk: Desk) -> None:
    evidence = looked(desk, desk.practice, desk.ask("", workload=ALL, outbound="7432"))
    said = [one for one in evidence["findings"] if one["code"] == "outbound-nobody"]
    assert [one["target"] for one in said] == [None]


def test_a_list_that_the_worker_may_not_read_is_said_and_hinders_nothing(desk: Desk) -> None:
    number = desk.ask("8080")
    evidence = looked(desk, Counted(desk.practice, refused="HTTPRoute"), number)
    assert codes(evidence)["not-looked"]["fact"] == "Meshdesk may not list HTTPRoute."
    assert desk.ticket(number).preflight_clean


def test_services_that_the_worker_may_not_list_are_said_too(desk: Desk) -> None:
    number = desk.ask("", outbound="7432")
    found = codes(looked(desk, Counted(desk.practice, refused="Service"), number))
    assert found["not-looked"]["fact"] == "Meshdesk may not list Service."
    assert not {"outbound-peers", "outbound-nobody"} & found.keys()


def test_pods_that_the_injector_missed_are_told(desk: Desk) -> None:
    desk.practice.set("injector_down", True)
    desk.edit({"team": "emojis"})
    desk.practice.set("injector_down", False)
    evidence = looked(desk, desk.practice, desk.ask("8080"))
    assert codes(evidence)["pods-not-injected"]["fact"].startswith(
        "0 of 3 pods are injected, although the template is:"
    )


def test_without_outbound_ports_no_list_goes_over_the_cluster(desk: Desk) -> None:
    door = Counted(desk.practice)
    looked(desk, door, desk.ask("8080"))
    everywhere = [call for call in door.asked if call[0] == "objects" and (len(call) == 3 or call[3] is None)]
    assert everywhere == []
    assert door.asked["objects", "v1", "Service", "emojivoto"] == 1
