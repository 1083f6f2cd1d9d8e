"""Public renderings of Linkerd Viz that may stand beside the project: a pytest plugin that leaves their tests out where
they do not, and says so. What they hold is tested on the product's own bundle everywhere.
"""

from __future__ import annotations

from pathlib import Path

import pytest

FIXTURES = Path(__file__).parents[2] / "shared" / "fixtures" / "linkerd-2.20"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests with the mark `rendering` where there is none."""
    left_out = [] if FIXTURES.is_dir() else [item for item in items if item.get_closest_marker("rendering")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say that the product's own bundle alone was used."""
    if not FIXTURES.is_dir():
        terminalreporter.write_line("No public renderings of Viz beside the project: its own bundle alone was used.")
