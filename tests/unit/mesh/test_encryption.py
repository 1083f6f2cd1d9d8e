"""How far a workload is encrypted by its annotations, and what tickets explain of that."""

from __future__ import annotations

import pytest

from portal.mesh.annotations import INJECT, SKIP_INBOUND, SKIP_OUTBOUND, MeshDefaults
from portal.mesh.encryption import Skips, Standing, skips, standing, unexplained
from portal.mesh.ports import Ports
from portal.mesh.want import NOTHING, Want

DEFAULTS = MeshDefaults(skip_inbound="4567,4568", skip_outbound="4567,4568")


@pytest.mark.parametrize(
    ("template", "namespace", "words"),
    [
        ({}, {}, ""),
        ({SKIP_INBOUND: "8080"}, {}, "inbound 8080"),
        ({SKIP_INBOUND: "4567, 4568"}, {}, ""),
        ({SKIP_INBOUND: "4567,8080", SKIP_OUTBOUND: "443"}, {}, "inbound 8080, outbound 443"),
        ({}, {SKIP_OUTBOUND: "9000-9010"}, "outbound 9000-9010"),
        ({SKIP_OUTBOUND: ""}, {SKIP_OUTBOUND: "9000-9010"}, ""),
        ({SKIP_INBOUND: "http"}, {}, '"http", which is no list of ports'),
    ],
)
def test_ports_past_the_proxy_are_those_beyond_the_defaults(
    template: dict[str, str], namespace: dict[str, str], words: str
) -> None:
    found = skips(template, namespace, DEFAULTS)
    assert found.words == words
    assert bool(found) is bool(words)


def test_a_workload_is_encrypted_in_part_or_not_at_all() -> None:
    some = Skips(Want(skip_inbound=Ports.of(8080)))
    assert standing(Skips(), meshed=True) is Standing.ENCRYPTED
    assert standing(some, meshed=True) is Standing.PARTLY
    assert standing(Skips(unread=("x",)), meshed=True) is Standing.PARTLY
    assert standing(some, meshed=False) is Standing.UNMESHED


def test_tickets_explain_the_ports_that_they_granted_and_no_others() -> None:
    found = skips({SKIP_INBOUND: "8080,9000"}, {}, DEFAULTS)
    half, whole = Want(skip_inbound=Ports.of(8080)), Want(skip_inbound=Ports.parse("8000-9999"))
    left = unexplained(found, half, meshed=True)
    assert left is not None
    assert left.words == "inbound 9000"
    assert unexplained(found, whole, meshed=True) is None
    assert unexplained(found, Want(skip_outbound=Ports.parse("8000-9999")), meshed=True) is not None
    assert unexplained(Skips(unread=("x",)), whole, meshed=True) is not None


def test_only_a_ticket_that_turned_the_proxy_off_explains_that_there_is_none() -> None:
    assert unexplained(Skips(), NOTHING, meshed=False) is not None
    assert unexplained(Skips(), Want(skip_inbound=Ports.parse("0-65535")), meshed=False) is not None
    assert unexplained(Skips(), Want.of_setting(INJECT), meshed=False) is None
