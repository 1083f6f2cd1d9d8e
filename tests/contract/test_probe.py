"""The probe on a real control plane, with the rights of deploy/worker-rbac.yaml: its pods' own addresses are dialled.

No container runs there, so the pods are given addresses of this machine, where the test listens.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from portal.mesh.workloads import WorkloadRef
from portal.states import State
from tests.contract.real_world import RealWorld
from tests.contract.worlds import settled, template, workload
from tests.controlplane.harness import ControlPlane
from tests.probe.conftest import certificate, open_folder
from tests.probe.listening import answers, listening, tls
from tests.workers.conftest import desk, stage
from tests.workers.desk import Desk

__all__ = ["certificate", "desk", "open_folder", "stage"]

pytestmark = pytest.mark.control_plane
EMOJI = WorkloadRef("deployment", "emojivoto", "emoji")
ADDRESS = "127.7.3.1"
CLEAR = answers(b"HTTP/1.1 400 Bad Request\r\n\r\n")


@pytest.fixture
def emoji(control_plane: ControlPlane) -> Iterator[RealWorld]:
    """The namespace of the desk's tickets, with one workload whose pod has an address of this machine."""
    made = RealWorld(control_plane, "emojivoto")
    made.create(workload("Deployment", EMOJI, template("emoji"), replicas=1))
    settled(made.cluster, EMOJI)
    for pod in made.cluster.pods(made.cluster.workload(EMOJI)):
        addresses = {"podIP": ADDRESS, "podIPs": [{"ip": ADDRESS}]}
        control_plane.client.patch_status("Pod", pod["metadata"]["name"], "emojivoto", addresses)
    yield made
    made.remove()


def test_pods_of_a_real_cluster_are_probed_by_their_own_addresses(
    desk: Desk, emoji: RealWorld, request: pytest.FixtureRequest
) -> None:
    desk.context = desk.worker(emoji.cluster)
    with listening(tls(request.getfixturevalue("certificate")), ADDRESS) as secured, listening(CLEAR, ADDRESS) as clear:
        desk.say(enabled=True)
        unlooked = desk.ask(str(clear))
        desk.preflight(unlooked)
        desk.probe(unlooked)
        assert "the worker's own machine" in desk.evidence(unlooked, "probe")["why"]
        desk.say(loopback=True)
        numbers = [desk.ask(str(port), cluster="playground") for port in (secured, clear)]
        for number in numbers:
            desk.preflight(number)
            assert desk.state(number) is State.PENDING
            desk.probe(number)
    verified, contradicted = (desk.evidence(number, "probe")["ports"] for number in numbers)
    assert [one["result"] for one in verified] == ["verified"]
    assert [one["result"] for one in contradicted] == ["contradicted"]
    assert verified[0]["tls"]["certificate"]["subject"] == "CN=emoji.emojivoto.svc"
    assert desk.state(numbers[0]) is State.APPROVED
    assert (desk.state(numbers[1]), desk.ticket(numbers[1]).rule) == (State.PENDING, "skip-ports-unencrypted")
