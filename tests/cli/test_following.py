"""`meshdesk registry apply` with open tickets, and `meshdesk cluster gone`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests import world
from tests.api.desk import Desk
from tests.cli.conftest import Run

Write = Callable[..., str]
WHY = ("--reason", "its provider deleted it")


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write the world's registry, without the namespaces of a cluster and without some people; gives the file."""

    def written(*, cluster: str | None = None, people: tuple[str, ...] = ()) -> str:
        def named(tenant: str | None, role: str) -> list[str]:
            return [name for name, seat in world.ROLES.items() if seat == (tenant, role) and name not in people]

        tenants = [
            {
                "name": tenant,
                "title": tenant.title(),
                "namespaces": [
                    {"cluster": where, "name": name}
                    for where, name, whose in world.NAMESPACES
                    if whose == tenant and where != cluster
                ],
                "members": named(tenant, "member"),
                "owners": named(tenant, "tenant-owner"),
                "security_partners": named(tenant, "security-partner"),
            }
            for tenant in ("emojis", "books")
        ]
        clusters = [{"name": n, "environment": e} for n, e in world.CLUSTERS.items() if n != cluster]
        wanted = {
            "clusters": clusters,
            "tenants": tenants,
            "people": [{"name": name, "title": f"The {name}"} for name in world.ROLES if name not in people],
            "operators": named(None, "platform-operator"),
            "auditors": named(None, "auditor"),
        }
        path = tmp_path / "registry.yaml"
        path.write_text(yaml.safe_dump(wanted))
        return str(path)

    return written


def test_what_becomes_of_tickets_is_shown_asked_back_and_done(run: Run, desk: Desk, write: Write) -> None:
    active = desk.active()["ref"]
    file = write(cluster="practice")
    line = (
        f"What becomes of open tickets:\n  {active} (active): undone. Cluster practice is no longer in the registry.\n"
    )
    tried = run("registry", "apply", file, "--dry-run")
    assert (tried.exit_code, line in tried.output) == (0, True)
    assert f"Warning: {active}: cluster practice drains." in tried.output
    assert tried.output.endswith(" changes would be made. Tickets: 1 undone.\n")
    for kept in (run("registry", "apply", file, input="n\n"), run("registry", "apply", file)):
        assert (kept.exit_code, "Apply it, with what becomes of these tickets?" in kept.output) == (1, True)
    assert desk.ticket(active)["state"] == "active"
    done = run("registry", "apply", file, "--by", "anna", input="y\n")
    assert (done.exit_code, line in done.output) == (0, True)
    assert done.output.endswith(" changes made. Tickets: 1 undone.\n")
    assert desk.ticket(active)["end_reason"].endswith("The registry was applied by anna.")
    again = run("registry", "apply", file)
    assert again.output.endswith("Nothing to change. Tickets: 1 still being undone.\n")


def test_a_ticket_that_is_handed_over_says_so(run: Run, desk: Desk, write: Write) -> None:
    ref = desk.active()["ref"]
    assert (desk.ticket(ref)["requester"], desk.ticket(ref)["asked_by"]) == ("member", None)
    done = run("registry", "apply", write(people=("member",)), "--yes")
    assert f"{ref} (active): handed over, member -> owner. member left." in done.output
    seen = desk.get(f"tickets/{ref}", "owner").get_json()
    assert (seen["requester"], seen["asked_by"]) == ("owner", "member")
    shown = " ".join(run("show", ref, "--as", "owner").output.split())
    assert "asked by member, " in shown
    assert " handed to owner " in shown


def test_two_operators_give_a_cluster_up(run: Run, desk: Desk, write: Write) -> None:
    ref = desk.active()["ref"]
    in_use = run("cluster", "gone", "practice", *WHY, "--as", "operator")
    assert (in_use.exit_code, "practice is in the registry" in in_use.stderr) == (1, True)
    assert run("registry", "apply", write(cluster="practice"), "--yes").exit_code == 0
    seen = {one["name"]: one["draining"] for one in desk.get("clusters", "operator").get_json()["items"]}
    assert seen == {"playground": False, "practice": True}
    assert "practice" not in str(desk.get("clusters").get_json())
    assert "practice left the registry and drains" in run("clusters", "--as", "operator").output
    first = run("cluster", "gone", "practice", *WHY, "--as", "operator")
    assert (first.exit_code, "it takes another operator to say so too" in first.output) == (0, True)
    second = run("cluster", "gone", "practice", *WHY, "--as", "operator2")
    assert f"practice is gone for good, say operator and operator2. Closed: {ref}." in second.output
    assert f"{ref}  encryption-exception  closed (unproven)" in run("show", ref, "--as", "member").output
    assert "closed (unproven)" in run("list", "--as", "member").output
    assert "nobody could read whether what it opened is" in desk.ticket(ref)["next"]
    assert 'meshdesk_tickets_unproven{cluster="practice"} 1.0' in desk.client.get("/metrics").text
    assert desk.get("clusters", "operator").get_json()["items"][-1]["name"] == "playground"
