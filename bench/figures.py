"""Figures of the benchmark: one line for each thing that was measured, and the table that `python -m bench` prints."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Figure:
    """One measurement: `seconds` of each try, and beside what it is set (another line of the same run, or a limit)."""

    what: str
    seconds: Sequence[float]
    beside: str = ""
    ratio: float | None = None

    @property
    def p50(self) -> float:
        """The median in seconds."""
        return median(self.seconds)

    @property
    def most(self) -> float:
        """The slowest in seconds."""
        return max(self.seconds)

    def against(self, other: Figure, words: str) -> Figure:
        """This line with the ratio of its median to the other's."""
        return Figure(self.what, self.seconds, words, self.p50 / other.p50)

    def within(self, limit: float) -> Figure:
        """This line with the share of a promised time that its slowest try took."""
        return Figure(self.what, self.seconds, f"slowest of the promised {limit:g} s", self.most / limit)


def timed(deed: Callable[[], object]) -> float:
    """Seconds that it took."""
    began = time.perf_counter()
    deed()
    return time.perf_counter() - began


def worked(deed: Callable[[], object]) -> float:
    """Seconds of processor time that it took in this process: what else the machine does hardly changes them."""
    began = time.process_time()
    deed()
    return time.process_time() - began


def table(figures: Sequence[Figure]) -> str:
    """The figures as lines of text, in milliseconds."""
    head = ("measured", "n", "p50 ms", "max ms", "ratio", "to")
    rows = [head, *(_row(figure) for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    return "\n".join(_line(row, widths) for row in rows)


def _row(figure: Figure) -> tuple[str, ...]:
    ratio = "" if figure.ratio is None else f"{figure.ratio:.2f}"
    times = (f"{figure.p50 * 1000:.1f}", f"{figure.most * 1000:.1f}")
    return figure.what, str(len(figure.seconds)), *times, ratio, figure.beside


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    first, *middle, last = zip(row, widths, strict=True)
    return "  ".join([first[0].ljust(first[1]), *(text.rjust(width) for text, width in middle), last[0]]).rstrip()
