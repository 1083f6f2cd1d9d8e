"""Bundles that a Secret of the cluster holds: read by its workers, and of it nothing kept that is secret."""

from __future__ import annotations

from typing import Any

from portal.models import VizBundle
from portal.registry.bundles import NOT_READ
from portal.states import State
from tests.unit.viz.bundles import PRACTICE, practice
from tests.workers.desk import Desk
from tests.workers.viz import active, close, equip
from workers.sweep import sweep

SOURCE = {"secret": {"namespace": "linkerd", "name": "viz-bundle"}, "listed": [], "control_plane": "linkerd"}


def unread(desk: Desk) -> None:
    """The registry names a Secret that nobody has read yet."""
    equip(desk, source=SOURCE, objects=[], namespace="", digest="", problem=NOT_READ, checked_at=None)


def put(desk: Desk, text: str) -> None:
    """The platform team writes the Secret."""
    metadata = {"name": "viz-bundle", "namespace": "linkerd"}
    secret: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": metadata,
        "stringData": {"a.yaml": text},
    }
    desk.practice.create(secret)


def row(desk: Desk) -> VizBundle:
    with desk.database.reading() as session:
        return session.get_one(VizBundle, "practice")


def test_a_secret_is_read_once_it_is_named_and_installed(desk: Desk) -> None:
    unread(desk)
    put(desk, PRACTICE)
    sweep(desk.context)
    assert desk.deliver("meshdesk.bundle") == 1
    assert (row(desk).digest, row(desk).problem) == (practice().digest, None)
    sweep(desk.context)
    assert desk.deliver("meshdesk.bundle") == 0
    assert close(desk, active(desk)) is State.CLOSED


def test_one_that_is_not_there_or_not_allowed_is_told(desk: Desk) -> None:
    unread(desk)
    sweep(desk.context)
    desk.deliver("meshdesk.bundle")
    assert row(desk).problem == "There is no Secret viz-bundle in linkerd on cluster practice."
    put(desk, "kind: nothing")
    with desk.database.unit_of_work() as session:
        session.get_one(VizBundle, "practice").checked_at = None
    sweep(desk.context)
    desk.deliver("meshdesk.bundle")
    assert "a.yaml" in (row(desk).problem or "")
