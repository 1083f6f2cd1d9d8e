"""`meshdesk up`, which `make run` is: it sets everything up, stays whole, ends clean and goes on where it stopped."""

from __future__ import annotations

import json
import os
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from tests.story.up import ROOT, Run, running

pytestmark = pytest.mark.story
NAMES = {"member", "owner", "partner", "partner2", "operator", "outsider", "outsider_partner"}


def test_it_is_whole_when_it_says_ready_and_goes_on_where_it_stopped(tmp_path: Path) -> None:
    folder = tmp_path / "var"
    with running(folder) as run:
        assert folder.stat().st_mode & 0o777 == 0o700
        assert (folder / "tokens.json").stat().st_mode & 0o777 == 0o600
        assert run.tokens.keys() >= NAMES
        assert requests.get(f"{run.url}/readyz", timeout=5).status_code == 200
        made = run.call("POST", "/tickets", json=json.loads((ROOT / "examples" / "ask.json").read_text()))
        assert made["ref"] == "MD-1"
        seen = run.tokens
        assert "partner: your settings" in signed_in(run, "partner")
    with running(folder) as again:
        assert again.tokens == seen
        assert again.call("GET", "/tickets/MD-1")["ref"] == "MD-1"


def signed_in(run: Run, name: str) -> str:
    """The first page of somebody who pressed a button of the sign-in page."""
    with requests.Session() as browser:
        token = re.search(r'name="form_token" value="(\w+)"', browser.get(f"{run.url}/sign-in", timeout=5).text)
        assert token is not None
        return browser.post(f"{run.url}/sign-in/local", {"form_token": token[1], "name": name}, timeout=5).text


@pytest.mark.parametrize("which", ["valkey-server", "worker --work apply", "worker --work undo", "-m portal.cli serve"])
def test_a_process_that_is_killed_comes_back_and_the_work_goes_on(tmp_path: Path, which: str) -> None:
    with running(tmp_path / "var") as run:
        [pid] = [pid for pid, what in run.processes().items() if which in what]
        os.kill(pid, signal.SIGKILL)
        _eventually(lambda: any(which in what for other, what in run.processes().items() if other != pid))
        _eventually(lambda: _status(f"{run.url}/readyz") == 200)
        made = run.call("POST", "/tickets", json=json.loads((ROOT / "examples" / "ask.json").read_text()))
        path = f"/tickets/{made['ref']}/evidence"
        _eventually(lambda: bool(run.call("GET", path)), seconds=30)


def _status(url: str) -> int:
    try:
        return requests.get(url, timeout=5).status_code
    except requests.ConnectionError:
        return 0


def _eventually(question: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not question():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)
