"""The real browser of a run: Debian's Chromium, driven by Playwright. A pytest plugin, loaded by tests/conftest.py.

MESHDESK_TEST_CHROMIUM names the program where it is not found by itself.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

GIVEN = "MESHDESK_TEST_CHROMIUM"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
WITHOUT = f"no Chromium browser: `apt-get install chromium`, or {GIVEN} with the program's path, lets them run"
# Its own background talk would be refused on machines without a way out; root has no sandbox.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def program() -> str | None:
    """The path of the browser; None where there is none."""
    return os.environ.get(GIVEN) or next((found for name in NAMES if (found := shutil.which(name))), None)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser for the process; tests open contexts of their own in it."""
    path = program()
    if path is None:
        pytest.skip(WITHOUT)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield opened
        opened.close()
