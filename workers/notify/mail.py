"""Mail: the address is one of Apprise's, the message is ours, so that its Message-ID is the same at each try.

Apprise gives every message a new Message-ID, by which nobody could know a repeat.
"""

from __future__ import annotations

import smtplib
import ssl
from email.message import EmailMessage
from email.utils import format_datetime, formataddr
from typing import Any

from apprise.plugins.email import NotifyEmail

from portal.notify.words import Letter
from workers.notify.clock import utc_now
from workers.notify.outcomes import Undelivered

# Seconds for each step of the conversation with the server.
TIMEOUT = 10.0


def send_mail(address: NotifyEmail, letter: Letter, sent_as: str) -> None:
    """Hand the letter to the mail server for all that the address names; raises Undelivered."""
    receivers = [receiver for _, receiver in address.targets]
    try:
        with _connected(address) as server:
            refused = server.send_message(message(address, letter, sent_as), str(address.from_addr[1]), receivers)
    except smtplib.SMTPAuthenticationError as error:
        raise Undelivered("The mail server refused the sign-in.") from error
    except smtplib.SMTPRecipientsRefused as error:
        raise Undelivered(f"The mail server refused the recipient ({_codes(error.recipients)}).") from error
    except smtplib.SMTPResponseException as error:
        raise Undelivered(f"The mail server answered {error.smtp_code}.") from error
    except (smtplib.SMTPException, OSError, ValueError) as error:
        raise Undelivered(f"The mail server could not be reached ({type(error).__name__}).") from error
    if refused:
        raise Undelivered(f"The mail server refused one of several recipients ({_codes(refused)}).")


def _codes(refused: dict[str, Any]) -> str:
    return ", ".join(sorted({str(answer[0]) for answer in refused.values()}))


def _connected(address: NotifyEmail) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if not address.verify_certificate:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    host, port = address.smtp_host, address.port or 0
    if address.secure_mode == "ssl":
        server: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=TIMEOUT, context=context)
    else:
        server = smtplib.SMTP(host, port, timeout=TIMEOUT)
    try:
        if address.secure_mode == "starttls":
            server.starttls(context=context)
        if address.user and address.password:
            server.login(address.user, address.password)
    except BaseException:
        server.close()
        raise
    return server


def message(address: NotifyEmail, letter: Letter, sent_as: str) -> EmailMessage:
    """The letter as a mail; `sent_as` makes its Message-ID."""
    made = EmailMessage()
    name, sender = (str(part) if part else "" for part in address.from_addr)
    made["Message-ID"] = f"<{sent_as}@{sender.rpartition('@')[2]}>"
    made["From"] = formataddr((name or "Meshdesk", sender))
    made["To"] = ", ".join(receiver for _, receiver in address.targets)
    made["Subject"] = letter.title
    made["Date"] = format_datetime(utc_now())
    # Holiday notices and the like must not answer.
    made["Auto-Submitted"] = "auto-generated"
    made.set_content(letter.text)
    return made
