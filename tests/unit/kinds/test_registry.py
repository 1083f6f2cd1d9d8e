"""The registry of kinds and the JSON Schema of their fields."""

from __future__ import annotations

import json

import pytest

from portal.errors import Invalid
from portal.kinds.registry import KINDS, json_schema, kind_named


def test_kinds_are_found_by_name() -> None:
    assert kind_named("encryption-exception") is KINDS["encryption-exception"]


def test_an_unknown_kind_is_refused_naming_the_known_ones() -> None:
    with pytest.raises(Invalid) as refusal:
        kind_named("encryption")
    known = ", ".join(sorted(KINDS))
    assert "debug-sidecar, encryption-exception" in known
    assert refusal.value.errors == {"kind": [f'There is no kind "encryption": choose {known}.']}


@pytest.mark.parametrize("name", sorted(KINDS))
def test_every_kind_describes_itself_in_json_schema(name: str) -> None:
    kind = kind_named(name)
    schema = json.loads(json.dumps(json_schema(kind)))
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert (kind.name, schema["title"], schema["description"]) == (name, kind.title, kind.summary)
    assert schema["additionalProperties"] is False
    for field in schema["properties"].values():
        assert field["description"], "each field says in the tenant's words what it is"


def test_the_schema_of_an_encryption_exception() -> None:
    schema = json_schema(kind_named("encryption-exception"))
    assert sorted(schema["required"]) == ["application_encryption", "mode", "workloads"]
    properties = schema["properties"]
    assert (properties["workloads"]["minItems"], properties["workloads"]["maxItems"]) == (1, 50)
    assert properties["mode"]["enum"] == ["skip-ports", "disable-injection"]
    assert (properties["inbound"]["type"], properties["inbound"]["default"]) == ("string", "")
    nested = properties["application_encryption"]
    assert nested["additionalProperties"] is False
    assert sorted(nested["required"]) == ["encrypted", "how"]
