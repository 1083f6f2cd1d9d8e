"""Addresses of the console's dashboards, with what they ask for filled in."""

from __future__ import annotations

import pytest

from portal.mesh.dashboards import of_workload
from portal.mesh.workloads import WorkloadRef

HOME = "https://grafana.example.com"


@pytest.mark.parametrize("console", [HOME, f"{HOME}/", f"{HOME}/d/linkerd-health?orgId=1"])
def test_a_deployment_is_filled_in_wherever_a_dashboard_asks_for_it(console: str) -> None:
    found = {one.title: one.text for one in of_workload(console, WorkloadRef("deployment", "emojivoto", "web"))}
    assert found == {
        "Top Line": f"{HOME}/d/linkerd-top-line?var-namespace=emojivoto&var-deployment=web",
        "Deployment": f"{HOME}/d/linkerd-deployment?var-deployment=web&var-namespace=emojivoto",
        "Route": f"{HOME}/d/route?var-namespace=emojivoto",
    }


@pytest.mark.parametrize(
    ("kind", "titles"),
    [
        ("statefulset", ["Top Line", "StatefulSet", "Route"]),
        ("cronjob", ["Top Line", "CronJob", "Route"]),
        ("rollout", ["Top Line", "Route"]),
    ],
)
def test_other_kinds_have_their_own_where_linkerd_has_one(kind: str, titles: list[str]) -> None:
    found = of_workload(HOME, WorkloadRef(kind, "emojivoto", "web"))
    assert [one.title for one in found] == titles
    assert "var-deployment" not in found[0].text
