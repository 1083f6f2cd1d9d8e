"""What Meshdesk writes on every object that it creates and knows it by again, and the digest of a manifest. Pure."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from portal.mesh.objects import MANAGED, NONCE, TICKET

Object = dict[str, Any]


def stamped(manifest: Mapping[str, Any], *, nonce: str, ticket: str | None) -> Object:
    """A copy of the manifest with our label, the ticket's where it belongs to one alone, and its nonce."""
    made: Object = copy.deepcopy(dict(manifest))
    metadata = made["metadata"]
    metadata["labels"] = {**(metadata.get("labels") or {}), MANAGED: "true", **({TICKET: ticket} if ticket else {})}
    metadata["annotations"] = {**(metadata.get("annotations") or {}), NONCE: nonce}
    return made


def nonce_of(obj: Mapping[str, Any]) -> str | None:
    """The nonce that an object carries; None where it carries none."""
    found: str | None = (obj["metadata"].get("annotations") or {}).get(NONCE)
    return found


def digest_of(manifest: Mapping[str, Any]) -> str:
    """sha256 of the manifest as canonical JSON, in hex; what a Secret holds is no part of it."""
    public = {key: value for key, value in manifest.items() if key not in ("data", "stringData")}
    kept = public if manifest.get("kind") == "Secret" else dict(manifest)
    return hashlib.sha256(json.dumps(kept, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
