"""`python -m workers.first_look`: `meshdesk up` runs it before the web server, so that people find clusters to ask for.

It makes the practice clusters that are not there yet, and takes the inventory of every cluster once.
"""

from __future__ import annotations

import sys

from portal.errors import ConfigurationError
from workers import inventory
from workers.cluster.access import configured
from workers.cluster.practice_world import seed
from workers.context import Context, process_context


def look(context: Context) -> None:
    """Seed and read every cluster of the access file; one that does not answer is written down as that."""
    for name, access in configured(context.config).items():
        if access.practice is not None:
            seed(access.practice, name)
        inventory.refresh(context, name)


def main() -> int:
    """Look once; 1 with the reason where that cannot be done."""
    try:
        look(process_context())
    except ConfigurationError as error:
        sys.stderr.write(f"{error.sentence}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
