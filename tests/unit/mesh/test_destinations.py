"""What a workload calls: read as people write it, and where the calls arrive."""

from __future__ import annotations

import pytest

from portal.mesh.destinations import Destination, arrivals
from tests.unit.mesh.called_objects import DB, Object, plain_pod, service


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("service/db", Destination("emojivoto", "db")),
        ("service/db:5432", Destination("emojivoto", "db", 5432)),
        (" data/db:5432 ", DB),
    ],
)
def test_destinations_are_read_as_people_write_them(text: str, parsed: Destination) -> None:
    assert Destination.parse(text, "emojivoto") == parsed


@pytest.mark.parametrize(
    "text", ["db", "data/", "data/db:0", "data/db:70000", "data/db/x", "Data/db", "https://db/x", ""]
)
def test_what_is_no_destination_is_refused_with_the_form(text: str) -> None:
    with pytest.raises(ValueError, match="write service/NAME"):
        Destination.parse(text, "emojivoto")


@pytest.mark.parametrize(
    ("destination", "one", "ports"),
    [
        (DB, service(), [(6432, "sql")]),
        (DB, service("db", {"port": 5432, "targetPort": 6432}), [(6432, "sql")]),
        (Destination("data", "db", 6432), service("db", {"port": 6432}), [(6432, "sql")]),
        (Destination("data", "db", 6432), service(clusterIP="None"), [(6432, "sql")]),
        (DB, service("db", {"port": 5432, "targetPort": 7000}), [(7000, None)]),
        (
            Destination("data", "db"),
            service("db", {"port": 1, "targetPort": "sql"}, {"port": 2, "targetPort": 9187}),
            [(6432, "sql"), (9187, "metrics")],
        ),
        (Destination("data", "db"), service("db", {"port": 53, "protocol": "UDP"}, {"port": 6432}), [(6432, "sql")]),
    ],
)
def test_calls_arrive_at_the_pods_own_port(
    destination: Destination, one: Object, ports: list[tuple[int, str | None]]
) -> None:
    found = arrivals(destination, [one], [plain_pod()])
    assert not isinstance(found, str)
    assert [(arrival.port, arrival.name) for arrival in found] == ports
