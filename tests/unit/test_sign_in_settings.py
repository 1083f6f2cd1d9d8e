"""The settings of sign-in fit together, or the process does not start and says what to set."""

from __future__ import annotations

import pytest

from portal.config import Config
from portal.errors import ConfigurationError

GOOD = {
    "MESHDESK_OIDC_ISSUER": "https://login.example.org/realms/mesh",
    "MESHDESK_OIDC_CLIENT_ID": "meshdesk",
    "MESHDESK_PUBLIC_URL": "https://desk.example.com/",
    "MESHDESK_SECRET_KEY": "k" * 32,
}


def test_good_settings_are_taken() -> None:
    found = Config.from_env(GOOD)
    assert found.public_url == "https://desk.example.com"
    assert found.oidc_name_claim == "preferred_username"
    assert found.local_sign_in is None


@pytest.mark.parametrize("host", ["127.0.0.1:9000", "localhost", "[::1]:8000"])
def test_on_loopback_there_may_be_no_tls(host: str) -> None:
    own = {"MESHDESK_OIDC_ISSUER": f"http://{host}", "MESHDESK_PUBLIC_URL": f"http://{host}"}
    assert Config.from_env({**GOOD, **own}).public_url == f"http://{host}"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"MESHDESK_SECRET_KEY": ""}, "needs MESHDESK_SECRET_KEY too"),
        ({"MESHDESK_SECRET_KEY": "short"}, "at least 32 characters"),
        ({"MESHDESK_PUBLIC_URL": ""}, "needs MESHDESK_PUBLIC_URL too"),
        ({"MESHDESK_OIDC_CLIENT_ID": ""}, "needs MESHDESK_OIDC_CLIENT_ID too"),
        ({"MESHDESK_OIDC_ISSUER": ""}, "needs MESHDESK_OIDC_ISSUER"),
        ({"MESHDESK_OIDC_ISSUER": "http://login.example.org"}, "start with https://"),
        ({"MESHDESK_OIDC_ISSUER": "https://login.example.org?x=1"}, "without a query"),
        ({"MESHDESK_OIDC_ISSUER": "https://login.example.org/" + "x" * 250}, "at most 253"),
        ({"MESHDESK_PUBLIC_URL": "http://desk.example.com"}, "start with https://"),
        ({"MESHDESK_PUBLIC_URL": "https://desk.example.com/mesh"}, "only a scheme and a host"),
        ({"MESHDESK_PUBLIC_URL": "desk.example.com"}, "is no address"),
        ({"MESHDESK_PUBLIC_URL": "https://me:secret@desk.example.com"}, "is no address"),
        ({"MESHDESK_PUBLIC_URL": "https://desk.example.com:port"}, "is no address"),
        ({"MESHDESK_OIDC_SCOPES": "profile email"}, "has to name `openid`"),
        ({"MESHDESK_SESSION": "PT1H"}, "MESHDESK_SESSION_IDLE may be at most"),
        ({"MESHDESK_SESSION": "never"}, "MESHDESK_SESSION='never' cannot be used"),
        ({"MESHDESK_LOCAL_SIGN_IN": "on"}, "MESHDESK_OIDC_ISSUER is to prevent"),
        ({"MESHDESK_LOCAL_SIGN_IN": "yes"}, "`on` or `off`"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_what_does_not_fit_is_told(changes: dict[str, str], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words.replace("?", r"\?")):
        Config.from_env({**GOOD, **changes})


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"DATABASE_URL": "postgresql+psycopg://me@host/meshdesk"}, "for SQLite only"),
        ({"HOST": "::"}, "for this machine only"),
        ({"HOST": "192.0.2.1"}, "for this machine only"),
        ({"HOST": ""}, None),
        ({"HOST": "::1"}, None),
        ({"MESHDESK_PUBLIC_URL": "https://desk.example.com"}, "no address for others"),
        ({"MESHDESK_PUBLIC_URL": "http://localhost:8000"}, None),
    ],
    ids=str,
)
def test_the_local_sign_in_is_for_this_machine(changes: dict[str, str], words: str | None) -> None:
    local = {"MESHDESK_LOCAL_SIGN_IN": "on", **changes}
    if words is None:
        assert Config.from_env(local).local_sign_in is True
        return
    with pytest.raises(ConfigurationError, match=words):
        Config.from_env(local)
    assert Config.from_env({**local, "MESHDESK_LOCAL_SIGN_IN": "off"}).local_sign_in is False
