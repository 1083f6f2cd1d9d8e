"""What docs/notifications.md tells receivers to run takes what a webhook signs, and refuses everything else."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import pytest

from portal.notify.sorts import Sort
from workers.notify.webhook import Webhook

PAGE = (Path(__file__).parents[2] / "docs" / "notifications.md").read_text()
SECRET, OTHER = "0123456789abcdef-one", "0123456789abcdef-two"
BODY = b'{"ref":"MD-7"}'


@pytest.fixture
def snippet() -> dict[str, Any]:
    """The names that the page's Python defines."""
    (code,) = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)  # noqa: S102 - the page's own
    return names


@pytest.fixture
def headers() -> dict[str, str]:
    """What a webhook with two secrets sends with the body."""
    return Webhook("https://h.example.com", (OTHER, SECRET)).headers(BODY, "5e9d")


def test_it_takes_what_was_signed_by_either_secret(snippet: dict[str, Any], headers: dict[str, str]) -> None:
    assert snippet["is_genuine"](SECRET, headers, BODY)
    assert snippet["is_genuine"](OTHER, headers, BODY)


@pytest.mark.parametrize("name", ["Meshdesk-Timestamp", "Meshdesk-Delivery", "Meshdesk-Signature"])
def test_it_refuses_what_was_changed(snippet: dict[str, Any], headers: dict[str, str], name: str) -> None:
    changed = {**headers, name: str(int(time.time()) + 1) if name == "Meshdesk-Timestamp" else "v1=5e9e"}
    assert not snippet["is_genuine"](SECRET, changed, BODY)
    assert not snippet["is_genuine"](SECRET, headers, BODY + b" ")
    assert not snippet["is_genuine"]("another-secret-altogether", headers, BODY)


def test_it_refuses_a_replay(snippet: dict[str, Any], headers: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert snippet["is_new"](headers)
    assert not snippet["is_new"](headers)
    later = time.time() + snippet["TOLERANCE"] + 2
    monkeypatch.setattr(time, "time", lambda: later)
    assert not snippet["is_genuine"](SECRET, headers, BODY)


def test_every_sort_is_told_of() -> None:
    rows = [line.split("|")[1] for line in PAGE.splitlines() if line.startswith("| `")]
    assert set(Sort) <= {name for row in rows for name in re.findall(r"`([a-z-]+)`", row)}
