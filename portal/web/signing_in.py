"""Signing in and out: at the identity provider, or on one's own machine as anybody (`make run`)."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta

from flask import Response, g, request
from itsdangerous import BadData, URLSafeTimedSerializer

from portal import http
from portal.access.oidc import Handshake, Provider
from portal.access.web_sessions import BY_PROVIDER, LOCALLY
from portal.api import sign_in
from portal.api.context import parts
from portal.errors import Forbidden, NotFound, SignInNeeded
from portal.models import Person
from portal.queries import people as selects
from portal.queries.people import Seat
from portal.web import cookies, sessions
from portal.web.blueprint import blueprint
from portal.web.page import go, render

PATIENCE = timedelta(minutes=10)
MOST_BUTTONS = 40


@blueprint.get("/sign-in")
def sign_in_page() -> Response:
    """Offer the ways to sign in that there are; who is signed in already goes on."""
    then = sessions.own_path(request.args.get("next"))
    if g.web_session is not None:
        return go(then)
    people = _locals() if parts().config.local_sign_in else None
    return render("sign_in.html", provider=parts().provider, people=people, next=then)


@blueprint.get("/sign-in/provider")
def to_provider() -> Response:
    """Send somebody to the identity provider; 503 while it is away."""
    handshake = Handshake(next=sessions.own_path(request.args.get("next")))
    response = go(_provider().begin(handshake))
    cookies.give(response, cookies.HANDSHAKE, _signer().dumps(asdict(handshake)), PATIENCE)
    return response


@blueprint.get("/sign-in/callback")
def callback() -> Response:
    """Take somebody back from the identity provider, once."""
    provider, handshake = _provider(), _handshake()
    person = sign_in.welcome(provider.finish(request.args.to_dict(), handshake))
    return sessions.begin(person, BY_PROVIDER, handshake.next)


@blueprint.after_request
def forget_handshake(response: Response) -> Response:
    """An answer of the provider is for one sign-in, whether that went well or not."""
    if request.endpoint == "web.callback":
        cookies.take(response, cookies.HANDSHAKE)
    return response


@blueprint.post("/sign-in/local")
def sign_in_locally() -> Response:
    """Sign in as anybody whom the registry names, on one's own machine only."""
    if not parts().config.local_sign_in:
        raise NotFound("There is no local sign-in here: sign in by the identity provider.")
    wanted = request.form.get("name")
    person = next((person for person, _ in _locals() if person.name == wanted), None)
    if person is None:
        raise NotFound("Nobody of this name can sign in here: choose one of the buttons.")
    return sessions.begin(person, LOCALLY, sessions.own_path(request.form.get("next")))


@blueprint.post("/sign-out")
def sign_out() -> Response:
    """End this browser's session, and the provider's too where it can."""
    way = sessions.present().way
    sessions.end()
    provider = parts().provider
    onward = provider.sign_out() if provider is not None and way == BY_PROVIDER else None
    response = go("/sign-in") if onward is None else render("signed_out.html", onward=onward)
    if onward is not None:
        # Browsers hold the redirects of a form to the page's form-action: going on is a navigation of its own.
        response.headers["Refresh"] = f"0; url={onward}"
    cookies.take(response, cookies.SESSION)
    return response


def _provider() -> Provider:
    found = parts().provider
    if found is None:
        raise NotFound("No identity provider is set up here: MESHDESK_OIDC_ISSUER names one.")
    return found


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(parts().config.secret_key, salt="meshdesk sign-in")


def _handshake() -> Handshake:
    try:
        return Handshake(
            **_signer().loads(cookies.read(cookies.HANDSHAKE) or "", max_age=int(PATIENCE.total_seconds()))
        )
    except (BadData, TypeError) as error:
        raise SignInNeeded(
            "This sign-in was begun in another browser, is over already, or took more than ten minutes: begin again."
        ) from error


def _locals() -> list[tuple[Person, list[Seat]]]:
    """Everybody who can be chosen, with their roles; raises Forbidden to whoever is not on this machine itself."""
    if not (http.from_this_machine() and http.asked_on_loopback()):
        raise Forbidden("The local sign-in answers this machine only, under an address of its own loopback.")
    with parts().database.reading() as session:
        people = selects.with_roles(session, limit=MOST_BUTTONS)
        return [(one, selects.seats(session, one.id)) for one in people]
