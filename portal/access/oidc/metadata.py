"""What the provider says of itself (OpenID Connect Discovery): where people sign in, and where its keys are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from portal.errors import ConfigurationError
from portal.sign_in_settings import is_loopback

WELL_KNOWN = "/.well-known/openid-configuration"


@dataclass(frozen=True)
class Metadata:
    """The parts of the discovery document that are used; addresses are https, or on loopback."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    end_session_endpoint: str | None
    auth_methods: tuple[str, ...]


def read_metadata(found: Mapping[str, Any], issuer: str) -> Metadata:
    """The document of this very issuer; raises ConfigurationError for another's, and for one that cannot be used."""
    if found.get("issuer") != issuer:
        raise ConfigurationError(
            f"The identity provider calls itself {str(found.get('issuer'))[:200]!r}: MESHDESK_OIDC_ISSUER has to be "
            "that, to the last character."
        )
    methods = found.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    return Metadata(
        authorization_endpoint=_needed(found, "authorization_endpoint"),
        token_endpoint=_needed(found, "token_endpoint"),
        jwks_uri=_needed(found, "jwks_uri"),
        userinfo_endpoint=_address(found.get("userinfo_endpoint")),
        end_session_endpoint=_address(found.get("end_session_endpoint")),
        auth_methods=tuple(methods) if isinstance(methods, list) else (),
    )


def _needed(found: Mapping[str, Any], name: str) -> str:
    address = _address(found.get(name))
    if address is None:
        raise ConfigurationError(f"The identity provider's configuration has no {name} that starts with https://.")
    return address


def _address(value: Any) -> str | None:
    try:
        parts = urlsplit(value) if isinstance(value, str) else None
    except ValueError:
        return None
    if parts is None or not parts.hostname:
        return None
    secure = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname))
    return str(value) if secure else None
