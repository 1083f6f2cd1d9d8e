"""Which tests stay together in one process where several share them."""

from __future__ import annotations

import pytest

from tests.groups import CONTROL_PLANE, OWN_PLANE, group

STORY = "tests/story/test_people.py::test_a_renewal_leaves_no_gap"
RANDOM = "tests/workers/test_random_schedules.py::test_whatever_the_schedule_the_cluster_ends_as_it_began"


@pytest.mark.parametrize(
    ("nodeid", "meant"),
    [
        ("tests/contract/test_cluster.py::test_long_lists_are_whole[practice]", CONTROL_PLANE),
        ("tests/controlplane/test_up.py::test_it_ends", CONTROL_PLANE),
        (f"{STORY}[postgres-real]", CONTROL_PLANE),
        (f"{STORY}[sqlite-real-3]", CONTROL_PLANE),
        (f"{STORY}[3-sqlite-practice]", "sqlite-practice"),
        (f"{STORY}[postgres-practice]", "postgres-practice"),
        ("tests/story/test_up.py::test_it_comes_back[worker --work undo]", "tests/story/test_up.py"),
        ("tests/viz/test_reaping.py::test_nothing_is_left", OWN_PLANE),
        (f"{RANDOM}[3]", f"{RANDOM}[3]"),
        ("tests/unit/test_docs.py::test_links_lead_somewhere[docs/a::b.md]", "tests/unit/test_docs.py"),
    ],
)
def test_what_shares_a_server_shares_a_process(nodeid: str, meant: str) -> None:
    assert group(nodeid) == meant
