"""What a key means: pod template, else namespace, else the control plane; and what its ConfigMap says."""

from __future__ import annotations

import hashlib
import json

import pytest
import yaml

from portal.mesh.annotations import (
    ADMIN_SHUTDOWN,
    DEBUG_SIDECAR,
    INJECT,
    NATIVE_SIDECAR,
    NATIVE_SIDECAR_ALPHA,
    NATIVE_SIDECAR_BETA,
    SETTINGS,
    SKIP_INBOUND,
    SKIP_OUTBOUND,
    Effective,
    MeshDefaults,
    Source,
    effective,
    effective_native,
    effective_skip,
    inherits,
    is_set,
    is_true,
)

DEFAULTS = MeshDefaults(skip_inbound="4567,4568", skip_outbound="25")


@pytest.mark.parametrize(
    ("key", "template", "namespace", "expected"),
    [
        (SKIP_INBOUND, {}, {}, Effective("4567,4568", Source.CONTROL_PLANE)),
        (SKIP_OUTBOUND, {}, {}, Effective("25", Source.CONTROL_PLANE)),
        (SKIP_INBOUND, {}, {SKIP_INBOUND: "5000"}, Effective("5000", Source.NAMESPACE)),
        (SKIP_INBOUND, {}, {SKIP_INBOUND: ""}, Effective("", Source.NAMESPACE)),
        (SKIP_INBOUND, {SKIP_INBOUND: "8080"}, {SKIP_INBOUND: "5000"}, Effective("8080", Source.POD_TEMPLATE)),
        (SKIP_INBOUND, {SKIP_INBOUND: ""}, {SKIP_INBOUND: "5000"}, Effective("", Source.POD_TEMPLATE)),
        (SKIP_INBOUND, {SKIP_OUTBOUND: "1"}, {}, Effective("4567,4568", Source.CONTROL_PLANE)),
    ],
)
def test_a_present_key_hides_what_is_around_it(
    key: str, template: dict[str, str], namespace: dict[str, str], expected: Effective
) -> None:
    assert effective_skip(key, template, namespace, DEFAULTS) == expected
    assert effective(key, template, namespace, DEFAULTS) == expected


@pytest.mark.parametrize(
    ("template", "namespace", "expected"),
    [
        ({}, {}, Effective("", Source.CONTROL_PLANE)),
        ({}, {INJECT: "enabled"}, Effective("enabled", Source.NAMESPACE)),
        ({INJECT: ""}, {INJECT: "enabled"}, Effective("enabled", Source.NAMESPACE)),
        ({INJECT: "disabled"}, {INJECT: "enabled"}, Effective("disabled", Source.POD_TEMPLATE)),
    ],
)
def test_an_empty_inject_annotation_says_nothing(
    template: dict[str, str], namespace: dict[str, str], expected: Effective
) -> None:
    assert effective(INJECT, template, namespace, DEFAULTS) == expected


POD, AROUND, DEFAULT = Source.POD_TEMPLATE, Source.NAMESPACE, Source.CONTROL_PLANE


@pytest.mark.parametrize("key", [DEBUG_SIDECAR, NATIVE_SIDECAR, NATIVE_SIDECAR_ALPHA, ADMIN_SHUTDOWN])
def test_a_setting_is_inherited_unless_the_template_has_the_key(key: str) -> None:
    mesh = MeshDefaults(version="edge-26.6.3")
    assert effective(key, {}, {key: "true"}, mesh) == Effective("true", AROUND)
    assert effective(key, {key: ""}, {key: "true"}, mesh) == Effective("", POD)
    assert effective(key, {key: "false"}, {key: "true"}, mesh) == Effective("false", POD)


@pytest.mark.parametrize(
    ("version", "inherited"),
    [
        ("edge-26.6.3", False),
        ("2.20.1", False),
        ("edge-26.5.2", False),
        ("edge-26.5.1", True),
        ("2.19.0", True),
        ("something", False),
        (None, False),
    ],
)
def test_the_beta_key_is_for_pods_only_from_2_20_on(version: str | None, inherited: bool) -> None:
    mesh = MeshDefaults(version=version, native_sidecar=False)
    expected = Effective("true", AROUND) if inherited else Effective("false", DEFAULT)
    assert effective(NATIVE_SIDECAR_BETA, {}, {NATIVE_SIDECAR_BETA: "true"}, mesh) == expected
    assert inherits(NATIVE_SIDECAR_BETA, mesh) is inherited


@pytest.mark.parametrize(
    ("key", "mesh", "value"),
    [
        (DEBUG_SIDECAR, MeshDefaults(), "false"),
        (NATIVE_SIDECAR, MeshDefaults(native_sidecar=True), "true"),
        (NATIVE_SIDECAR_ALPHA, MeshDefaults(native_sidecar=False), "false"),
        (ADMIN_SHUTDOWN, MeshDefaults(version="edge-26.6.3"), "disabled"),
        (ADMIN_SHUTDOWN, MeshDefaults(version="edge-26.6.3", admin_shutdown=True), "enabled"),
        (ADMIN_SHUTDOWN, MeshDefaults(version="stable-2.14.10"), "enabled"),
        (ADMIN_SHUTDOWN, MeshDefaults(version="something"), "disabled"),
    ],
)
def test_what_counts_where_nobody_says_otherwise(key: str, mesh: MeshDefaults, value: str) -> None:
    assert effective(key, {}, {}, mesh) == Effective(value, DEFAULT)


