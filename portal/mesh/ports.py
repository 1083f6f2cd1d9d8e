"""Sets of TCP ports in Linkerd's list syntax: kinds parse them, the fold and the findings calculate with them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

HIGHEST = 65535
_ENTRY = re.compile(r"([0-9]{1,5})(?:\s*-\s*([0-9]{1,5}))?")


@dataclass(frozen=True, order=True)
class PortRange:
    """The ports `first` to `last`, both included."""

    first: int
    last: int

    def __post_init__(self) -> None:
        if not 0 <= self.first <= self.last <= HIGHEST:
            raise ValueError(f"{self.first}-{self.last} is not a range of ports between 0 and {HIGHEST}.")

    def __str__(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first}-{self.last}"

    def __len__(self) -> int:
        return self.last - self.first + 1


@dataclass(frozen=True, init=False)
class Ports:
    """An immutable set of ports, held as sorted ranges that neither overlap nor touch: equal sets, equal texts."""

    ranges: tuple[PortRange, ...]

    def __init__(self, ranges: Iterable[PortRange] = ()) -> None:
        object.__setattr__(self, "ranges", tuple(_merged(ranges)))

    @classmethod
    def parse(cls, text: str) -> Ports:
        """Read `8080,9000-9010`; spaces around entries are passed over. Raises ValueError naming the bad entry."""
        if not text.strip():
            return cls()
        return cls(_parse_entry(entry.strip()) for entry in text.split(","))

    @classmethod
    def readable(cls, text: str | None) -> Ports:
        """What `parse` reads; no port where there is no text, or one that it cannot read."""
        try:
            return cls.parse(text or "")
        except ValueError:
            return cls()

    @classmethod
    def entries(cls, text: str | None) -> Ports:
        """The ports that Linkerd itself takes from a text: each entry that cannot be read does not count."""
        return cls(found for entry in (text or "").split(",") for found in cls.readable(entry).ranges)

    @classmethod
    def of(cls, *ports: int) -> Ports:
        """The set of exactly these ports."""
        return cls(PortRange(port, port) for port in ports)

    def __or__(self, other: Ports) -> Ports:
        return Ports(self.ranges + other.ranges)

    def __and__(self, other: Ports) -> Ports:
        return self - (self - other)

    def __sub__(self, other: Ports) -> Ports:
        left = list(self.ranges)
        for taken in other.ranges:
            left = [piece for kept in left for piece in _without(kept, taken)]
        return Ports(left)

    def __contains__(self, port: object) -> bool:
        return isinstance(port, int) and any(span.first <= port <= span.last for span in self.ranges)

    def __len__(self) -> int:
        return sum(len(span) for span in self.ranges)

    def __bool__(self) -> bool:
        return bool(self.ranges)

    def __iter__(self) -> Iterator[PortRange]:
        return iter(self.ranges)

    def __str__(self) -> str:
        return ",".join(str(span) for span in self.ranges)


def _merged(ranges: Iterable[PortRange]) -> Iterator[PortRange]:
    open_range: PortRange | None = None
    for span in sorted(ranges):
        if open_range is not None and span.first <= open_range.last + 1:
            open_range = PortRange(open_range.first, max(open_range.last, span.last))
            continue
        if open_range is not None:
            yield open_range
        open_range = span
    if open_range is not None:
        yield open_range


def _without(kept: PortRange, taken: PortRange) -> Iterator[PortRange]:
    if taken.last < kept.first or kept.last < taken.first:
        yield kept
        return
    if kept.first < taken.first:
        yield PortRange(kept.first, taken.first - 1)
    if taken.last < kept.last:
        yield PortRange(taken.last + 1, kept.last)


def _parse_entry(entry: str) -> PortRange:
    if not entry:
        raise ValueError("There is an empty entry in the list: write ports like 8080,9000-9010.")
    found = _ENTRY.fullmatch(entry)
    if found is None:
        raise ValueError(f'"{entry}" is not a port or a range of ports: write numbers like 8080 or 9000-9010.')
    first, last = int(found[1]), int(found[2] or found[1])
    if max(first, last) > HIGHEST:
        raise ValueError(f'"{entry}" is not possible: ports end at {HIGHEST}.')
    if first > last:
        raise ValueError(f'"{entry}" goes backwards: write the lower port first, {last}-{first}.')
    return PortRange(first, last)


# The proxy's own: outbound, inbound, control (tap) and admin.
PROXY_PORTS = Ports.of(4140, 4143, 4190, 4191)
