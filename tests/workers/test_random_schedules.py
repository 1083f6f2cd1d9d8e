"""Random schedules of overlapping tickets of every kind always end with the cluster as at the start.

Each seed is a test of its own, so that several processes share them; a failure prints the shortest schedule found.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.workers.schedule import Schedule
from tests.workers.theatre import Theatre

SEEDS = range(16)
# All of them: 512 schedules of six steps and an end.
EACH = 32
SETTINGS = settings(
    max_examples=EACH,
    stateful_step_count=6,
    deadline=None,
    database=None,
    phases=(Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def theatre(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Theatre]:
    made = Theatre(migrated_sqlite, tmp_path_factory.mktemp("theatre"))
    yield made
    made.close()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("number", SEEDS)
def test_whatever_the_schedule_the_cluster_ends_as_it_began(theatre: Theatre, number: int) -> None:
    @seed(number)
    def begin() -> Schedule:
        return Schedule(theatre)

    run_state_machine_as_test(begin, settings=SETTINGS)
