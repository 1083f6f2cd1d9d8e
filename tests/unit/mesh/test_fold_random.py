"""Random lives of a workload, from fixed seeds: tickets come, go and are trimmed, owners edit, workers crash and wake.

Held at every PATCH (in fold_world): nothing of an owner's is taken out. Held at rest: every unsuspended want is there
and the fold has nothing to add. Held at the end: nothing of ours is left, and what no owner touched is as it was.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence

import pytest

from portal.mesh.annotations import ADMIN_SHUTDOWN, DEBUG_SIDECAR, INJECT, NATIVE_SIDECAR
from portal.mesh.fold import Claim, Want
from portal.mesh.ports import PortRange, Ports
from tests.unit.mesh.fold_world import LISTS, SETS, World, inherited, numbers

SEEDS = range(250)
TEXTS = (None, None, "", "9090", "30001, 30000", "4567,4568", "9090-9092,25")
AROUND = (None, None, "5000", "")
# What owners write; the last is what tickets write.
SETTINGS = {
    INJECT: (None, None, "enabled", "", "disabled"),
    DEBUG_SIDECAR: (None, None, "false", "", "1", "true"),
    NATIVE_SIDECAR: (None, None, "false", "T", "true"),
    ADMIN_SHUTDOWN: (None, None, "disabled", "enabled"),
}
SETTINGS_AROUND = {key: (None, None, *texts[2:]) for key, texts in SETTINGS.items() if key != INJECT}


class Life:
    """One seed's story. Where the mark is not written first, owners keep off what tickets may want."""

    def __init__(self, seed: int, *, mark_first: bool) -> None:
        self.dice = random.Random(seed)
        self.shared = (4567, 8080, 8081, 9090, 9091) if mark_first else (8080, 8081, 9100, 9101)
        self.texts = {key: texts if mark_first else texts[:-1] for key, texts in SETTINGS.items()}
        around = dict.fromkeys(LISTS, AROUND) | SETTINGS_AROUND
        self.world = World(
            self._some(dict.fromkeys(LISTS, TEXTS) | self.texts), self._some(around), mark_first=mark_first
        )
        self.untouched = dict(self.world.template)
        self.touched: set[str] = set()
        self.workers: list[Iterator[str]] = []
        self.tickets = 0
        self.overlap: dict[str, set[int]] = {key: set() for key in LISTS}
        self.overlap_set: set[str] = set()

    def _some(self, texts: Mapping[str, Sequence[str | None]]) -> dict[str, str]:
        drawn = {key: self.dice.choice(some) for key, some in texts.items()}
        return {key: text for key, text in drawn.items() if text is not None}

    def live(self, steps: int, *, owners: bool = True) -> None:
        acts = [self.join, self.join, self.leave, self.trim, self.reapply, self.rest, self.hire, self.kill]
        acts += [self.work] * 14
        if owners:
            acts += [self.owner_adds, self.owner_removes, self.owner_deletes, self.owner_sets, self.owner_sets]
            acts += [self.namespace_changes, self.strip, self.replace_all]
        for _ in range(steps):
            self.dice.choice(acts)()

    def end(self) -> None:
        while self.workers and self.dice.random() < 0.7:
            self.work()
        for ticket in list(self.world.claims):
            del self.world.claims[ticket]
            self.world.settle(fence=True)
        stalled, self.workers = self.workers, []
        self.world.settle(fence=True)
        self.world.assert_nothing_of_ours()
        for worker in stalled:
            for _ in worker:
                pass
        self.world.settle()

    def want(self) -> Want:
        kind = self.dice.random()
        if kind < 0.4:
            return Want(settings=self._keys())
        settings = self._keys() if kind < 0.6 else frozenset[str]()
        return Want(self._ports(), self._ports() if kind < 0.7 else Ports(), settings)

    def _keys(self) -> frozenset[str]:
        return frozenset(self.dice.sample(list(SETS), self.dice.choice((1, 1, 2, 4))))

    def _ports(self) -> Ports:
        first = self.dice.choice(self.shared)
        return Ports([PortRange(first, first + self.dice.choice((0, 0, 1, 5)))])

    def join(self) -> None:
        if len(self.world.claims) < 3:
            self.tickets += 1
            self.world.claims[f"MD-{self.tickets}"] = Claim(f"MD-{self.tickets}", self.want())

    def leave(self) -> None:
        if self.world.claims:
            del self.world.claims[self.dice.choice(list(self.world.claims))]
            self.workers.append(self.world.converge(fence=True))

    def trim(self) -> None:
        if self.world.claims:
            ticket = self.dice.choice(list(self.world.claims))
            claim = self.world.claims[ticket]
            self.world.claims[ticket] = Claim(ticket, claim.want - self.want(), claim.suspended)

    def reapply(self) -> None:
        if self.world.claims:
            ticket = self.dice.choice(list(self.world.claims))
            self.world.claims[ticket] = Claim(ticket, self.world.claims[ticket].want)

    def rest(self) -> None:
        self.world.settle()
        self.world.assert_wants_are_there()

    def hire(self) -> None:
        if len(self.workers) < 4:
            self.workers.append(self.world.converge())

    def kill(self) -> None:
        if self.workers:
            self.workers.pop(self.dice.randrange(len(self.workers)))

    def work(self) -> None:
        if not self.workers:
            self.hire()
        worker = self.dice.choice(self.workers)
        if next(worker, None) is None:
            self.workers.remove(worker)

    def owner_adds(self) -> None:
        key = self.dice.choice(LISTS)
        port = self._owners_port(key)
        if port in self.world.effective(key):
            return
        present = self.world.template.get(key, inherited(self.world.namespace, key))
        entries = [*filter(None, present.replace(" ", "").split(",")), str(port)]
        self.dice.shuffle(entries)
        self._edit(key, self.dice.choice((",", ", ")).join(entries))

    def _owners_port(self, key: str) -> int:
        # A port that a ticket may want too: only where anybody could tell whose it is.
        port = self.dice.choice(self.shared)
        if self.world.mark_first and self.world.is_sure() and port not in self.world.possible().ports(key):
            self.overlap[key].add(port)
            return port
        return self.dice.randrange(30000, 30020)

    def owner_removes(self) -> None:
        key = self.dice.choice(LISTS)
        entries = sorted(numbers(self.world.template.get(key, "")))
        if entries:
            entries.remove(self.dice.choice(entries))
            self._edit(key, ",".join(map(str, entries)))

    def owner_deletes(self) -> None:
        key = self.dice.choice(LISTS)
        if key in self.world.template:
            self._edit(key, None)

    def owner_sets(self) -> None:
        key = self.dice.choice(list(SETS))
        value = self.dice.choice(self.texts[key])
        if value == SETS[key]:
            if not self.world.is_sure() or key in self.world.possible().settings:
                return
            self.overlap_set.add(key)
        self._edit(key, value)

    def namespace_changes(self) -> None:
        key = self.dice.choice((*LISTS, *LISTS, *SETTINGS_AROUND))
        self.world.set_namespace(key, self.dice.choice(AROUND if key in LISTS else SETTINGS_AROUND[key]))

    def strip(self) -> None:
        if not self._is_ambiguous():
            self.world.strip_mark()

    def replace_all(self) -> None:
        """A GitOps controller puts the whole object back, mark and all."""
        if not self._is_ambiguous():
            for key in (*LISTS, *SETS):
                self._edit(key, self.untouched.get(key))
            self.world.strip_mark()

    def _puts_back(self, key: str, text: str | None) -> bool:
        # Taken out and put back before anybody looked: nothing in the object tells that it is not ours any more.
        if key in SETS:
            return text == SETS[key] and key in self.world.possible().settings
        if text is None:
            return False
        new = numbers(text) - numbers(self.world.template.get(key, ""))
        return bool(new & numbers(str(self.world.possible().ports(key))))

    def _is_ambiguous(self) -> bool:
        # Without the mark, an entry that both an owner and an unconfirmed write may have put is anybody's.
        return bool(self.workers or self.overlap_set) or any(self.overlap.values())

    def _edit(self, key: str, text: str | None) -> None:
        if self._puts_back(key, text):
            return
        if text != self.world.template.get(key):
            self.touched.add(key)
        self.world.edit(key, text)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("mark_first", [True, False])
def test_whatever_happens_nothing_of_ours_stays_and_everything_of_the_owners_does(seed: int, mark_first: bool) -> None:
    life = Life(seed, mark_first=mark_first)
    life.live(steps=120)
    life.end()
    life.world.assert_nothing_of_ours()
    for key in {*LISTS, *SETS} - life.touched:
        assert life.world.template.get(key) == life.untouched.get(key)


@pytest.mark.parametrize("seed", range(500))
def test_tickets_of_all_kinds_on_one_workload_end_as_they_began(seed: int) -> None:
    life = Life(seed, mark_first=True)
    life.live(steps=60, owners=False)
    life.end()
    assert life.world.template == life.untouched
