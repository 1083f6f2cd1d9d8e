"""Forms are taken only from pages of ours: each carries a token made of a secret that the browser's cookie holds."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import timedelta
from urllib.parse import urlsplit

from flask import Response, g, request

from portal.api.context import parts
from portal.errors import Forbidden
from portal.web import cookies

FIELD = "form_token"
UNTRUSTED = (
    "This was not sent by a page of Meshdesk that is still valid, so nothing was changed: load the page anew and try "
    "again."
)


def token() -> str:
    """The token for the forms of the page that is made now."""
    return _token(_secret())


def check() -> None:
    """Raise Forbidden unless what was sent came from a form of ours."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        raise Forbidden(UNTRUSTED)
    if request.headers.get("Origin", own_origin()) != own_origin():
        raise Forbidden(UNTRUSTED)
    if not hmac.compare_digest(request.form.get(FIELD, "").encode(), token().encode()):
        raise Forbidden(UNTRUSTED)


def own_origin() -> str:
    """Where our pages are: MESHDESK_PUBLIC_URL, else what the browser asked for."""
    parts_ = urlsplit(parts().config.public_url or request.host_url)
    return f"{parts_.scheme}://{parts_.netloc}"


def keep_secret(response: Response) -> Response:
    """Give the browser the secret of a form that was shown to somebody who is not signed in."""
    if "new_form_secret" in g:
        cookies.give(response, cookies.FORM, g.new_form_secret, timedelta(hours=1))
    return response


def _secret() -> str:
    if g.session_secret is not None:
        return str(g.session_secret)
    found = cookies.read(cookies.FORM) or g.get("new_form_secret")
    if found is None:
        found = g.new_form_secret = secrets.token_urlsafe(32)
    return str(found)


def _token(secret: str) -> str:
    return hmac.new(secret.encode(), b"form", hashlib.sha256).hexdigest()
