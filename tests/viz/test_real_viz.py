"""The whole of real bundles on a real control plane, with the rights of deploy/ alone: installed, shared, removed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portal.states import State
from tests.contract.worlds import wait_until
from tests.unit.viz.bundles import BUNDLES, bundle_named, practice
from tests.viz.scene import HOUR, RealDesk

pytestmark = pytest.mark.control_plane


@pytest.mark.parametrize("name", BUNDLES)
def test_the_whole_bundle_is_installed_and_removed_with_not_one_object_left(real: RealDesk, name: str) -> None:
    bundle = bundle_named(name)
    real.equip(bundle)
    before = real.everything()
    with real.passing() as passing:
        number = real.active(restart=True)
        shown = real.evidence(number, "applied")["targets"]
        assert len(shown[0]["objects"]) == len(bundle.objects)
        assert shown[1]["restarted"] == ["deployment/web"]
        assert real.api()["status"] == "True"
        real.namespaces_go()
        real.release(number)
        assert real.finish(number) is State.CLOSED
    assert (passing.problem, passing.stuck) == (None, [])
    assert passing.gone
    assert real.everything() == before
    assert real.labelled() == []
    undone = real.undone(number)
    assert [one["pods_with_tap_enabled"] for one in undone if one["workload"].startswith("tap/")] == [2]
    real.namespaces_go()


def test_two_tenants_share_it_and_certificates_are_issued_anew_for_the_longer(real: RealDesk) -> None:
    real.equip(practice())
    before = real.everything()
    first = real.active(duration=HOUR)
    old = wait_until(real.tap.authority_of)
    second = real.active(who="outsider", duration=timedelta(hours=4))
    wait_until(lambda: real.tap.authority_of() != old)
    wait_until(lambda: real.api()["status"] == "True")
    real.namespaces_go()
    real.release(first)
    assert real.finish(first) is State.CLOSED
    assert real.api()["status"] == "True"
    real.release(second, who="outsider")
    assert real.finish(second) is State.CLOSED
    assert real.everything() == before


def test_a_silent_tap_is_taken_away_again_and_the_ticket_says_why(real: RealDesk) -> None:
    real.equip(practice())
    before = real.everything()
    impatient = real.worker(viz_limit=timedelta(seconds=3))
    with real.tap.silent():
        number = real.ask()
        assert real.carry(number, by=impatient) is State.REVERTING
        assert real.finish(number) is State.CLOSED
    ticket = real.ticket(number)
    assert ticket.outcome == "failed"
    assert "did not come up within 3 seconds" in (ticket.end_reason or "")
    assert "FailedDiscoveryCheck" in (ticket.end_reason or "")
    assert real.everything() == before
    real.namespaces_go()
