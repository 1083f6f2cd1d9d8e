"""The fold of keys that tickets set to one value: whose a value is, what an undo leaves, what is inherited."""

from __future__ import annotations

from dataclasses import replace

import pytest

from portal.mesh.annotations import (
    ADMIN_SHUTDOWN,
    DEBUG_SIDECAR,
    INJECT,
    NATIVE_SIDECAR,
    NATIVE_SIDECAR_ALPHA,
    NATIVE_SIDECAR_BETA,
    SETTINGS,
    SKIP_INBOUND,
)
from portal.mesh.fold import Claim, Want
from tests.unit.mesh.fold_target import Target, claim

SETTING_KEYS = [key for key in SETTINGS if key != INJECT]


@pytest.mark.parametrize("key", SETTING_KEYS)
@pytest.mark.parametrize("before", [None, "", "false", "disabled", "rubbish"])
def test_a_setting_is_set_and_put_back(key: str, before: str | None) -> None:
    template = {} if before is None else {key: before}
    target = Target(template)
    wants = Claim("MD-1", Want.of_setting(key))
    assert target.converge(wants) == {key: SETTINGS[key]}
    assert target.converge(fence=True) == template
    assert target.seen.mark is None


@pytest.mark.parametrize("key", [DEBUG_SIDECAR, NATIVE_SIDECAR, NATIVE_SIDECAR_BETA, NATIVE_SIDECAR_ALPHA])
@pytest.mark.parametrize("own", ["1", "t", "T", "TRUE", "true", "True"])
def test_an_owner_s_own_true_is_never_ours(key: str, own: str) -> None:
    target = Target({key: own})
    assert target.converge(Claim("MD-1", Want.of_setting(key))) == {key: own}
    assert not target.memory.written
    assert target.converge() == {key: own}


def test_an_owner_who_writes_ours_over_with_the_same_keeps_it() -> None:
    target = Target()
    debug = Claim("MD-1", Want.of_setting(DEBUG_SIDECAR))
    target.converge(debug)
    target.template({DEBUG_SIDECAR: "1"})
    assert target.converge(debug) == {DEBUG_SIDECAR: "1"}
    assert not target.suspended
    assert target.converge() == {DEBUG_SIDECAR: "1"}


@pytest.mark.parametrize("value", ["false", "", None])
def test_somebody_who_takes_a_setting_out_suspends_it(value: str | None) -> None:
    target, edited = Target(), {} if value is None else {DEBUG_SIDECAR: value}
    debug = Claim("MD-1", Want.of_setting(DEBUG_SIDECAR))
    target.converge(debug)
    target.template(edited)
    assert target.converge(debug) == edited
    assert target.suspended == {"MD-1": Want.of_setting(DEBUG_SIDECAR)}


@pytest.mark.parametrize(("key", "written"), [(DEBUG_SIDECAR, False), (ADMIN_SHUTDOWN, False), (NATIVE_SIDECAR, True)])
def test_a_setting_that_is_inherited_is_written_only_where_the_template_alone_counts(key: str, written: bool) -> None:
    target = Target()
    target.seen = replace(target.seen, namespace={key: SETTINGS[key]})
    wants = Claim("MD-1", Want.of_setting(key))
    assert target.converge(wants) == ({key: SETTINGS[key]} if written else {})
    target.seen = replace(target.seen, namespace={})
    assert target.converge(wants) == {key: SETTINGS[key]}
    assert target.converge() == {}


def test_settings_of_all_kinds_are_folded_apart() -> None:
    target = Target({NATIVE_SIDECAR: "false"})
    claims = [Claim(f"MD-{number}", Want.of_setting(key)) for number, key in enumerate(SETTINGS, start=2)]
    assert target.converge(claim("8080"), *claims) == {SKIP_INBOUND: "4567-4568,8080", **SETTINGS}
    left = [one for one in claims if one.want != Want.of_setting(DEBUG_SIDECAR)]
    after = target.converge(claim("8080"), *left)
    assert after.keys() == {SKIP_INBOUND, *SETTINGS} - {DEBUG_SIDECAR}
    assert target.converge(fence=True) == {NATIVE_SIDECAR: "false"}
