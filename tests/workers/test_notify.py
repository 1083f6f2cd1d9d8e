"""Notices arrive at a real mail server and a real HTTP receiver: each once, never lost, repeats known by their id."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import select, update

from portal.models import Delivery, Person, Tenant, Ticket
from portal.notify import delivering
from portal.queries.notices import DeliveryFilter, backlog, deliveries, state_of
from tests import world
from tests.tickets.test_noting import tell
from tests.workers.desk import Desk
from tests.workers.receivers import PASSWORD, Inbox, Receiver
from workers.context import Context
from workers.notify import sending
from workers.notify.outcomes import Undelivered
from workers.notify.sending import send_due
from workers.notify.trying import send_test
from workers.notify.webhook import Webhook, signature
from workers.sweep import sweep

SECRET, NEXT_SECRET = "0123456789abcdef-old", "0123456789abcdef-new"
CHAT_TOKEN = "chat-token-that-nobody-may-read"


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    made = Inbox()
    made.start()
    yield made
    made.stop()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.stop()


@pytest.fixture
def office(desk: Desk, inbox: Inbox, receiver: Receiver, tmp_path: Path) -> Desk:
    """The desk, its people with addresses and its tenants with channels, and a worker that can reach them."""
    here = f"127.0.0.1:{receiver.port}"
    file = {
        "mail": {"url": f"mailto://desk:{PASSWORD}@127.0.0.1:{inbox.port}?from=desk@example.com"},
        "channels": {
            "operators": {"url": f"json://{here}/operators"},
            "emojis-chat": {"url": f"json://{here}/{CHAT_TOKEN}"},
        },
        "webhooks": {"emojis-hook": {"url": f"http://{here}/hook", "secret": [NEXT_SECRET, SECRET]}},
    }
    (tmp_path / "channels.yaml").write_text(yaml.safe_dump(file))
    with desk.database.unit_of_work() as session:
        for person in session.scalars(select(Person)):
            person.email = f"{person.name}@example.com"
    settings = {"channels_file": tmp_path / "channels.yaml", "public_url": "https://desk.example.com/"}
    desk.context = replace(desk.context, config=replace(desk.context.config, **settings))
    return desk


def channels(desk: Desk, *names: str) -> None:
    with desk.database.unit_of_work() as session:
        session.scalars(select(Tenant).where(Tenant.name == "emojis")).one().channels = list(names)


def waiting(desk: Desk, inbound: str = "7001") -> int:
    """A ticket that waits for its two partners, both of which are to be told by mail."""
    number = desk.ask(inbound)
    desk.preflight(number)
    return number


def log(desk: Desk, **wanted: Any) -> list[Delivery]:
    with desk.database.reading() as session:
        return list(deliveries(session, DeliveryFilter(**wanted), before=None, limit=100))[::-1]


def states(desk: Desk) -> list[str]:
    return [state_of(one) for one in log(desk)]


def pass_time(desk: Desk, by: timedelta = timedelta(hours=2)) -> None:
    """Let all that is on its way be due, and every claim run out."""
    with desk.database.unit_of_work() as session:
        earlier = datetime.now(UTC) - by
        session.execute(update(Delivery).where(Delivery.due_at > earlier).values(due_at=earlier))
        session.execute(update(Delivery).values(claim_until=earlier))


def test_each_arrives_once(office: Desk, inbox: Inbox) -> None:
    number = waiting(office)
    assert office.deliver("meshdesk.notify") == 1
    send_due(office.context, "mail")
    assert sorted(str(mail["To"]) for mail in inbox.mails) == ["partner2@example.com", "partner@example.com"]
    assert states(office) == ["delivered", "delivered"]
    mail = inbox.mails[0]
    assert mail["Subject"] == f"MD-{number} waits for a decision"
    text = str(mail.get_payload(decode=True), "utf-8")
    assert "encryption-exception, practice/emojivoto" in text
    assert f"https://desk.example.com/tickets/MD-{number}" in text
    assert "a test" not in text
    assert "7001" not in text


def test_nothing_is_lost_while_the_server_is_away(office: Desk, inbox: Inbox) -> None:
    inbox.stop()
    waiting(office)
    office.deliver("meshdesk.notify")
    assert states(office) == ["waiting", "waiting"]
    assert {one.problem for one in log(office)} == {"The mail server could not be reached (ConnectionRefusedError)."}
    inbox.start()
    send_due(office.context, "mail")
    assert inbox.mails == []
    pass_time(office)
    sweep(office.context)
    office.deliver("meshdesk.notify")
    assert len(inbox.mails) == 2
    assert states(office) == ["delivered", "delivered"]
    assert [one.attempts for one in log(office)] == [2, 2]


def test_once_the_server_is_back_the_others_need_not_wait_out_their_pauses(office: Desk, inbox: Inbox) -> None:
    inbox.stop()
    waiting(office)
    office.deliver("meshdesk.notify")
    inbox.start()
    with office.database.unit_of_work() as session:
        first = log(office)[0].id
        session.execute(update(Delivery).where(Delivery.id == first).values(due_at=datetime.now(UTC)))
    send_due(office.context, "mail")
    assert states(office) == ["delivered", "delivered"]


def test_a_server_that_is_away_is_not_asked_for_everybody(office: Desk, inbox: Inbox) -> None:
    inbox.stop()
    for inbound in ("7001", "7002", "7003"):
        waiting(office, inbound)
    send_due(office.context, "mail")
    assert sorted(one.attempts for one in log(office)) == [0, 0, 0, 1, 1, 1]


def test_pauses_grow_to_an_hour_and_then_it_is_given_up(office: Desk, inbox: Inbox) -> None:
    inbox.stop()
    waiting(office)
    pauses = []
    for tries in (1, 4, 20, delivering.TRIES):
        with office.database.unit_of_work() as session:
            now = datetime.now(UTC)
            # The database's clock may count milliseconds only: what is due now would be due a moment later.
            due = now - timedelta(seconds=1)
            session.execute(update(Delivery).values(attempts=tries - 1, due_at=due, claim_until=None))
        send_due(office.context, "mail")
        pauses.append(log(office)[0].due_at - datetime.now(UTC))
    grown = [round(pause.total_seconds(), -1) for pause in pauses]
    assert grown == [10, 80, 3600, 3600]
    assert states(office) == ["given-up", "given-up"]
    with office.database.unit_of_work() as session:
        assert backlog(session, now=datetime.now(UTC)).given_up == 2
        delivering.retry(session, log(office)[0].id, by=world.actor(session, "operator"), now=datetime.now(UTC))
    inbox.start()
    office.deliver("meshdesk.notify")
    assert states(office) == ["delivered", "given-up"]


def killed(*_: Any, **__: Any) -> None:
    raise KeyboardInterrupt


def test_who_is_killed_before_settling_has_the_same_sent_again(
    office: Desk, inbox: Inbox, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    channels(office, "emojis-hook")
    waiting(office)
    monkeypatch.setattr(delivering, "settle_delivered", killed)
    for channel in ("mail", "emojis-hook"):
        with pytest.raises(KeyboardInterrupt):
            send_due(office.context, channel)
    monkeypatch.undo()
    send_due(office.context, "emojis-hook")
    assert len(receiver.posts) == 1, "its claim still holds"
    pass_time(office)
    for channel in ("mail", "emojis-hook"):
        send_due(office.context, channel)
    first, again = (post.headers["Meshdesk-Delivery"] for post in receiver.posts)
    assert first == again
    assert receiver.posts[0].body == receiver.posts[1].body
    assert len(inbox.mails) == 3
    assert len(set(inbox.ids())) == 2
    assert set(states(office)) == {"delivered"}


def test_a_worker_whose_claim_ran_out_settles_nothing(office: Desk) -> None:
    waiting(office)
    with office.database.unit_of_work() as session:
        lost = delivering.claim(session, "mail", now=datetime.now(UTC), digest_hour=7)
    assert lost is not None
    pass_time(office)
    with office.database.unit_of_work() as session:
        held = delivering.claim(session, "mail", now=datetime.now(UTC), digest_hour=7)
        assert held is not None
        assert (held.sent_as == lost.sent_as, held.token == lost.token) == (True, False)
        delivering.settle_failed(session, lost, problem="It was too late.", now=datetime.now(UTC))
    assert {one.problem for one in log(office)} == {None}


def test_no_transaction_is_open_while_something_is_sent(office: Desk, receiver: Receiver) -> None:
    channels(office, "emojis-hook")
    waiting(office)
    wrote: list[bool] = []

    def write() -> None:
        with office.database.unit_of_work() as session:
            session.execute(update(Tenant).values(title="changed meanwhile"))
        wrote.append(True)

    receiver.before = write
    send_due(office.context, "emojis-hook")
    assert wrote == [True]
    assert len(receiver.posts) == 1


def test_a_channel_has_one_sender_and_all_of_them_half_of_the_threads(office: Desk, receiver: Receiver) -> None:
    channels(office, "emojis-hook", "emojis-chat")
    waiting(office)
    inside: list[int] = []

    def meanwhile() -> None:
        before = len(receiver.posts)
        send_due(office.context, "emojis-hook")
        narrow = replace(office.context, config=replace(office.context.config, worker_threads=1))
        send_due(narrow, "emojis-chat")
        inside.append(len(receiver.posts) - before)

    receiver.before = meanwhile
    send_due(office.context, "emojis-hook")
    assert inside == [0]
    assert len(receiver.posts) == 1


def morning(context: Context, hours_from_now: int) -> Context:
    """The worker with another hour of digests, so many hours from now."""
    hour = (datetime.now(UTC) + timedelta(hours=hours_from_now)).hour
    return replace(context, config=replace(context.config, digest_hour=hour))


def test_a_digest_is_one_message_at_its_hour(office: Desk, inbox: Inbox) -> None:
    with office.database.unit_of_work() as session:
        session.execute(update(Person).where(Person.name == "partner").values(digest=True))
    first, second = waiting(office, "7001"), waiting(office, "7002")
    office.context = morning(office.context, 3)
    sweep(office.context)
    office.deliver("meshdesk.notify")
    assert (len(inbox.to("partner")), len(inbox.to("partner2"))) == (0, 2)
    with office.database.unit_of_work() as session:
        session.execute(update(Delivery).values(due_at=datetime.now(UTC) - timedelta(hours=25)))
        assert backlog(session, now=datetime.now(UTC)).waiting == 0
    inbox.refuse = "451 Later."
    sweep(office.context)
    office.deliver("meshdesk.notify")
    later = waiting(office, "7003")
    inbox.refuse = None
    with office.database.unit_of_work() as session:
        tried = Delivery.attempts > 0
        session.execute(update(Delivery).where(tried).values(due_at=datetime.now(UTC)))
    send_due(office.context, "mail")
    (mail,) = inbox.to("partner")
    assert mail["Subject"] == "Meshdesk: 2 notices"
    text = str(mail.get_payload(decode=True), "utf-8")
    assert f"MD-{first} waits" in text
    assert f"MD-{second} waits" in text
    assert f"MD-{later}" not in text, "what came after the first try goes with the next one"


def test_what_is_urgent_does_not_wait_for_the_digest(office: Desk, inbox: Inbox) -> None:
    with office.database.unit_of_work() as session:
        session.execute(update(Person).values(digest=True))
    number = office.active("7001")
    office.release(number)
    with office.database.unit_of_work() as session:
        session.get_one(Ticket, number).ended_at = datetime.now(UTC) - timedelta(minutes=5)
    tell(office, number, "work:hindered", why="The API server is away.")
    send_due(office.context, "mail")
    assert {mail["To"] for mail in inbox.mails} >= {"partner@example.com", "operator@example.com"}
    assert {mail["Subject"] for mail in inbox.mails} == {f"MD-{number} could not be undone yet"}


def test_a_webhook_is_signed_by_each_secret_and_holds_no_reasons(office: Desk, receiver: Receiver) -> None:
    channels(office, "emojis-hook")
    number = waiting(office)
    send_due(office.context, "emojis-hook")
    (post,) = receiver.posts
    assert post.path == "/hook"
    stamp, delivery = post.headers["Meshdesk-Timestamp"], post.headers["Meshdesk-Delivery"]
    expected = [f"v1={signature(one, stamp, delivery, post.body)}" for one in (NEXT_SECRET, SECRET)]
    assert post.headers["Meshdesk-Signature"] == ",".join(expected)
    told = json.loads(post.body)
    assert (told["delivery"], told["sort"], told["ref"]) == (delivery, "waiting-for-you", f"MD-{number}")
    assert told["link"] == f"https://desk.example.com/tickets/MD-{number}"
    assert "7001" not in str(told)
    assert "a test" not in str(told)


def test_an_operator_tries_a_channel(office: Desk, inbox: Inbox, receiver: Receiver) -> None:
    config = office.context.config
    assert send_test(config, "mail", "somebody@example.com").startswith("Sent to mail as ")
    assert [mail["Subject"] for mail in inbox.to("somebody")] == ["MD-0 is a test"]
    for channel in ("emojis-chat", "emojis-hook"):
        send_test(config, channel, None)
    assert json.loads(receiver.posts[1].body)["sort"] == "test"
    receiver.status = 500
    with pytest.raises(Undelivered):
        send_test(config, "emojis-hook", None)


def test_a_redirect_is_not_followed(office: Desk, receiver: Receiver) -> None:
    channels(office, "emojis-hook")
    waiting(office)
    receiver.status, receiver.headers = 307, {"Location": f"http://127.0.0.1:{receiver.port}/elsewhere"}
    send_due(office.context, "emojis-hook")
    assert [post.path for post in receiver.posts] == ["/hook"]
    (failed,) = log(office, channel="emojis-hook")
    assert failed.problem == "The receiver answered 307, a redirect: give its new address."


def test_a_chat_is_told_through_apprise(office: Desk, receiver: Receiver) -> None:
    channels(office, "emojis-chat")
    number = waiting(office)
    send_due(office.context, "emojis-chat")
    (post,) = receiver.posts
    assert json.loads(post.body)["title"] == f"MD-{number} waits for a decision"


def test_what_is_said_of_failures_holds_no_secrets(
    office: Desk, inbox: Inbox, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    channels(office, "emojis-chat", "emojis-hook")
    waiting(office)
    inbox.refuse, receiver.status = f"550 {PASSWORD}", 500
    for channel in ("mail", "emojis-chat", "emojis-hook"):
        send_due(office.context, channel)
    receiver.stop()
    pass_time(office)
    for channel in ("emojis-chat", "emojis-hook"):
        send_due(office.context, channel)
    problems = [one.problem or "" for one in log(office)]
    assert all(problems)
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("workers")]
    assert len(ours) == 6
    assert not logging.getLogger("apprise").propagate
    for said in (*problems, *ours, repr(Webhook("https://h.example.com/token", (SECRET,)))):
        for secret in (PASSWORD, CHAT_TOKEN, SECRET, NEXT_SECRET, "/hook", "partner@example.com", "/token"):
            assert secret not in said


def test_a_wrong_password_is_told_without_it(office: Desk, tmp_path: Path) -> None:
    file = tmp_path / "channels.yaml"
    file.write_text(file.read_text().replace(PASSWORD, "another-password"))
    waiting(office)
    send_due(office.context, "mail")
    assert {one.problem for one in log(office)} == {"The mail server refused the sign-in."}


def test_without_a_channels_file_nobody_is_told_and_nothing_is_late(office: Desk) -> None:
    office.context = replace(office.context, config=replace(office.context.config, channels_file=None))
    channels(office, "emojis-hook")
    waiting(office)
    office.deliver("meshdesk.notify")
    assert set(states(office)) == {"no-channel"}
    assert {one.problem for one in log(office)} == {"There is no channels file: MESHDESK_CHANNELS is not set."}
    with office.database.reading() as session:
        assert backlog(session, now=datetime.now(UTC)).waiting == 0


def test_a_channels_file_that_cannot_be_used_loses_nothing(office: Desk, inbox: Inbox, tmp_path: Path) -> None:
    file, good = tmp_path / "channels.yaml", (tmp_path / "channels.yaml").read_text()
    file.write_text("mail: [")
    waiting(office)
    send_due(office.context, "mail")
    assert {one.problem for one in log(office)} == {sending.UNUSABLE}
    file.write_text(good)
    pass_time(office)
    send_due(office.context, "mail")
    assert len(inbox.mails) == 2


def test_a_channel_that_the_file_lacks_and_an_address_that_is_none(office: Desk, inbox: Inbox) -> None:
    with office.database.unit_of_work() as session:
        session.execute(update(Person).where(Person.name == "partner").values(email="a@example.com,b@example.com"))
    channels(office, "nowhere")
    waiting(office)
    for channel in ("mail", "nowhere"):
        send_due(office.context, channel)
    problems = {one.recipient: one.problem for one in log(office, state="no-channel")}
    assert problems == {
        "partner": "No usable mail address of theirs is known.",
        "emojis": "The channels file has no channel nowhere.",
    }
    assert len(inbox.mails) == 1


def test_deliveries_are_forgotten_after_a_month_and_notices_are_not(office: Desk, inbox: Inbox) -> None:
    waiting(office)
    office.deliver("meshdesk.notify")
    with office.database.unit_of_work() as session:
        long_ago = datetime.now(UTC) - timedelta(days=31)
        one = log(office)[0].id
        session.execute(update(Delivery).where(Delivery.id == one).values(delivered_at=long_ago))
    sweep(office.context)
    assert len(log(office)) == 1
    office.preflight(1)
    assert len(log(office)) == 1, "nobody is told again"