@pytest.mark.parametrize(
    ("template", "around", "version", "decides", "value"),
    [
        ({}, {}, "edge-26.6.3", None, "true"),
        ({NATIVE_SIDECAR_ALPHA: "false"}, {}, "edge-26.6.3", NATIVE_SIDECAR_ALPHA, "false"),
        ({NATIVE_SIDECAR_ALPHA: "false", NATIVE_SIDECAR_BETA: "true"}, {}, "2.20", NATIVE_SIDECAR_BETA, "true"),
        ({NATIVE_SIDECAR_ALPHA: "false"}, {NATIVE_SIDECAR: "true"}, "2.20", NATIVE_SIDECAR, "true"),
        ({}, {NATIVE_SIDECAR_BETA: "false"}, "2.20", None, "true"),
        ({}, {NATIVE_SIDECAR_BETA: "false"}, "2.19", NATIVE_SIDECAR_BETA, "false"),
        ({NATIVE_SIDECAR: "false"}, {}, "2.19", None, "true"),
        ({NATIVE_SIDECAR_BETA: "false", NATIVE_SIDECAR_ALPHA: "0"}, {}, "2.18", NATIVE_SIDECAR_ALPHA, "0"),
        ({NATIVE_SIDECAR_ALPHA: "false"}, {}, "2.14", None, "true"),
    ],
)
def test_the_first_native_key_that_the_version_reads_decides(
    template: dict[str, str], around: dict[str, str], version: str, decides: str | None, value: str
) -> None:
    key, found = effective_native(template, around, MeshDefaults(version=version, native_sidecar=True))
    assert (key, found.value) == (decides, value)


@pytest.mark.parametrize("text", ["1", "t", "T", "TRUE", "true", "True"])
def test_what_go_reads_as_true_means_what_a_ticket_sets(text: str) -> None:
    assert is_true(text)
    assert is_set(DEBUG_SIDECAR, text)
    assert not is_set(INJECT, text)
    assert not is_set(ADMIN_SHUTDOWN, text)


@pytest.mark.parametrize("text", [None, "", "0", "f", "false", "yes", "tRUE", " true", "on"])
def test_what_is_not_true_is_not_set(text: str | None) -> None:
    assert not is_true(text or "")
    assert not any(is_set(key, text) for key in SETTINGS)


def test_what_tickets_set_means_itself() -> None:
    assert all(is_set(key, text) for key, text in SETTINGS.items())


def config_map(values: object) -> dict[str, object]:
    text = values if isinstance(values, str) else yaml.safe_dump(values)
    return {"metadata": {"name": "linkerd-config", "namespace": "mesh"}, "data": {"values": text}}


def test_the_config_map_gives_the_defaults() -> None:
    pem = "-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----\n"
    values = {
        "linkerdVersion": "edge-26.6.3",
        "cniEnabled": True,
        "proxy": {"nativeSidecar": True, "enableShutdownEndpoint": True},
        "proxyInit": {"ignoreInboundPorts": "4567,4568", "ignoreOutboundPorts": 25},
        "identityTrustAnchorsPEM": pem,
    }
    assert MeshDefaults.from_config_map(config_map(values)) == MeshDefaults(
        version="edge-26.6.3",
        skip_inbound="4567,4568",
        skip_outbound="25",
        native_sidecar=True,
        cni=True,
        namespace="mesh",
        trust_root_sha256=hashlib.sha256(pem.strip().encode()).hexdigest(),
        admin_shutdown=True,
    )


@pytest.mark.parametrize(
    ("tracing", "collector"),
    [
        ({"enabled": True, "collector": {"endpoint": "collector.tracing:4317"}}, "collector.tracing:4317"),
        ({"enabled": False, "collector": {"endpoint": "collector.tracing:4317"}}, None),
        ({"enabled": True, "collector": {"endpoint": ""}}, None),
        ({"enabled": True}, None),
        (None, None),
    ],
)
def test_where_traces_go_where_any_are_sent(tracing: object, collector: str | None) -> None:
    values = {"linkerdVersion": "edge-26.6.3", "proxy": {"tracing": tracing}}
    assert MeshDefaults.from_config_map(config_map(values)).trace_collector == collector


def test_what_an_older_control_plane_does_not_say_is_off() -> None:
    found = MeshDefaults.from_config_map(config_map({"linkerdVersion": "stable-2.10.2", "proxyInit": None}))
    assert (found.skip_inbound, found.skip_outbound, found.native_sidecar, found.cni) == ("", "", False, False)
    assert found.trust_root_sha256 is None


@pytest.mark.parametrize("values", ["a: [", "just text", ""])
def test_values_that_cannot_be_read_are_refused_with_a_sentence(values: str) -> None:
    with pytest.raises(ValueError, match="operator must look"):
        MeshDefaults.from_config_map(config_map(values))


def test_defaults_survive_json() -> None:
    defaults = MeshDefaults(version="edge-1", cni=True, trust_root_sha256="ab")
    assert MeshDefaults.from_json(json.loads(json.dumps(defaults.to_json()))) == defaults


def test_defaults_of_an_older_row_are_read() -> None:
    new = ("admin_shutdown", "kubernetes", "trace_collector")
    older = {key: value for key, value in MeshDefaults(version="edge-1").to_json().items() if key not in new}
    assert MeshDefaults.from_json(older) == MeshDefaults(version="edge-1", admin_shutdown=False, kubernetes=None)
