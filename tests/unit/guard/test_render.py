"""The objects of a guard: which bindings there are, whom they reach, and what happens where parameters are gone."""

from __future__ import annotations

from typing import Any

from portal.mesh.annotations import MeshDefaults
from portal.mesh.guard.names import BINDING, POLICY, Mode, is_guards
from portal.mesh.guard.policies import TRUSTED
from portal.mesh.guard.render import Guard, all_refs, held, whole
from portal.mesh.objects import ObjectRef

MODES = {"shop": Mode.DENY, "bank": Mode.DENY, "dev": Mode.WARN, "old": Mode.AUDIT, "free": Mode.OFF}


def bindings(guard: Guard) -> dict[str, dict[str, Any]]:
    return {obj["metadata"]["name"]: obj["spec"] for obj in held(guard) if obj["kind"] == BINDING}


def test_each_mode_has_a_binding_for_its_own_namespaces_alone() -> None:
    found = bindings(Guard("c", MODES))
    assert {name: spec["validationActions"] for name, spec in found.items()} == {
        f"meshdesk-guard-{policy}-{mode}": actions
        for policy in ("workloads", "namespaces")
        for mode, actions in (("audit", ["Audit"]), ("warn", ["Warn", "Audit"]), ("deny", ["Deny"]))
    }
    chosen = found["meshdesk-guard-workloads-deny"]["matchResources"]["namespaceSelector"]["matchExpressions"]
    assert chosen == [{"key": "kubernetes.io/metadata.name", "operator": "In", "values": ["bank", "shop"]}]


def test_parameters_that_are_gone_deny_only_where_it_denies() -> None:
    found = bindings(Guard("c", MODES))
    absent = {name: spec["paramRef"]["parameterNotFoundAction"] for name, spec in found.items() if "paramRef" in spec}
    assert absent == {f"meshdesk-guard-workloads-{mode}": "Allow" for mode in ("audit", "warn")} | {
        "meshdesk-guard-workloads-deny": "Deny"
    }


def test_off_everywhere_is_nothing_at_all() -> None:
    assert held(Guard("c", {"shop": Mode.OFF})) == []
    assert held(Guard("c")) == []
    only = held(Guard("c", {"shop": Mode.WARN}))
    assert [obj["kind"] for obj in only] == [POLICY, POLICY, BINDING, BINDING]


def test_all_that_is_held_is_known_by_name_and_comes_after_what_it_needs() -> None:
    guard = Guard("c", MODES, MeshDefaults(skip_inbound="1234"), "https://meshdesk.example.com/new")
    assert {ObjectRef.of(obj) for obj in held(guard)} == set(all_refs())
    kinds = [obj["kind"] for obj in whole(guard, {"shop": "x"})]
    assert kinds[:4] == ["Namespace", "Role", "RoleBinding", "ConfigMap"]
    assert kinds[4:6] == [POLICY, POLICY]


def test_defaults_and_the_way_to_ask_are_in_the_policies() -> None:
    text = str(held(Guard("prod-eu-1", MODES, MeshDefaults(skip_inbound="1234"), "https://m.example.com/new")))
    assert '"1234"' in text
    assert "go to https://m.example.com/new/encryption-exception?cluster=prod-eu-1" in text
    assert "meshdesk request debug-sidecar --cluster prod-eu-1" in str(held(Guard("prod-eu-1", MODES)))


def test_nobody_is_trusted_but_controllers_of_kubernetes() -> None:
    assert all(name.startswith(("system:serviceaccount:kube-system:", "system:kube-")) for name in TRUSTED)
    assert not any("meshdesk" in name for name in TRUSTED)


def test_a_refusal_of_the_guard_is_known_by_its_policy() -> None:
    sentence = "An admission policy of the cluster refused the change: deployments.apps is forbidden: {}"
    said = "ValidatingAdmissionPolicy 'meshdesk-guard-workloads' with binding 'b' denied request"
    assert is_guards(sentence.format(said))
    assert not is_guards(sentence.format("ValidatingAdmissionPolicy 'other' with binding 'b' denied request"))
