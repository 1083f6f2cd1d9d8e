"""Addresses of Apprise: chats and mail. This is the only file, with mail.py, that imports Apprise."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

from apprise import Apprise, AppriseAsset, NotifyFormat
from apprise.plugins import NotifyBase
from apprise.plugins.email import NotifyEmail

from portal.notify.words import Letter
from workers.notify.mail import send_mail
from workers.notify.outcomes import NoChannel, Undelivered, redacted, secrets_in

EMAIL = "{email}"
SAMPLE = "somebody@example.com"
MAIL = ("mailto", "mailtos")
# Seconds that a whole send may take.
TIMEOUT = 20.0
# What Apprise logs by itself may hold addresses: what matters of it comes back with the result.
logging.getLogger("apprise").propagate = False
logging.getLogger("apprise").addHandler(logging.NullHandler())


def opened(url: str) -> NotifyBase | None:
    """What Apprise makes of an address; None where it knows no such service or a part is missing."""
    asset = AppriseAsset(app_id="Meshdesk", app_desc="Meshdesk", secure_logging=True)
    found: NotifyBase | None = Apprise.instantiate(url, asset=asset, suppress_exceptions=True)
    return found


def takes_an_address(template: str) -> bool:
    """True for what people's own addresses fit into: a mail server, or an address with `{email}` in it."""
    return EMAIL in template or urlsplit(template).scheme in MAIL


def to_own(template: str, email: str) -> str:
    """The address of one person; their mail address is quoted, so it stays one part of it."""
    one = quote(email, safe="")
    if EMAIL in template:
        return template.replace(EMAIL, one)
    return f"{template}{'&' if urlsplit(template).query else '?'}to={one}"


@dataclass(frozen=True)
class Service:
    """One address of Apprise, ready to send to."""

    url: str = field(repr=False)

    def send(self, letter: Letter, sent_as: str) -> None:
        """Send the letter; raises Undelivered, NoChannel for an address that Apprise cannot use."""
        address = opened(self.url)
        if address is None:
            raise NoChannel("The address cannot be used: see `meshdesk channels check`.")
        if isinstance(address, NotifyEmail):
            send_mail(address, letter, sent_as)
            return
        desk = Apprise()
        desk.add(address)
        result = desk.notify(body=letter.text, title=letter.title, body_format=NotifyFormat.TEXT.value, timeout=TIMEOUT)
        if not result:
            said = " ".join(entry.message for entry in result.logs()) or f"It ended as {result.status.name.lower()}."
            raise Undelivered(redacted(f"{address.service_name}: {said}"[:500], secrets_in(self.url)))
