"""The `meshdesk` command, also `kubectl meshdesk` and `python -m portal.cli`. Importing it costs next to nothing."""

from __future__ import annotations

import sys
from pathlib import Path

PLUGIN = "kubectl-meshdesk"


def main() -> None:
    """Run the command of this process and exit: 0 done, 1 refused, 2 called wrongly; `wait` has 3 and 4 too."""
    from portal.cli.root import meshdesk  # noqa: PLC0415 - `import portal.cli` alone should not need click

    called = Path(sys.argv[0]).name
    meshdesk(prog_name="kubectl meshdesk" if called.startswith(PLUGIN) else "meshdesk")
