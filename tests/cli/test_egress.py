"""`request control-plane-egress`: the options arrive as the kind's fields."""

from __future__ import annotations

import pytest

from tests.api.desk import Desk
from tests.cli.conftest import Run

ASK = ("control-plane-egress", "--cluster", "practice", "--reason", "egress is closed", "--as", "member")


def test_a_request_by_options(run: Run, desk: Desk) -> None:
    chosen = ("--pods", "all", "--no-dns", "--node-local-dns", "--no-peers", "--if-alone", "allow-everything-else")
    result = run("request", *ASK, "-n", "emojivoto", *chosen)
    assert result.exit_code == 0, result.output
    assert desk.ticket("MD-1")["fields"] == {
        "namespaces": ["emojivoto"],
        "pods": "all",
        "dns": False,
        "node_local_dns": True,
        "peers": False,
        "if_alone": "allow-everything-else",
    }
    assert desk.ticket("MD-1")["duration"] is None


@pytest.mark.usefixtures("desk")
def test_a_preview_shows_the_policy_and_what_was_found(run: Run) -> None:
    result = run("preview", *ASK, "--namespace", "emojivoto")
    assert result.exit_code == 0, result.output
    assert "egress/emojivoto" in result.output
    assert "+  name: allow-linkerd-control-plane-egress-md-0" in result.output
    assert "has no egress policy of its own" in result.output


@pytest.mark.usefixtures("desk")
def test_it_must_name_a_namespace(run: Run) -> None:
    assert run("request", *ASK).exit_code == 2
