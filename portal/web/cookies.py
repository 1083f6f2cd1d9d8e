"""The cookies: the session, a sign-in under way, forms before anybody is signed in, and the colours of the pages."""

from __future__ import annotations

from datetime import timedelta

from flask import Response, request

from portal.api.context import parts

SESSION = "meshdesk"
HANDSHAKE = "meshdesk-sign-in"
FORM = "meshdesk-form"
THEME = "meshdesk-theme"
LONGEST = 8192


def read(name: str) -> str | None:
    """What the browser sent under one of the names above; None where that is nothing or nothing of ours."""
    found = request.cookies.get(_whole(name))
    return found if found and len(found) <= LONGEST else None


def give(response: Response, name: str, value: str, lifetime: timedelta) -> None:
    """Have the browser keep a value, out of reach of scripts and of other sites' requests."""
    response.set_cookie(
        _whole(name), value, max_age=lifetime, path="/", secure=_secure(), httponly=True, samesite="Lax"
    )


def take(response: Response, name: str) -> None:
    """Have the browser forget a value."""
    response.delete_cookie(_whole(name), path="/", secure=_secure(), httponly=True, samesite="Lax")


def _secure() -> bool:
    return parts().config.public_url.startswith("https://")


def _whole(name: str) -> str:
    # The prefix has browsers refuse the cookie unless it is Secure and of this very host. On loopback there is no TLS.
    return f"__Host-{name}" if _secure() else name
