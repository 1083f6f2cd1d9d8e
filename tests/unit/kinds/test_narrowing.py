"""Each kind says of which fields less can be granted, and what less is."""

from __future__ import annotations

from typing import Any

import pytest

from portal.kinds.base import NotLess, WorkloadKind
from portal.kinds.registry import KINDS, kind_named
from portal.mesh.annotations import INJECT
from portal.mesh.ports import Ports
from portal.mesh.want import Want
from tests import world

USER, GROUP = {"kind": "User", "name": "ann"}, {"kind": "Group", "name": "sre"}
ASKED: dict[str, dict[str, Any]] = {
    "encryption-exception": world.exception(outbound="443"),
    "debug-sidecar": {"workloads": ["deployment/web", "deployment/emoji"]},
    "control-plane-egress": {"namespaces": ["emojivoto", "books"]},
    "viz-enablement": {"namespaces": ["emojivoto", "books"], "subjects": [USER, GROUP]},
    "job-completion": {"jobs": ["cronjob/report", "job/migrate"], "way": "native-sidecar"},
    "generic": world.generic()["fields"],
}
LESS: list[tuple[str, dict[str, Any]]] = [
    ("encryption-exception", {"workloads": ["deployment/voting"]}),
    ("encryption-exception", {"inbound": "9005"}),
    ("encryption-exception", {"inbound": ""}),
    ("encryption-exception", {"outbound": ""}),
    ("debug-sidecar", {"workloads": ["deployment/web"]}),
    ("control-plane-egress", {"namespaces": ["books"]}),
    ("viz-enablement", {"namespaces": ["books"]}),
    ("viz-enablement", {"subjects": [GROUP]}),
    ("job-completion", {"jobs": ["job/migrate"]}),
]
MORE: list[tuple[str, dict[str, Any], str]] = [
    ("encryption-exception", {"workloads": ["deployment/web"]}, "deployment/web was not asked"),
    ("encryption-exception", {"inbound": "8080-8082"}, "8081-8082 was not asked"),
    ("encryption-exception", {"application_encryption": {"encrypted": True, "how": "x"}}, "cannot be granted in part"),
    ("encryption-exception", {"inbound": "", "outbound": ""}, "Name at least one port"),
    ("debug-sidecar", {"workloads": []}, "Name 1 to 50"),
    ("control-plane-egress", {"namespaces": ["payments"]}, "payments was not asked"),
    ("control-plane-egress", {"pods": "all"}, "only namespaces and the time can"),
    ("viz-enablement", {"subjects": [{**USER, "name": "bob"}]}, "User bob was not asked"),
    ("job-completion", {"way": "no-proxy"}, "only jobs and the time can"),
    ("generic", {"title": "Less"}, "only the time can be granted in part"),
]


def loaded(kind: str) -> dict[str, Any]:
    found: dict[str, Any] = kind_named(kind).schema.load(ASKED[kind])
    return found


def test_every_kind_is_here() -> None:
    assert ASKED.keys() == KINDS.keys()
    shrunk = {name: {field for kind, grant in LESS if kind == name for field in grant} for name in KINDS}
    assert {name: set(kind.shrinkable) for name, kind in KINDS.items()} == shrunk


@pytest.mark.parametrize(("kind", "grant"), LESS)
def test_a_part_of_what_was_asked_is_less(kind: str, grant: dict[str, Any]) -> None:
    fields = loaded(kind)
    assert kind_named(kind).narrowed(fields, grant) == {**fields, **grant}


@pytest.mark.parametrize(("kind", "grant", "said"), MORE)
def test_whatever_else_is_not(kind: str, grant: dict[str, Any], said: str) -> None:
    with pytest.raises(NotLess, match=said):
        kind_named(kind).narrowed(loaded(kind), grant)


@pytest.mark.parametrize("kind", KINDS)
def test_no_grant_leaves_everything(kind: str) -> None:
    assert kind_named(kind).narrowed(loaded(kind), {}) == loaded(kind)


def test_the_order_is_the_one_that_was_asked() -> None:
    fields, kind = loaded("debug-sidecar"), kind_named("debug-sidecar")
    assert kind.narrowed(fields, {"workloads": list(reversed(fields["workloads"]))}) == fields


def test_no_workload_is_left_with_more_than_it_wanted() -> None:
    kind = kind_named("encryption-exception")
    assert isinstance(kind, WorkloadKind)
    fields = kind.narrowed(loaded("encryption-exception"), {"inbound": "9005", "outbound": ""})
    whole = Want(Ports.parse("8080,9000-9010"), Ports.parse("443"))
    assert kind.still_wanted(fields, whole) == Want(Ports.of(9005))
    assert kind.still_wanted(fields, Want(Ports.of(8080))) == Want()
    bare = {**fields, "mode": "disable-injection", "inbound": "", "outbound": ""}
    assert kind.still_wanted(bare, Want.of_setting(INJECT)) == Want.of_setting(INJECT)
