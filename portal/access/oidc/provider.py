"""The OpenID provider of the settings: the authorization code flow with PKCE, and the JWTs that the API gets.

Nothing is asked of it before somebody signs in: one that is away keeps nothing else from working.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from joserfc.jwk import KeySet

from portal.access.oidc import signed
from portal.access.oidc.claims import Identity, identity_of
from portal.access.oidc.documents import AWAY, TIMEOUT_SECONDS, Document, get_json
from portal.access.oidc.metadata import WELL_KNOWN, Metadata, read_metadata
from portal.config import Config
from portal.errors import ConfigurationError, ProviderAway, SignInNeeded
from portal.sign_in_settings import is_loopback

CALLBACK = "/sign-in/callback"


def _random() -> str:
    return secrets.token_urlsafe(48)


@dataclass(frozen=True)
class Handshake:
    """What we must remember of a sign-in under way: it binds the provider's answer to this browser."""

    state: str = field(default_factory=_random)
    nonce: str = field(default_factory=_random)
    verifier: str = field(default_factory=_random)
    next: str = "/"


class Provider:
    """The provider as one web process knows it; several threads use it."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._metadata: Document[Metadata] = Document(
            lambda: config.oidc_issuer.rstrip("/") + WELL_KNOWN, lambda found: read_metadata(found, config.oidc_issuer)
        )
        self._keys: Document[KeySet] = Document(lambda: self._metadata.get().jwks_uri, signed.read_keys)

    def bearer(self, token: str) -> Identity:
        """Whose JWT the API got; raises SignInNeeded, Forbidden (claims that cannot be used), ProviderAway."""
        audience = self._config.oidc_audience or self._config.oidc_client_id
        found = signed.decode(token, self._keys)
        return identity_of(signed.check_bearer(found, issuer=self._config.oidc_issuer, audience=audience), self._config)

    def begin(self, handshake: Handshake) -> str:
        """Where to send somebody who signs in; raises ProviderAway."""
        metadata = self._metadata.get()
        with self._client(metadata) as client:
            address, _ = client.create_authorization_url(
                metadata.authorization_endpoint,
                state=handshake.state,
                nonce=handshake.nonce,
                code_verifier=handshake.verifier,
            )
        return str(address)

    def finish(self, answer: Mapping[str, str], handshake: Handshake) -> Identity:
        """Who came back from there with this query; raises SignInNeeded, Forbidden, ProviderAway."""
        if not secrets.compare_digest(answer.get("state", "").encode(), handshake.state.encode()):
            raise SignInNeeded("This answer belongs to another sign-in than the one that you began: begin again.")
        # RFC 9207: an answer that says from whom it is must be from whom we asked.
        if answer.get("iss", self._config.oidc_issuer) != self._config.oidc_issuer:
            raise SignInNeeded(
                "This answer is from another identity provider than the one that was asked: begin again."
            )
        if "error" in answer or not answer.get("code"):
            raise SignInNeeded(
                "The identity provider did not sign you in: begin again, or ask your platform operators."
            )
        return identity_of(self._claims(answer["code"], handshake), self._config)

    def sign_out(self) -> str | None:
        """Where to send somebody who signs out, so that the provider ends its session too; None where it cannot."""
        try:
            address = self._metadata.get().end_session_endpoint
        except (ProviderAway, ConfigurationError):
            # Nobody is kept from signing out of Meshdesk.
            return None
        if address is None:
            return None
        back = {
            "client_id": self._config.oidc_client_id,
            "post_logout_redirect_uri": f"{self._config.public_url}/sign-in",
        }
        return f"{address}{'&' if urlsplit(address).query else '?'}{urlencode(back)}"

    def _claims(self, code: str, handshake: Handshake) -> dict[str, Any]:
        metadata = self._metadata.get()
        token = self._redeem(metadata, code, handshake)
        access_token = str(token.get("access_token") or "")
        claims = signed.check_id_token(
            signed.decode(str(token.get("id_token") or ""), self._keys),
            issuer=self._config.oidc_issuer,
            client_id=self._config.oidc_client_id,
            nonce=handshake.nonce,
            access_token=access_token,
        )
        wanted = {self._config.oidc_name_claim, self._config.oidc_groups_claim}
        if metadata.userinfo_endpoint and access_token and not wanted <= claims.keys():
            return _with_userinfo(claims, get_json(metadata.userinfo_endpoint, access_token))
        return claims

    def _redeem(self, metadata: Metadata, code: str, handshake: Handshake) -> Mapping[str, Any]:
        try:
            with self._client(metadata) as client:
                found = client.fetch_token(
                    metadata.token_endpoint,
                    grant_type="authorization_code",
                    code=code,
                    code_verifier=handshake.verifier,
                )
        except AuthlibBaseError as error:
            raise SignInNeeded("The identity provider did not take its own answer back: begin again.") from error
        except (requests.RequestException, ValueError) as error:
            raise ProviderAway(AWAY) from error
        return found if isinstance(found, Mapping) else {}

    def _client(self, metadata: Metadata) -> OAuth2Session:
        basic = "client_secret_basic" in metadata.auth_methods or "client_secret_post" not in metadata.auth_methods
        with_secret = "client_secret_basic" if basic else "client_secret_post"
        client = OAuth2Session(
            self._config.oidc_client_id,
            self._config.oidc_client_secret or None,
            token_endpoint_auth_method=with_secret if self._config.oidc_client_secret else "none",
            scope=self._config.oidc_scopes,
            redirect_uri=self._config.public_url + CALLBACK,
            code_challenge_method="S256",
            default_timeout=TIMEOUT_SECONDS,
        )
        client.trust_env = not is_loopback(urlsplit(metadata.token_endpoint).hostname)
        return client


def _with_userinfo(claims: dict[str, Any], userinfo: dict[str, Any]) -> dict[str, Any]:
    """What the identity token says, and of the rest what the provider tells of the same person."""
    if userinfo.get("sub") != claims["sub"]:
        raise SignInNeeded("The identity provider told of two different people: begin again.")
    return {**userinfo, **claims}
