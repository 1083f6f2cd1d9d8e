"""Visits in a real browser: signed in as somebody, in some look, with everything that a page may do wrong noted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

Theme = Literal["light", "dark"]
HEIGHT = 900
# WCAG 2.2 AA and the levels below it.
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
SHIFT = """
() => new Promise((settle) => {
  let sum = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) sum += entry.value;
  }).observe({ type: "layout-shift", buffered: true });
  setTimeout(() => settle(sum), 150);
})
"""
# Before any compression, with what the browser had kept from the page before.
WEIGHT = """
() => [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
  .filter((one) => one.initiatorType !== "fetch" && !one.name.endsWith(".svg"))
  .reduce((sum, one) => sum + one.decodedBodySize, 0)
"""
HEAVIEST = 150_000
SIDEWAYS = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


@dataclass(frozen=True)
class Look:
    """How somebody looks at a page; `width` is in CSS pixels."""

    theme: Theme = "light"
    width: int = 1280
    scripts: bool = True

    def __str__(self) -> str:
        return f"{self.theme}-{self.width}{'' if self.scripts else '-no-scripts'}"


PLAIN = Look()
LOOKS = (Look("light", 360), Look("dark", 768), Look("light", 1280), Look("dark", 1920))
"""What each page is looked at with."""


@dataclass
class Visit:
    """One tab of somebody's browser; `trouble` is what its console and its policy complained of."""

    page: Page
    home: str
    trouble: list[str] = field(default_factory=list)

    def go(self, path: str) -> Page:
        """Go to a page of the site."""
        self.page.goto(f"{self.home}{path}")
        return self.page

    def check(self) -> None:
        """Assert what holds of every page: no complaint, nothing that axe finds, sideways, jumping or heavy."""
        # After a form was sent its words are there before its styles are.
        self.page.wait_for_load_state("load")
        assert self.trouble == []
        assert self.page.evaluate(SIDEWAYS) <= 0, f"{self.page.url} scrolls sideways"
        assert self.page.evaluate(SHIFT) < 0.1, f"{self.page.url} shifts while it loads"
        assert self.page.evaluate(WEIGHT) < HEAVIEST, f"{self.page.url} is too heavy"
        found = Axe().run(self.page, options=RULES).response["violations"]
        assert [_said(one) for one in found] == [], self.page.url


def _said(violation: dict[str, Any]) -> str:
    return f"{violation['id']}: {violation['help']}: {[node['html'][:200] for node in violation['nodes']]}"


@contextmanager
def visiting(chromium: Browser, home: str, name: str | None, look: Look = PLAIN) -> Iterator[Visit]:
    """A browser of its own, signed in locally as somebody of the world (None: as nobody)."""
    context = chromium.new_context(
        viewport={"width": look.width, "height": HEIGHT},
        color_scheme=look.theme,
        java_script_enabled=look.scripts,
        timezone_id="Europe/Berlin",
        locale="en-GB",
    )
    context.set_default_timeout(15_000)
    try:
        yield _opened(context, home, name)
    finally:
        context.close()


def _opened(context: BrowserContext, home: str, name: str | None) -> Visit:
    visit = Visit(context.new_page(), home)
    visit.page.on("console", lambda message: _note(visit, message))
    visit.page.on("pageerror", lambda error: visit.trouble.append(str(error)))
    if name is not None:
        visit.go("/sign-in").click(f'button[name="name"][value="{name}"]')
    return visit


def _note(visit: Visit, message: ConsoleMessage) -> None:
    # A browser says of each page that answers 4xx that it could not be loaded: that is what those tests are about.
    if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
        visit.trouble.append(message.text)
