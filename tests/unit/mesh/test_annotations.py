"""What a key means: pod template, else namespace, else the control plane; and what its ConfigMap says."""

from __future__ import annotations

import hashlib
import json

import pytest
import yaml

from portal.mesh.annotations import (
    INJECT,
    SKIP_INBOUND,
    SKIP_OUTBOUND,
    Effective,
    MeshDefaults,
    Source,
    effective,
    effective_skip,
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


def config_map(values: object) -> dict[str, object]:
    text = values if isinstance(values, str) else yaml.safe_dump(values)
    return {"metadata": {"name": "linkerd-config", "namespace": "mesh"}, "data": {"values": text}}


def test_the_config_map_gives_the_defaults() -> None:
    pem = "-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----\n"
    values = {
        "linkerdVersion": "edge-26.6.3",
        "cniEnabled": True,
        "proxy": {"nativeSidecar": True},
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
    )


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
