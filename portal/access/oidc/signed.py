"""JWTs of the provider: signature by its present keys, then issuer, audience and times. Everything else is refused."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import ExpiredTokenError, InvalidClaimError, InvalidKeyIdError, JoseError, MissingClaimError
from joserfc.jwk import KeySet, OctKey
from joserfc.jws import JWSRegistry
from joserfc.jwt import JWTClaimsRegistry

from portal.access.oidc.documents import Document
from portal.errors import ConfigurationError, SignInNeeded

# No `none`, and no HMAC: a public key must never do as a shared secret.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
# Tokens of other sorts (a logout token, a proof of possession) are signed by the same keys.
TYPES = ("jwt", "at+jwt", "application/at+jwt", "")
LEEWAY_SECONDS = 60
LONGEST_HEADER = 8192
NO_KEYS = "The identity provider's keys cannot be read: see what its jwks_uri answers."


def read_keys(found: Mapping[str, Any]) -> KeySet:
    """The public keys of a JWKS document; raises ConfigurationError when there is none that can be used."""
    try:
        known = KeySet.import_key_set({"keys": list(found["keys"])})
    except (JoseError, KeyError, TypeError, ValueError) as error:
        raise ConfigurationError(NO_KEYS) from error
    return KeySet([key for key in known.keys if not isinstance(key, OctKey)])


def decode(token: str, keys: Document[KeySet]) -> jwt.Token:
    """The token once its signature was proven; an unknown key has the keys fetched anew. Raises SignInNeeded."""
    try:
        try:
            found = _decode(token, keys.get())
        except InvalidKeyIdError:
            found = _decode(token, keys.get_newer())
    except (JoseError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise SignInNeeded(f"This token cannot be used: {_why(error)}.") from error
    if str(found.header.get("typ") or "").lower() not in TYPES:
        raise SignInNeeded("This token cannot be used: it is of another type than an access or identity token.")
    return found


def _decode(token: str, keys: KeySet) -> jwt.Token:
    registry = JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)
    registry.max_header_length = LONGEST_HEADER
    return jwt.decode(token, keys, registry=registry)


def check_bearer(token: jwt.Token, *, issuer: str, audience: str) -> dict[str, Any]:
    """The claims of a token for the API; raises SignInNeeded."""
    wanted = JWTClaimsRegistry(
        now=_now,
        leeway=LEEWAY_SECONDS,
        iss={"essential": True, "value": issuer},
        aud={"essential": True, "value": audience},
        sub={"essential": True},
        exp={"essential": True},
        iat={"essential": True},
    )
    try:
        wanted.validate(token.claims)
    except JoseError as error:
        raise SignInNeeded(f"This token cannot be used: {_why(error)}.") from error
    return dict(token.claims)


def check_id_token(token: jwt.Token, *, issuer: str, client_id: str, nonce: str, access_token: str) -> dict[str, Any]:
    """The claims of the identity token that answers a sign-in of ours; raises SignInNeeded."""
    options = {"iss": {"essential": True, "value": issuer}, "aud": {"essential": True, "value": client_id}}
    params = {"nonce": nonce, "client_id": client_id, "access_token": access_token}
    claims = CodeIDToken(token.claims, token.header, options, params)
    try:
        claims.validate(now=_now(), leeway=LEEWAY_SECONDS)
    except (JoseError, TypeError, ValueError) as error:
        raise SignInNeeded(f"The identity provider's answer cannot be used: {_why(error)}.") from error
    return dict(claims)


def _now() -> int:
    return int(time.time())


def _why(error: Exception) -> str:
    match error:
        case ExpiredTokenError():
            return "it is expired"
        case MissingClaimError() | InvalidClaimError():
            return f"its claims do not fit ({error.description})"
        case InvalidKeyIdError():
            return "the identity provider has no such key"
        case _:
            return "it is no JWT that the identity provider signed"
