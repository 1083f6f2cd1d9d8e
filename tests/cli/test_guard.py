"""`meshdesk guard`: rendered, put into force, looked at and pruned by command."""

from __future__ import annotations

import threading
import time

import pytest
import yaml
from sqlalchemy import select

from portal.db import Database, database_now
from portal.models import Cluster, GuardState
from tests.api.desk import Desk
from tests.cli.conftest import Run

AS = ("--as", "operator")


def switch(database: Database, mode: str = "deny") -> None:
    with database.unit_of_work() as session:
        session.get_one(Cluster, "practice").guard = mode


def test_it_is_rendered_as_yaml_that_kubectl_takes(run: Run, desk: Desk) -> None:
    switch(desk.database)
    done = run("guard", "render", "practice", *AS)
    objects = list(yaml.safe_load_all(done.output))
    assert [one["kind"] for one in objects[:4]] == ["Namespace", "Role", "RoleBinding", "ConfigMap"]
    assert objects[-1]["metadata"]["name"] == "meshdesk-guard-namespaces-deny"
    assert run("guard", "render", "practice", "--as", "member").exit_code == 1


def test_apply_waits_for_a_worker_and_shows_what_came_of_it(run: Run, desk: Desk) -> None:
    switch(desk.database)
    worker = threading.Thread(target=look, args=(desk.database,))
    worker.start()
    done = run("guard", "apply", "practice", *AS)
    worker.join()
    assert done.exit_code == 0, done.output
    assert "practice: in step, " in done.output
    assert "  emojivoto: deny" in done.output


def look(database: Database) -> None:
    """What a worker writes down, once an operator asked."""
    give_up = time.monotonic() + 20
    while time.monotonic() < give_up:
        with database.unit_of_work() as session:
            row = session.scalar(select(GuardState))
            if row is not None:
                row.tried_at = row.in_step_at = database_now(session)
                return
        time.sleep(0.05)


def test_apply_does_not_wait_for_ever(run: Run, desk: Desk) -> None:
    switch(desk.database)
    done = run("guard", "apply", "practice", "--wait", "0", *AS)
    assert (done.exit_code, "No worker has come to it within 0 seconds" in done.stderr) == (1, True)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"problem": "Cluster practice does not answer."}, "it could not be looked at. Cluster practice does not"),
        ({"amiss": ["X is missing."]}, "not in step: an operator runs `meshdesk guard apply`"),
    ],
)
def test_status_says_what_is_wrong(run: Run, desk: Desk, values: dict[str, object], says: str) -> None:
    switch(desk.database)
    line = {"namespace": "emojivoto", "workload": "deployment/emoji", "ticket": "MD-7", "until": None, "text": "x"}
    with desk.database.unit_of_work() as session:
        session.add(GuardState(cluster="practice", tried_at=database_now(session), lines=[line], **values))
    shown = run("guard", "status", *AS).output
    assert f"practice: {says}" in shown
    assert "late deployment/emoji in emojivoto: still let pass for MD-7" in shown
    assert "playground: the guard is off." in shown
