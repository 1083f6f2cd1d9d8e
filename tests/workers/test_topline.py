"""The figures of traffic as workers get them from a real Prometheus, and why they get none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from portal.db import Database
from portal.models import Namespace, Tenant, ToplineCluster, ToplineWorkload
from tests.prometheus import Server
from tests.workers.topline import Seat

pytestmark = pytest.mark.prometheus


@pytest.fixture
def seat(database: Database, tmp_path: Path) -> Seat:
    """The world with a worker, whose clusters file the test writes."""
    return Seat(database, tmp_path)


def test_figures_of_every_kind_of_workload_are_written_down(seat: Seat, prometheus: Server) -> None:
    seat.write(prometheus={"url": prometheus.url})
    seat.ask()
    rows = seat.rows()
    assert seat.cluster().problem is None
    assert set(rows) == {
        ("bookstore", "deployment", "catalogue"),
        ("emojivoto", "deployment", "emoji"),
        ("emojivoto", "deployment", "web"),
        ("emojivoto", "job", "migrate"),
        ("emojivoto", "statefulset", "ledger"),
    }
    emoji = rows["emojivoto", "deployment", "emoji"]
    print(vars(emoji))
    for r in rows.values(): print(r.name, r.requests, r.success, r.meshed, r.p50,r.p95, r.p99, len(r.hour), r.hour[:2], r.hour[-2:])
