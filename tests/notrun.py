"""Ends every run with one plain line: what was not run, and the command that would let it. A pytest plugin.

With MESHDESK_REQUIRE_ALL=1 (.ci/run sets it) a run that left something out fails.
"""

from __future__ import annotations

import os
from collections import Counter

import pytest

# A marker, what its tests are called, and what lets them run.
PARTS = {
    "control_plane": ("control-plane", "`make control-plane` lets them run"),
    "chromium": (
        "browser",
        "`apt-get install chromium`, or MESHDESK_TEST_CHROMIUM with a program's path, lets them run",
    ),
    "databases": (
        "MariaDB, OpenLDAP and Debian's PostgreSQL",
        "`apt-get install mariadb-server-core slapd postgresql` lets them run",
    ),
    "prometheus": (
        "Prometheus",
        "`apt-get install prometheus`, or MESHDESK_TEST_PROMETHEUS with a program's path, lets them run",
    ),
    "postgres": ("PostgreSQL", "MESHDESK_TEST_POSTGRES=URL of a server lets them run"),
}


class NotRun:
    """Counts skipped tests by the part that is missing."""

    def __init__(self) -> None:
        self.skipped: Counter[tuple[str, str]] = Counter()

    @pytest.hookimpl
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.skipped and not hasattr(report, "wasxfail"):
            self.skipped[_what(report)] += 1

    @pytest.hookimpl
    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.skipped:
            self.skipped[report.nodeid, _reason(report)] += 1

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.skipped and os.environ.get("MESHDESK_REQUIRE_ALL") and not session.exitstatus:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self, config: pytest.Config) -> None:
        reporter = config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None and not config.option.collectonly:
            reporter.write_line(self.line(config))

    def line(self, config: pytest.Config) -> str:
        """The closing line."""
        if not self.skipped:
            chosen = config.option.keyword or config.option.markexpr or config.args_source.name == "ARGS"
            return "Everything that was chosen was run." if chosen else "Everything was run."
        missing = "; ".join(sorted(_counted(number, *what) for what, number in self.skipped.items()))
        return f"Not run: {missing}."


def pytest_configure(config: pytest.Config) -> None:
    """Count in the process that reports; xdist's workers report to it."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(NotRun(), "meshdesk-not-run")


def _counted(number: int, name: str, reason: str) -> str:
    tests = " ".join(word for word in (name, "test" if number == 1 else "tests") if word)
    return f"{number} {tests}, {reason}"


def _what(report: pytest.TestReport) -> tuple[str, str]:
    """What a skipped test is called, and what would let it run or why it was left out."""
    reason = _reason(report)
    for marker, (name, command) in PARTS.items():
        if marker in report.keywords and name.lower().replace("-", " ") in reason.lower().replace("-", " "):
            return name, command
    return "", reason


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    if isinstance(report.longrepr, tuple):
        return report.longrepr[2].removeprefix("Skipped: ")
    return "a reason that pytest did not say"
