"""The picture of a trend: how many workloads stood how, stacked, and the holes without a ticket as a line. Pure.

Geometry alone: colours are the stylesheet's, and what it says is in a table beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from portal.queries.posture_trend import Point, Span

WIDTH, HEIGHT = 1000.0, 200.0
STACKED = ("unmeshed", "partly", "encrypted")
"""From the ground up."""


@dataclass(frozen=True)
class Picture:
    """Corners of each area by what it counts, corners of the line, and the number at the top of the scale."""

    areas: tuple[tuple[str, str], ...]
    lines: tuple[str, ...]
    top: int

    @property
    def empty(self) -> bool:
        """True where there is nothing to see."""
        return not self.areas and not self.lines


def picture(points: Sequence[Point], span: Span, now: datetime) -> Picture:
    """The picture of these points, oldest first; where some are missing it has a gap."""
    top = max([1, *(max(one.total, one.unexplained) for one in points)])
    draw = _Drawing(span, now, top)
    areas, lines = [], []
    for run in _runs(points, span):
        ground = [0] * len(run)
        for name in STACKED:
            above = [low + getattr(one, name) for low, one in zip(ground, run, strict=True)]
            if above != ground:
                areas.append((name, draw.area(run, ground, above)))
            ground = above
        lines.append(" ".join(draw.edge(run, [one.unexplained for one in run])))
    return Picture(tuple(areas), tuple(lines), top)


def _runs(points: Sequence[Point], span: Span) -> Iterator[list[Point]]:
    run: list[Point] = []
    for one in points:
        if run and one.at - run[-1].at > span.step * 1.5:
            yield run
            run = []
        run.append(one)
    if run:
        yield run


@dataclass(frozen=True)
class _Drawing:
    span: Span
    now: datetime
    top: int

    def edge(self, run: Sequence[Point], heights: Sequence[int]) -> list[str]:
        """Corners of steps: each point stands for the span that it ends."""
        corners = []
        for one, height in zip(run, heights, strict=True):
            y = HEIGHT * (1 - height / self.top)
            corners += [f"{self._x(one.at - self.span.step):.1f},{y:.1f}", f"{self._x(one.at):.1f},{y:.1f}"]
        return corners

    def area(self, run: Sequence[Point], low: Sequence[int], high: Sequence[int]) -> str:
        """Corners of what lies between two edges."""
        return " ".join([*self.edge(run, high), *reversed(self.edge(run, low))])

    def _x(self, at: datetime) -> float:
        return min(max(WIDTH * (1 - (self.now - at) / self.span.back), 0.0), WIDTH)
