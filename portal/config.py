"""Every setting of Meshdesk, read once from the environment by the one reader here; documented in docs/settings.md."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from pathlib import Path
from typing import Any

import isodate

from portal import sign_in_settings
from portal.errors import ConfigurationError


def _duration(text: str) -> timedelta:
    value = isodate.parse_duration(text)
    if not isinstance(value, timedelta) or value <= timedelta(0):
        raise ValueError("a positive ISO 8601 duration in weeks, days, hours, minutes or seconds")
    return value


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise ValueError("a whole number of at least 1")
    return value


def _hour(text: str) -> int:
    value = int(text)
    if value not in range(24):
        raise ValueError("an hour from 0 to 23")
    return value


def _switch(text: str) -> bool:
    if text not in ("on", "off"):
        raise ValueError("`on` or `off`")
    return text == "on"


def _address(text: str) -> str:
    return text.rstrip("/")


def _setting(variable: str, default: Any, read: Callable[[str], Any], words: str) -> Any:
    return field(default=default, metadata={"variable": variable, "read": read, "words": words})


@dataclass(frozen=True)
class Config:
    """The settings of one process; durations are `timedelta`, paths are `Path`."""

    var: Path = _setting("VAR", Path("var"), Path, "Folder for everything that `make run` writes.")
    host: str = _setting("HOST", "127.0.0.1", str, "Address that the web server listens on.")
    port: int = _setting("PORT", 8000, _count, "Port that the web server listens on.")
    database_url: str = _setting(
        "DATABASE_URL", "", str, "SQLAlchemy address of the database; empty: SQLite at $VAR/meshdesk.db."
    )
    redis_url: str = _setting(
        "REDIS_URL", "", str, "Address of the Redis-protocol server; empty: `meshdesk up` starts an embedded Valkey."
    )
    clusters_file: Path | None = _setting(
        "MESHDESK_CLUSTERS", None, Path, "Workers only: file that says how each cluster is reached."
    )
    channels_file: Path | None = _setting(
        "MESHDESK_CHANNELS", None, Path, "Workers only: file that says how people are told: mail, chats, webhooks."
    )
    digest_hour: int = _setting(
        "MESHDESK_DIGEST_HOUR", 7, _hour, "Hour of the day, in UTC, at which digests of notices go out."
    )
    shortest_window: timedelta = _setting(
        "MESHDESK_SHORTEST_WINDOW", timedelta(minutes=1), _duration, "Shortest duration that may be asked for."
    )
    lease: timedelta = _setting(
        "MESHDESK_LEASE", timedelta(seconds=15), _duration, "How long a worker's claim on a ticket holds unrenewed."
    )
    beat_every: timedelta = _setting(
        "MESHDESK_BEAT", timedelta(seconds=5), _duration, "How often beat looks for what is due, stuck or unsent."
    )
    inventory_every: timedelta = _setting(
        "MESHDESK_INVENTORY", timedelta(seconds=60), _duration, "How often each cluster's inventory is refreshed."
    )
    posture_every: timedelta = _setting(
        "MESHDESK_POSTURE", timedelta(minutes=5), _duration, "How often the posture of each cluster is read."
    )
    topline_every: timedelta = _setting(
        "MESHDESK_TOPLINE",
        timedelta(minutes=1),
        _duration,
        "How often each cluster's Prometheus is asked for success rates and latencies; new figures come each minute.",
    )
    cluster_timeout: timedelta = _setting(
        "MESHDESK_CLUSTER_TIMEOUT", timedelta(seconds=5), _duration, "Longest that one call to a cluster may take."
    )
    viz_limit: timedelta = _setting(
        "MESHDESK_VIZ_LIMIT", timedelta(minutes=3), _duration, "How long Viz may take to come up before it is undone."
    )
    web_threads: int = _setting(
        "MESHDESK_WEB_THREADS", 16, _count, "Threads of the web server; at most half of them wait in long polls."
    )
    worker_threads: int = _setting("MESHDESK_WORKER_THREADS", 4, _count, "Tasks that one worker runs at a time.")
    helm: Path | None = _setting(
        "MESHDESK_HELM", None, Path, "`meshdesk registry` only: the Helm program, for clusters whose Viz is a chart."
    )
    max_body: int = _setting("MESHDESK_MAX_BODY", 1_000_000, _count, "Largest request body in bytes.")
    token_longest: timedelta = _setting(
        "MESHDESK_TOKEN_LONGEST", timedelta(days=90), _duration, "How long a token made through the API may work."
    )
    metrics_token: str = _setting(
        "MESHDESK_METRICS_TOKEN", "", str, "Bearer token that `/metrics` needs; empty: it answers this machine only."
    )
    public_url: str = _setting(
        "MESHDESK_PUBLIC_URL", "", _address, "Address at which people reach the pages, https but on loopback."
    )
    secret_key: str = _setting(
        "MESHDESK_SECRET_KEY", "", str, "Random text that signs a sign-in under way; the same for every web process."
    )
    oidc_issuer: str = _setting(
        "MESHDESK_OIDC_ISSUER", "", str, "Issuer of the OpenID provider by which people sign in; empty: they do not."
    )
    oidc_client_id: str = _setting("MESHDESK_OIDC_CLIENT_ID", "", str, "Name of Meshdesk at the OpenID provider.")
    oidc_client_secret: str = _setting(
        "MESHDESK_OIDC_CLIENT_SECRET", "", str, "Its secret there; empty: it is a public client, held by PKCE alone."
    )
    oidc_scopes: str = _setting(
        "MESHDESK_OIDC_SCOPES", "openid profile email", str, "Scopes that are asked of the provider, by spaces."
    )
    oidc_name_claim: str = _setting(
        "MESHDESK_OIDC_NAME_CLAIM", "preferred_username", str, "Claim that is the sign-in name of the registry."
    )
    oidc_groups_claim: str = _setting(
        "MESHDESK_OIDC_GROUPS_CLAIM", "groups", str, "Claim that lists a person's groups, which give roles."
    )
    oidc_audience: str = _setting(
        "MESHDESK_OIDC_AUDIENCE", "", str, "Audience of JWTs that the API accepts; empty: the client's id."
    )
    session: timedelta = _setting(
        "MESHDESK_SESSION", timedelta(hours=12), _duration, "How long somebody stays signed in with a browser."
    )
    session_idle: timedelta = _setting(
        "MESHDESK_SESSION_IDLE", timedelta(hours=2), _duration, "How long without a request, until that ends earlier."
    )
    local_sign_in: bool | None = _setting(
        "MESHDESK_LOCAL_SIGN_IN",
        None,
        _switch,
        "`on`: anybody on this machine signs in as anybody; `meshdesk up` turns it on unless it is `off`.",
    )

    def __post_init__(self) -> None:
        if self.cluster_timeout >= self.lease:
            raise ConfigurationError("MESHDESK_CLUSTER_TIMEOUT must be below MESHDESK_LEASE: shorten it.")
        sign_in_settings.check(self)

    @property
    def database(self) -> str:
        """The database's address, the embedded SQLite file when none is set."""
        return self.database_url or f"sqlite:///{self.var.absolute() / 'meshdesk.db'}"

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Config:
        """Read the settings that `environ` names; raises ConfigurationError with the variable and what it takes."""
        found = os.environ if environ is None else environ
        return cls(**{f.name: _read(f.metadata, found) for f in fields(cls) if found.get(f.metadata["variable"])})


def _read(metadata: Mapping[str, Any], environ: Mapping[str, str]) -> Any:
    variable = metadata["variable"]
    try:
        return metadata["read"](environ[variable])
    except (ValueError, isodate.ISO8601Error) as error:
        raise ConfigurationError(f"{variable}={environ[variable]!r} cannot be used: {error}.") from error
