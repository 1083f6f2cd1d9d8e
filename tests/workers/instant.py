"""Several deeds at the same instant, each in a thread of its own."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from portal.errors import MeshdeskError

Deed = Callable[[], object]


def at_once(*deeds: Deed) -> list[MeshdeskError | None]:
    """What each deed was refused with; any other error is raised."""
    barrier = Barrier(len(deeds))

    def do(deed: Deed) -> MeshdeskError | None:
        barrier.wait()
        try:
            deed()
        except MeshdeskError as refusal:
            return refusal
        return None

    with ThreadPoolExecutor(len(deeds)) as threads:
        return list(threads.map(do, deeds))
