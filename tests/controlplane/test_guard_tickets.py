"""Tickets under the guard, on the real API server with the workers' own rights: let pass while live, and not after."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from portal.db import Database, database_now
from portal.errors import Refused
from portal.mesh.guard.names import NAMESPACE, PARAMETERS
from portal.models import Cluster, Event
from portal.states import State
from portal.tickets import ending
from tests.contract.real_world import as_user, for_user, grant_file
from tests.contract.worlds import wait_until
from tests.controlplane.client import manifests
from tests.controlplane.guard_desk import GUARD_FILE, SKIP, WORKER, GuardedDesk
from tests.controlplane.harness import ControlPlane
from workers.cluster.protocol import Cluster as Reached
from workers.guard import passing
from workers.guard.parameters import REF
from workers.guard.pruning import prune

pytestmark = pytest.mark.control_plane
REAPER_FILE = GUARD_FILE.with_name("guard-reaper.yaml")
BINDING = "meshdesk-guard-workloads-deny"


@pytest.fixture(scope="module")
def desk(
    control_plane: ControlPlane, migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[GuardedDesk]:
    """One for all tests of this file, each of which leaves it without a live ticket."""
    folder = tmp_path_factory.mktemp("guarded")
    database = Database(f"sqlite:///{shutil.copy(migrated_sqlite, folder / 'meshdesk.db')}")
    made = GuardedDesk(control_plane, database, folder)
    yield made
    made.remove()
    database.dispose()


@pytest.fixture
def guarded(desk: GuardedDesk) -> GuardedDesk:
    """The desk with the guard in force."""
    state = desk.put_into_force()
    assert (state.problem, state.amiss) == (None, [])
    assert state.in_step_at == state.tried_at
    return desk


def test_it_says_what_is_missing_until_an_operator_asks(desk: GuardedDesk) -> None:
    state = desk.look_at_guard()
    assert "ValidatingAdmissionPolicy meshdesk-guard-workloads is missing." in state.amiss
    assert state.in_step_at is None
    assert desk.skip("1", dry=True).ok


def test_a_ticket_passes_while_it_is_live_and_not_before_or_after(guarded: GuardedDesk) -> None:
    assert "no live ticket allows it" in guarded.skip("8443", dry=True).message
    number = guarded.approved("8443")
    assert guarded.skip("8443", dry=True).status == 403
    guarded.carry(guarded.apply, number, State.ACTIVE)
    assert guarded.annotations()[SKIP] == "4567-4568,8443"
    assert f"MD-{number} " in guarded.lines()
    assert guarded.skip("4567,4568,8443", dry=True).ok
    assert guarded.skip("8444", dry=True).status == 403
    guarded.release(number)
    assert guarded.deliver("meshdesk.guard") == 1
    guarded.carry(guarded.undo, number, State.CLOSED)
    assert SKIP not in guarded.annotations()
    assert guarded.lines() == ""
    wait_until(lambda: guarded.skip("8443", dry=True).status == 403)


def test_a_preflight_tries_the_change_although_the_guard_would_refuse_it(guarded: GuardedDesk) -> None:
    number = guarded.ask("9443")
    guarded.preflight(number)
    found = guarded.evidence(number, "preflight")
    assert not [one for one in found["findings"] if one["severity"] == "blocking"]
    with guarded.acting("member") as (session, member):
        ending.withdraw(session, number, reason="a test", by=member, now=database_now(session))


def test_what_others_do_to_it_is_mended_and_told(guarded: GuardedDesk) -> None:
    client = guarded.plane.client
    client.patch("ValidatingAdmissionPolicyBinding", BINDING, None, {"spec": {"validationActions": ["Audit"]}})
    client.delete("ConfigMap", PARAMETERS, NAMESPACE)
    state = guarded.look_at_guard()
    assert state.in_step_at == state.tried_at
    bound = client.get("ValidatingAdmissionPolicyBinding", BINDING)
    assert bound["spec"]["validationActions"] == ["Deny"]
    with guarded.database.reading() as session:
        told = session.query(Event).filter(Event.type == "guard:mended").order_by(Event.number.desc()).first()
        assert told is not None
        assert told.payload["objects"] == [f"ValidatingAdmissionPolicyBinding {BINDING}"]
    guarded.put_into_force()


def test_an_undo_goes_on_while_the_guard_cannot_be_written(guarded: GuardedDesk) -> None:
    number = guarded.approved("8443")
    guarded.carry(guarded.apply, number, State.ACTIVE)
    grant_file(guarded.plane, WORKER, path=GUARD_FILE, without="patch")
    guarded.release(number)
    wait_until(lambda: guarded.look_at_guard().problem)
    guarded.carry(guarded.undo, number, State.CLOSED)
    assert "(RBAC)" in str(guarded.state_of_guard().problem)
    assert f"MD-{number} " in guarded.lines()
    grant_file(guarded.plane, WORKER, path=GUARD_FILE)
    wait_until(lambda: guarded.look_at_guard().problem is None)
    assert guarded.lines() == ""


def test_a_ticket_waits_and_says_why_while_the_guard_cannot_be_told_of_it(
    guarded: GuardedDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passing, "PATIENCE_SECONDS", 0.5)
    number = guarded.approved("8443")
    grant_file(guarded.plane, WORKER, path=GUARD_FILE, without="patch")
    wait_until(lambda: not may_keep(guarded))
    guarded.apply(number)
    assert guarded.state(number) is State.APPLYING
    assert "The guard of cluster practice does not let deployment/emoji pass yet" in guarded.problem(number)
    assert SKIP not in guarded.annotations()
    grant_file(guarded.plane, WORKER, path=GUARD_FILE)
    wait_until(lambda: may_keep(guarded))
    guarded.carry(guarded.apply, number, State.ACTIVE)
    guarded.close(number)
    guarded.carry(guarded.undo, number, State.CLOSED)


def may_keep(guarded: GuardedDesk) -> bool:
    """Whether the worker may write the parameters now."""
    body = {"metadata": {"labels": {"tried": "yes"}}}
    try:
        return bool(guarded.real.patch_object(REF, body, dry_run=True))
    except Refused:
        return False


def test_the_reaper_takes_out_what_is_over_with_its_own_rights_alone(guarded: GuardedDesk) -> None:
    number = guarded.approved("8443")
    guarded.carry(guarded.apply, number, State.ACTIVE)
    reaper = reaper_of(guarded.plane)
    said: list[str] = []
    assert prune(reaper, grace=timedelta(0), say=said.append)
    assert said == ["Nothing that is over is let pass."]
    assert guarded.skip("8443,4567", dry=True).ok
    assert prune(reaper, grace=timedelta(hours=-2), say=said.append)
    assert said[-1] == f"MD-{number} on deployment/emoji in emojivoto is over: it is let pass no more."
    assert guarded.lines() == ""
    # Its own clock says otherwise, so a worker writes it again; then it ends as any does.
    assert f"MD-{number}" in [one["ticket"] for one in guarded.look_at_guard().lines]
    guarded.release(number)
    guarded.carry(guarded.undo, number, State.CLOSED)
    guarded.deliver("meshdesk.guard")
    reaper.close()


def test_the_reapers_manifest_and_command_are_taken_as_they_are(guarded: GuardedDesk) -> None:
    (made,) = [one for one in manifests(REAPER_FILE) if one["kind"] == "CronJob"]
    made["metadata"]["namespace"] = "default"
    taken = guarded.rest.create(made, dryRun="All").body
    pod = taken["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    assert pod["containers"][0]["command"] == ["meshdesk", "guard", "prune"]
    words = [sys.executable, "-m", "portal.cli", "guard", "prune", "--kubeconfig", str(guarded.plane.admin_kubeconfig)]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (0, "Nothing that is over is let pass.\n"), done.stderr


def reaper_of(plane: ControlPlane) -> Reached:
    """The cluster with the reaper's rights, once they count."""
    user = "meshdesk-worker-guard-reaper"
    for manifest in manifests(REAPER_FILE):
        if manifest["kind"] not in ("Role", "RoleBinding"):
            continue
        if "roleRef" in manifest:
            manifest["metadata"]["name"] = manifest["roleRef"]["name"] = user
        manifest["metadata"]["name"] = user
        plane.client.apply(for_user(manifest, user))
    found = as_user(plane, user)
    wait_until(lambda: _may_prune(found))
    return found


def _may_prune(cluster: Reached) -> bool:
    try:
        return prune(cluster, grace=timedelta(0), say=lambda _: None)
    except Refused:
        return False


def test_switched_off_it_is_taken_away(guarded: GuardedDesk) -> None:
    """Last in this file."""
    with guarded.database.unit_of_work() as session:
        session.get_one(Cluster, "practice").guard = "off"
    state = guarded.look_at_guard()
    assert (state.problem, state.amiss) == (None, [])
    wait_until(lambda: guarded.skip("1", dry=True).ok)
    assert not guarded.plane.client.list("ValidatingAdmissionPolicy", labels="app.kubernetes.io/part-of=meshdesk-guard")
