"""The small picture of a workload's last hour: a bar a minute, and in words for who does not see it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from portal.queries.topline import MINUTES, Point

HEIGHT = 20
# A bar that is there must be seen, however small beside the highest.
_LEAST = 1.5
_WHOLE_FROM = 100


@dataclass(frozen=True)
class Spark:
    """Paths in a box of 60 by 20: all requests, those that failed; `failing` and `known` are minutes."""

    requests: str
    failures: str
    most: float
    failing: int
    known: int


def spark(hour: Sequence[Point]) -> Spark:
    """The picture of an hour; minutes of which nothing is known stay empty."""
    most = max((one.requests for one in hour), default=0.0)
    came = [one for one in hour if one.requests > 0]
    failed = [(one, one.requests * (1 - one.success)) for one in came if one.success is not None and one.success < 1]
    return Spark(
        "".join(_bar(one.ago, one.requests / most) for one in came),
        "".join(_bar(one.ago, failures / most) for one, failures in failed),
        most,
        len(failed),
        len(hour),
    )


def _bar(ago: int, share: float) -> str:
    top = HEIGHT - max(_LEAST, share * HEIGHT)
    return f"M{MINUTES - ago - 0.5:g} {HEIGHT}V{top:.3g}"


def percent(share: float | None) -> str:
    """A share as people read it; what is not quite all is never 100%, what is not quite nothing never 0%."""
    if share is None:
        return "–"
    if share in (0.0, 1.0):
        return f"{share:.0%}"
    return f"{min(max(share * 100, 0.01), 99.99):.2f}".rstrip("0").rstrip(".") + "%"


def amount(value: float | None) -> str:
    """A number of requests or milliseconds to three digits or so."""
    if value is None:
        return "–"
    if value == 0 or value >= _WHOLE_FROM:
        return f"{value:,.0f}"
    return f"{value:.2f}" if value < 1 else f"{value:.1f}"
