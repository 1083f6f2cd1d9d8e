"""How the settings of sign-in fit together: `Config` calls `check`. Nothing is looked up, for an issuer may be away."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from portal.errors import ConfigurationError

if TYPE_CHECKING:
    from portal.config import Config

LONGEST = 253
SHORTEST_KEY = 32
NEW_KEY = 'python3 -c "import secrets; print(secrets.token_urlsafe(48))"'


def check(config: Config) -> None:
    """Raise ConfigurationError, with what to do, where the settings of sign-in do not fit together."""
    if config.session_idle > config.session:
        raise ConfigurationError("MESHDESK_SESSION_IDLE may be at most MESHDESK_SESSION: shorten it.")
    if config.public_url:
        _check_public_url(config.public_url)
    if config.oidc_issuer:
        _check_provider(config)
    elif config.oidc_client_id or config.oidc_client_secret:
        raise ConfigurationError("MESHDESK_OIDC_CLIENT_ID needs MESHDESK_OIDC_ISSUER: set both, or neither.")
    if config.local_sign_in:
        _check_local(config)


def is_loopback(host: str | None) -> bool:
    """True for `localhost` and addresses of this machine that no other reaches."""
    if host == "localhost":
        return True
    try:
        return ip_address(host or "").is_loopback
    except ValueError:
        return False


def _check_public_url(address: str) -> None:
    parts = _secure_parts("MESHDESK_PUBLIC_URL", address)
    if parts.path not in ("", "/") or parts.query:
        raise ConfigurationError(
            "MESHDESK_PUBLIC_URL is only a scheme and a host: write it like https://meshdesk.example.com."
        )


def _check_provider(config: Config) -> None:
    parts = _secure_parts("MESHDESK_OIDC_ISSUER", config.oidc_issuer)
    if parts.query or len(config.oidc_issuer) > LONGEST:
        raise ConfigurationError(
            f"MESHDESK_OIDC_ISSUER is an address of at most {LONGEST} characters without a query: take it from the "
            "`issuer` of your provider's /.well-known/openid-configuration."
        )
    needed = {
        "MESHDESK_OIDC_CLIENT_ID": config.oidc_client_id,
        "MESHDESK_PUBLIC_URL": config.public_url,
        "MESHDESK_SECRET_KEY": config.secret_key,
    }
    if missing := [name for name, value in needed.items() if not value]:
        raise ConfigurationError(f"Sign-in by MESHDESK_OIDC_ISSUER needs {', '.join(missing)} too: set it.")
    if len(config.secret_key) < SHORTEST_KEY:
        raise ConfigurationError(
            f"MESHDESK_SECRET_KEY has to be random and at least {SHORTEST_KEY} characters long: make one by {NEW_KEY}."
        )
    if "openid" not in config.oidc_scopes.split():
        raise ConfigurationError("MESHDESK_OIDC_SCOPES has to name `openid`: write it like `openid profile email`.")


def _check_local(config: Config) -> None:
    off = "or set MESHDESK_LOCAL_SIGN_IN=off"
    if config.oidc_issuer:
        raise ConfigurationError(
            f"The local sign-in lets anybody be anybody, which MESHDESK_OIDC_ISSUER is to prevent: leave it out, {off}."
        )
    if not config.database.startswith("sqlite"):
        raise ConfigurationError(
            f"The local sign-in lets anybody be anybody, so it is for SQLite only: leave DATABASE_URL out, {off}."
        )
    if not is_loopback(config.host):
        raise ConfigurationError(
            f"The local sign-in lets anybody be anybody, so it is for this machine only: use HOST=127.0.0.1, {off}."
        )
    if config.public_url and not is_loopback(urlsplit(config.public_url).hostname):
        raise ConfigurationError(
            "The local sign-in lets anybody be anybody, so it has no address for others: leave MESHDESK_PUBLIC_URL "
            f"out, {off}."
        )


def _secure_parts(variable: str, address: str) -> SplitResult:
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError:
        parts, host = urlsplit(""), None
    if parts.scheme not in ("http", "https") or not host or parts.username is not None or parts.fragment:
        raise ConfigurationError(f"{variable} is no address: write it like https://name.example.com.")
    if parts.scheme == "http" and not is_loopback(host):
        raise ConfigurationError(f"{variable} has to start with https://, except on this machine's own loopback.")
    return parts
