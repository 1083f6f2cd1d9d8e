"""What the Viz namespace says of its window."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from portal.mesh.stamp import stamped
from portal.mesh.viz.stamp import Window, window_of, window_patch, with_window
from tests.unit.viz.bundles import named, practice

ENDS = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)


def test_the_namespace_names_its_tickets_its_end_and_its_nonce() -> None:
    namespace = named(list(practice().objects), "Namespace", "linkerd-viz")
    made = with_window(namespace, tickets=["MD-1", "MD-2"], expires_at=ENDS.astimezone(timezone(timedelta(hours=2))))
    assert made["metadata"]["annotations"]["meshdesk.io/expires-at"] == "2026-03-01T12:30:00Z"
    assert window_of(stamped(made, nonce="abc", ticket=None)) == Window(("MD-1", "MD-2"), ENDS, "abc")
    assert window_of(namespace) is None


def test_a_window_is_written_only_where_it_differs() -> None:
    live = {"metadata": {"name": "linkerd-viz", "resourceVersion": "4"}}
    patch = window_patch(live, tickets=["MD-1"], expires_at=ENDS)
    assert patch == {
        "metadata": {
            "annotations": {"meshdesk.io/expires-at": "2026-03-01T12:30:00Z", "meshdesk.io/ticket": "MD-1"},
            "resourceVersion": "4",
        }
    }
    assert window_patch(with_window(live, tickets=["MD-1"], expires_at=ENDS), tickets=["MD-1"], expires_at=ENDS) is None


@pytest.mark.parametrize("value", ["soon", "2026-03-01T12:30:00", ""])
def test_an_end_that_cannot_be_read_is_none(value: str) -> None:
    assert window_of({"metadata": {"annotations": {"meshdesk.io/expires-at": value}}}) is None
