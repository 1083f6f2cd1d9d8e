"""`meshdesk policy` and `meshdesk registry`: files are checked, explained, shown and applied."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import pytest

from portal import audit, queries
from portal.db import Database
from tests.cli.conftest import Run

POLICY = (resources.files("portal.policy") / "default.yaml").read_text("utf-8")
REGISTRY = (resources.files("portal.practice") / "registry.yaml").read_text("utf-8")
PRODUCTION = ("--kind", "encryption-exception", "--environment", "production", "--tenant", "emojis")


@pytest.fixture
def policy_file(tmp_path: Path) -> Path:
    """The default policy as a file."""
    path = tmp_path / "policy.yaml"
    path.write_text(POLICY)
    return path


@pytest.fixture
def registry_file(tmp_path: Path) -> Path:
    """The practice registry as a file."""
    path = tmp_path / "registry.yaml"
    (tmp_path / "viz.yaml").write_text((resources.files("portal.practice") / "viz.yaml").read_text("utf-8"))
    path.write_text(REGISTRY)
    return path


def test_check_needs_no_database(run: Run, policy_file: Path) -> None:
    result = run("policy", "check", str(policy_file))
    assert result.exit_code == 0
    assert result.output.startswith("A policy of ")
    assert "Warning" not in result.output


def test_check_names_the_line_and_the_fix(run: Run, policy_file: Path) -> None:
    policy_file.write_text(POLICY.replace("environment: production", "environment: productoin", 1))
    line = (
        policy_file.read_text()
        .splitlines()
        .index(next(one for one in policy_file.read_text().splitlines() if "productoin" in one))
    )
    result = run("policy", "check", str(policy_file))
    assert result.exit_code == 1
    assert result.stderr.startswith(f"policy.yaml:{line + 1}: ")
    assert "did you mean 'production'?" in result.stderr


@pytest.mark.usefixtures("database")
def test_explain_says_which_rule_and_who_approves(run: Run) -> None:
    result = run("policy", "explain", *PRODUCTION, "--mode", "skip-ports", "--application-encryption", "none")
    assert result.exit_code == 0
    assert "this rule matches" in result.output
    assert "approvals: 1 tenant-owner and 1 security-partner" in result.output
    assert "duration: at most 30 days" in result.output
    assert run("policy", "explain", *PRODUCTION, "--mode", "skip-ports", "--environment", "moon").exit_code == 2


def test_explain_counts_in_what_the_kind_allows_at_most(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "wide.yaml"
    path.write_text("version: 1\nrules: [{name: all, automatic: true, longest: P90D, may_stand_without_end: true}]\n")
    where = ("--environment", "production", "--tenant", "emojis", "--file", str(path))
    assert "duration: at most 1 day\n" in run("policy", "explain", "--kind", "debug-sidecar", *where).output
    assert "at most 90 days, or no end" in run("policy", "explain", "--kind", "generic", *where).output


@pytest.mark.usefixtures("database")
def test_explain_of_a_file_that_leaves_something_out(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "small.yaml"
    path.write_text("version: 1\nrules:\n- name: jobs\n  when: {kind: generic}\n  automatic: true\n  longest: PT1H\n")
    assert "Warning: No rule matches encryption-exception" in run("policy", "check", str(path)).output
    result = run("policy", "explain", *PRODUCTION, "--file", str(path))
    assert result.exit_code == 1
    assert "jobs: no, kind is encryption-exception" in result.stdout
    assert "it would be refused" in result.stderr


def test_apply_policy_once(run: Run, database: Database, policy_file: Path) -> None:
    policy_file.write_text(POLICY + "# ours\n")
    assert run("policy", "apply", str(policy_file), "--by", "operator").output.endswith("It is in force now.\n")
    assert run("policy", "apply", str(policy_file)).output.endswith("It was in force already.\n")
    assert run("policy", "show").output == POLICY + "# ours\n"
    assert run("policy", "show", "--default").output == POLICY
    with database.reading() as session:
        told = [(event.type, event.actor) for event in queries.events(session, audit.SYSTEM_CHAIN)]
    assert told == [("policy:applied", "operator")]


@pytest.mark.usefixtures("database")
def test_registry_shows_its_difference_and_is_applied_once(run: Run, registry_file: Path) -> None:
    tried = run("registry", "apply", str(registry_file), "--dry-run")
    assert "+ cluster practice (production)" in tried.output
    assert tried.output.endswith(" changes would be made.\n")
    assert "No registry was applied yet" in run("registry", "show").stderr
    done = run("registry", "apply", str(registry_file), "--by", "operator")
    assert done.output == tried.output.replace("would be made", "made")
    assert run("registry", "apply", str(registry_file)).output.endswith("Nothing to change.\n")
    assert run("registry", "show").stdout == REGISTRY
    assert run("registry", "show").stderr.startswith("Applied by operator at ")


@pytest.mark.usefixtures("database")
def test_a_registry_with_a_typo_changes_nothing(run: Run, registry_file: Path) -> None:
    registry_file.write_text(REGISTRY.replace("members: [member]", "members: [membr]"))
    result = run("registry", "apply", str(registry_file))
    assert result.exit_code == 1
    assert result.stderr.startswith("registry.yaml:")
    assert "did you mean 'member'?" in result.stderr
    assert run("registry", "show").exit_code == 1


def test_files_that_cannot_be_read(run: Run, tmp_path: Path) -> None:
    missing = tmp_path / "none.yaml"
    assert run("policy", "check", str(missing)).stderr == f"{missing} cannot be read: No such file or directory.\n"
    missing.write_bytes(b"\xff\xfe")
    assert run("registry", "apply", str(missing)).stderr == f"{missing} is not UTF-8 text.\n"


def test_registry_check_says_what_of_viz_it_found_or_all_that_is_wrong(run: Run, registry_file: Path) -> None:
    said = run("registry", "check", str(registry_file))
    assert said.exit_code == 0
    assert "Viz of cluster practice: 47 objects in namespace linkerd-viz.\n" in said.stdout
    assert said.stdout.endswith("A registry of 2 clusters, 3 tenants, 11 people.\n")
    registry_file.with_name("viz.yaml").unlink()
    wrong = run("registry", "check", str(registry_file))
    assert wrong.exit_code == 1
    assert "Viz of cluster practice-sandbox: viz.yaml cannot be read: No such file or directory." in wrong.stderr
