"""When a ticket may restart pods: the same hours on chosen days of the week, in UTC. Pure; used to ask and to apply."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True)
class RestartWindow:
    """From `begins` to `ends` on the `days`; one that ends before it begins runs into the day that follows."""

    days: tuple[str, ...]
    begins: time
    ends: time

    def opening(self, after: datetime) -> datetime:
        """The first instant from `after` on that is inside, `after` itself where it is."""
        # A window that began yesterday may be open still, and one on a single day a week is a week away at most.
        spans = (self._span(after, offset) for offset in range(-1, 9))
        return min(max(start, after) for start, end in spans if end > after and DAYS[start.weekday()] in self.days)

    def contains(self, at: datetime) -> bool:
        """True when `at` is inside."""
        return self.opening(at) == at

    def _span(self, around: datetime, offset: int) -> tuple[datetime, datetime]:
        day = around.astimezone(UTC).date() + timedelta(days=offset)
        last = day if self.ends > self.begins else day + timedelta(days=1)
        return datetime.combine(day, self.begins, UTC), datetime.combine(last, self.ends, UTC)

    def to_json(self) -> dict[str, Any]:
        """As the API and the ticket's row have it."""
        return {"days": list(self.days), "from": f"{self.begins:%H:%M}", "until": f"{self.ends:%H:%M}"}

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> RestartWindow:
        """The window of a row."""
        return cls(tuple(found["days"]), time.fromisoformat(found["from"]), time.fromisoformat(found["until"]))

    def __str__(self) -> str:
        """`22:00 to 04:00 UTC on mon, tue`."""
        days = "every day" if len(self.days) == len(DAYS) else f"on {', '.join(self.days)}"
        return f"{self.begins:%H:%M} to {self.ends:%H:%M} UTC {days}"
