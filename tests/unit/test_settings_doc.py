"""docs/settings.md says what Config reads, and nothing else reads the environment."""

from __future__ import annotations

import re
from pathlib import Path

from portal.cli.settings import settings_table

ROOT = Path(__file__).parents[2]
# The command line's own: where the server is, as whom, and the folder of a practice run.
CLIENT = {"MESHDESK_URL", "MESHDESK_TOKEN", "VAR", "NO_COLOR"}


def test_the_page_holds_the_table() -> None:
    page = (ROOT / "docs" / "settings.md").read_text()
    assert settings_table() in page, "write what `meshdesk settings` prints into docs/settings.md"
    assert page.count("\n| `") == settings_table().count("\n| `") + len(CLIENT) - 1


def test_only_config_and_the_client_read_the_environment() -> None:
    reading = re.compile(r"environ(\.get|\[|b)|getenv")
    found = {
        str(path.relative_to(ROOT))
        for folder in ("portal", "workers")
        for path in (ROOT / folder).rglob("*.py")
        if reading.search(path.read_text())
    }
    assert found <= {"portal/config.py", "portal/cli/place.py", "portal/cli/output.py"}
