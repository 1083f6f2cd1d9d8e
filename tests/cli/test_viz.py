"""`request viz-enablement`: the options arrive as the kind's fields; what forbids it is said before anybody asks."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from portal.models import VizBundle
from tests.api.desk import Desk
from tests.cli.conftest import Run
from tests.cli.serving import Served
from tests.unit.viz.bundles import practice

ASK = ("viz-enablement", "--cluster", "practice", "--reason", "votes get lost", "--for", "1h", "--as", "member")
WHOM = ("-n", "emojivoto", "--user", "ada@example.com", "--group", "oncall")


def test_a_request_by_options(run: Run, desk: Desk) -> None:
    result = run("request", *ASK, *WHOM, "--restart")
    assert result.exit_code == 0, result.output
    assert desk.ticket("MD-1")["fields"] == {
        "namespaces": ["emojivoto"],
        "subjects": [{"kind": "Group", "name": "oncall"}, {"kind": "User", "name": "ada@example.com"}],
        "restart": True,
    }
    assert desk.ticket("MD-1")["usage"] == []


@pytest.mark.usefixtures("desk")
def test_a_preview_without_a_bundle_says_what_to_do(run: Run) -> None:
    result = run("preview", *ASK, *WHOM)
    assert "The registry names no Viz bundle for practice." in result.output
    assert "+  name: meshdesk-md-0-tap" in result.output


def test_a_preview_shows_the_objects_and_that_the_dashboard_is_open_to_all(run: Run, served_desk: Served) -> None:
    bundle = practice()
    with served_desk.desk.database.unit_of_work() as session:
        session.add(
            VizBundle(
                cluster="practice",
                source={"bundle": "viz.yaml"},
                objects=list(bundle.objects),
                namespace=bundle.namespace,
                digest=bundle.digest,
                open_dashboard=True,
                checked_at=datetime.now(UTC),
            )
        )
    result = run("preview", *ASK, *WHOM)
    assert "+APIService v1alpha1.tap.linkerd.io" in result.output
    assert "dashboard.restrictPrivileges=true" in result.output


@pytest.mark.usefixtures("desk")
def test_it_must_name_somebody_and_a_namespace(run: Run) -> None:
    assert "Name 1 to 50 users or groups." in run("request", *ASK, "-n", "emojivoto").output
    assert run("request", *ASK, "--user", "ada@example.com").exit_code == 2
