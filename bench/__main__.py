"""`python -m bench`: measures everything and prints one table."""

from __future__ import annotations

import os
import platform
import tempfile
import time
from pathlib import Path

from bench.figures import Figure, table
from bench.guard import guard
from bench.lists import lists
from bench.pages import pages
from bench.posture import posture
from bench.preflights import preflights
from bench.topline import topline
from bench.windows import windows


def main() -> None:
    """Measure and print; takes some minutes."""
    began = time.monotonic()
    figures: list[Figure] = []
    for part in (windows, preflights, lists, pages, posture, topline, guard):
        with tempfile.TemporaryDirectory(prefix="meshdesk-bench-") as folder:
            figures += part(Path(folder))
    print(
        f"Python {platform.python_version()}, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}; "
        f"took {time.monotonic() - began:.0f} s\n"
    )
    print(table(figures))


if __name__ == "__main__":
    main()
