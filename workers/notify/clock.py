"""The time of this machine, for what others compare with their own clocks: mail's Date, a webhook's timestamp."""

from __future__ import annotations

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Now, in aware UTC."""
    return datetime.now(UTC)
