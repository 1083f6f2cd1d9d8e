"""The diff that people read."""

from __future__ import annotations

from portal.mesh.annotations import INJECT, SKIP_INBOUND
from portal.mesh.diff import created_diff, template_diff


def test_a_diff_shows_both_sides_and_whole_lines() -> None:
    long = ",".join(str(port) for port in range(1000, 3000, 2))
    diff = template_diff({INJECT: "enabled", SKIP_INBOUND: "4567"}, {INJECT: "enabled", SKIP_INBOUND: long})
    assert diff["before"] == {INJECT: "enabled", SKIP_INBOUND: "4567"}
    assert diff["after"][SKIP_INBOUND] == long
    assert diff["unified"].splitlines() == [
        "--- before",
        "+++ after",
        "@@ -1,2 +1,2 @@",
        f"-{SKIP_INBOUND}: '4567'",
        f"+{SKIP_INBOUND}: {long}",
        f" {INJECT}: enabled",
    ]


def test_added_and_removed_annotations() -> None:
    assert template_diff({}, {INJECT: "disabled"})["unified"].endswith(f"+{INJECT}: disabled")
    assert template_diff({INJECT: "disabled"}, {})["unified"].endswith(f"-{INJECT}: disabled")


def test_no_difference_is_an_empty_diff() -> None:
    assert template_diff({INJECT: "enabled"}, {INJECT: "enabled"})["unified"] == ""
    assert template_diff({}, {}) == {"before": {}, "after": {}, "unified": ""}


def test_created_objects_are_shown_whole_or_by_name() -> None:
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "tap", "namespace": "linkerd-viz"}}
    settings = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"key": "value"}}
    diff = created_diff([account, settings])
    assert diff["before"] == {}
    assert set(diff["after"]) == {"ServiceAccount tap in linkerd-viz", "ConfigMap a"}
    assert diff["unified"].splitlines()[3:] == [
        "+ServiceAccount tap in linkerd-viz",
        "+---",
        "+apiVersion: v1",
        "+kind: ConfigMap",
        "+metadata:",
        "+  name: a",
        "+data:",
        "+  key: value",
    ]
