"""What the probe's tests dial."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.probe.certificates import write_certificate


@pytest.fixture(scope="session")
def open_folder() -> Iterator[Path]:
    """A folder that servers which give root's rights up can read."""
    folder = Path(tempfile.mkdtemp(prefix="meshdesk-probe-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def certificate(open_folder: Path) -> Path:
    """A key and its certificate in one file that every program may read."""
    path = write_certificate(open_folder)
    path.chmod(0o644)
    return path
