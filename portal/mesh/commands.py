"""What people type or open to use what a ticket granted: kinds make them, tickets show them."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Command:
    """One command line or address, ready to be copied, with what it is for."""

    title: str
    text: str

    def to_json(self) -> dict[str, str]:
        """A JSON-safe dict."""
        return asdict(self)
