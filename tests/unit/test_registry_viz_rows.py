"""Viz bundles as rows: applied with the registry, kept without keys, and taken from Secrets."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from portal import registry
from portal.db import Database
from portal.models import VizBundle
from portal.practice.__main__ import practice_registry
from portal.registry.bundles import bundle_of, secrets_to_read, take_secret, tenants_on
from portal.registry.file import load_registry
from portal.registry.reading import with_bundles
from portal.registry.state import RegistryFile
from tests.unit.registry_text import GOOD
from tests.unit.viz.bundles import PRACTICE, practice, with_viz

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
SECRET = "{secret: {namespace: meshdesk, name: viz-bundle}}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the practice bundle as viz.yaml."""
    (tmp_path / "viz.yaml").write_text(PRACTICE)
    return tmp_path


def read(viz: str, folder: Path) -> RegistryFile:
    return with_bundles(load_registry(with_viz(viz)), folder)


@pytest.fixture
def session(database_url: str) -> Iterator[Session]:
    """A unit of work on an empty database."""
    database = Database(database_url)
    with database.unit_of_work() as opened:
        yield opened
    database.dispose()


def applied(session: Session, wanted: RegistryFile, now: datetime = NOW) -> list[str]:
    return [str(change) for change in registry.apply(session, wanted, by="operator", now=now)]


def row(session: Session) -> VizBundle:
    session.flush()
    return session.get_one(VizBundle, "lab")


def test_it_is_kept_without_keys_and_applied_once(session: Session, folder: Path) -> None:
    wanted = read("{bundle: viz.yaml}", folder)
    assert "+ cluster lab (sandbox)" in applied(session, wanted)
    kept = row(session)
    assert bundle_of(kept) == practice()
    assert (kept.problem, kept.checked_at, kept.open_dashboard) == (None, NOW, False)
    assert applied(session, read("{bundle: viz.yaml}", folder), LATER) == []
    assert row(session).checked_at == NOW
    assert registry.present(session).clusters[0] in wanted.clusters


def test_a_changed_bundle_is_a_change_and_one_that_is_not_named_goes(session: Session, folder: Path) -> None:
    applied(session, read("{bundle: viz.yaml}", folder))
    (folder / "viz.yaml").write_text(PRACTICE.replace("replicas: 1", "replicas: 2"))
    (line,) = applied(session, read("{bundle: viz.yaml}", folder), LATER)
    assert line.startswith(f"~ cluster lab viz bundle {practice().digest[:12]} -> ")
    assert row(session).checked_at == LATER
    (said,) = applied(session, read("{bundle: viz.yaml, shared_dashboard: All may see all.}", folder))
    assert said == '~ cluster lab viz shared dashboard none -> "All may see all."'
    assert len(applied(session, load_registry(GOOD))) == 3
    assert session.get(VizBundle, "lab") is None


def test_a_registry_whose_bundles_nobody_read_says_so(session: Session) -> None:
    wanted = load_registry(with_viz("{bundle: viz.yaml}"))
    applied(session, wanted)
    assert (row(session).problem, row(session).checked_at, bundle_of(row(session))) == (
        "It was not read yet.",
        None,
        None,
    )
    assert applied(session, wanted) == []


def test_a_secret_is_taken_when_a_worker_has_read_it(session: Session, folder: Path) -> None:
    wanted = read(SECRET, folder)
    applied(session, wanted)
    assert (row(session).checked_at, bundle_of(row(session))) == (None, None)
    assert secrets_to_read(session, "lab") == ("meshdesk", "viz-bundle")
    assert secrets_to_read(session, "practice") is None
    assert take_secret(session, "lab", "Secret viz-bundle in meshdesk is not there.", now=NOW)
    assert row(session).problem == "Secret viz-bundle in meshdesk is not there."
    assert take_secret(session, "lab", {"viz.yaml": PRACTICE}, now=LATER)
    assert bundle_of(row(session)) == practice()
    assert applied(session, wanted) == []
    assert not take_secret(session, "lab", {"viz.yaml": PRACTICE}, now=LATER)
    assert not take_secret(session, "lab", "The cluster does not answer.", now=LATER)
    assert bundle_of(row(session)) == practice()


def test_a_secret_that_holds_no_good_bundle_any_more_is_used_no_more(session: Session, folder: Path) -> None:
    applied(session, read(SECRET, folder))
    take_secret(session, "lab", {"viz.yaml": PRACTICE}, now=NOW)
    assert take_secret(session, "lab", {"viz.yaml": "x"}, now=LATER)
    assert (
        row(session).problem
        == "viz.yaml: document 1 is no object: it needs apiVersion, kind and metadata.\n"
        + (row(session).problem or "").partition("\n")[2]
    )
    assert bundle_of(row(session)) is None
    assert not take_secret(session, "practice", {}, now=NOW)


def test_another_secret_is_read_anew(session: Session, folder: Path) -> None:
    applied(session, read(SECRET, folder))
    take_secret(session, "lab", {"viz.yaml": PRACTICE}, now=NOW)
    (line,) = applied(session, read(SECRET.replace("viz-bundle", "other"), folder), LATER)
    assert line.startswith("~ cluster lab viz ")
    assert (row(session).checked_at, row(session).objects) == (None, [])


def test_the_practice_registry_has_a_bundle_for_each_cluster(session: Session) -> None:
    wanted = practice_registry()
    assert all(cluster.viz and cluster.viz.content == practice() for cluster in wanted.clusters)
    applied(session, wanted)
    assert applied(session, practice_registry()) == []
    assert (tenants_on(session, "practice"), tenants_on(session, "practice-sandbox")) == (3, 2)
