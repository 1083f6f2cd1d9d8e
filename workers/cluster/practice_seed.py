"""Makes the practice clusters of the access file; `meshdesk up` runs `python -m workers.cluster.practice_seed`."""

from __future__ import annotations

import sys

from portal.config import Config
from portal.errors import ConfigurationError
from workers.cluster.access import read_access
from workers.cluster.practice_world import seed


def main() -> int:
    """Seed every practice cluster that is not there yet; 1 with the reason when one cannot be."""
    try:
        config = Config.from_env()
        if config.clusters_file is None:
            raise ConfigurationError(
                "MESHDESK_CLUSTERS is not set: name the file that says how each cluster is reached."
            )
        for name, access in read_access(config.clusters_file).items():
            if access.practice is not None:
                seed(access.practice, name)
    except ConfigurationError as error:
        sys.stderr.write(f"{error.sentence}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
