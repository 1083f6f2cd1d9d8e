"""Files that people name on the command line."""

from __future__ import annotations

import sys
from pathlib import Path

from portal.errors import ConfigurationError


def read_text(name: str) -> str:
    """The text of a file, `-` for the standard input; raises ConfigurationError with what is wrong with it."""
    where = "The standard input" if name == "-" else name
    try:
        return sys.stdin.read() if name == "-" else Path(name).read_text("utf-8")
    except OSError as error:
        raise ConfigurationError(f"{where} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{where} is not UTF-8 text.") from error
