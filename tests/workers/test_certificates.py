"""Certificates read from clusters: of Linkerd 2.20 as installed, renewed by cert-manager, hidden, near their end."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import delete, select

from portal.db import database_now
from portal.mesh.certificates import Role, Standing
from portal.mesh.objects import MANAGED, ObjectRef
from portal.models import CertificateReading, Delivery, MeshCertificate, Message, Notice
from portal.notify.expiring import note_ends
from portal.notify.words import letter, payload
from portal.queries.certificates import Seen, seen
from tests.workers.desk import Desk, Interrupted
from workers.certificate_sources import ISSUER_SECRET, everything
from workers.certificates import TASK, call_for_certificates, read_certificates
from workers.cluster.practice import PracticeCluster
from workers.cluster.practice_certificates import made
from workers.cluster.practice_events import note

INSTALLED = Path(__file__).with_name("linkerd-certificates.yaml")
NAMES = {"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": "linkerd"}}


@pytest.fixture
def installed(tmp_path: Path) -> PracticeCluster:
    """A cluster with what Linkerd edge-26.6.3 and its Viz install."""
    found = PracticeCluster("installed", tmp_path / "installed.db")
    for obj in [NAMES, *yaml.safe_load_all(INSTALLED.read_text())]:
        found.create(obj)
    return found


def known(desk: Desk) -> Seen:
    """What is written down of the practice cluster."""
    with desk.database.reading() as session:
        return seen(session, ["practice"])["practice"]


def notices(desk: Desk) -> list[str]:
    """What operators were told of certificates, in order."""
    with desk.database.reading() as session:
        told = select(Notice).where(Notice.sort == "certificate-ends").order_by(Notice.id)
        return [one.data["headline"] for one in session.scalars(told)]


def patch(desk: Desk, kind: str, name: str, change: dict[str, Any], api: str = "v1") -> None:
    """Change an object of the control plane as its owner."""
    namespace = "linkerd" if kind in ("ConfigMap", "Certificate") else ""
    desk.practice.patch_object(ObjectRef(api, kind, namespace, name), change)


def anchors(desk: Desk, *lasting: timedelta) -> None:
    """Have the trust bundle hold certificates that last so long."""
    pems = [made(f"root-{number}", lasts).pem for number, lasts in enumerate(lasting)]
    patch(desk, "ConfigMap", "linkerd-identity-trust-roots", {"data": {"ca-bundle.crt": "\n".join(pems)}})


def cert_manager(**status: Any) -> dict[str, Any]:
    """cert-manager's Certificate for the issuer."""
    metadata = {"name": "identity", "namespace": "linkerd"}
    spec = {"secretName": ISSUER_SECRET, "isCA": True}
    return {
        "apiVersion": "cert-manager.io/v1",
        "kind": "Certificate",
        "metadata": metadata,
        "spec": spec,
        "status": status,
    }


def test_everything_that_linkerd_installs_is_read_without_a_secret(installed: PracticeCluster) -> None:
    door = Interrupted(installed)
    found, root = everything(door, "linkerd")  # type: ignore[arg-type]
    assert [one.role for one in found] == list(Role)
    assert {one.problem for one in found} == {None}
    by_role = {one.role: one for one in found}
    assert by_role[Role.ANCHOR].certificate is not None
    assert by_role[Role.ANCHOR].certificate.subject == "CN=root.linkerd.cluster.local"
    assert by_role[Role.ISSUER].certificate is not None
    assert by_role[Role.ISSUER].certificate.subject == "CN=identity.linkerd.cluster.local"
    assert by_role[Role.ISSUER].source == "ConfigMap linkerd-config in linkerd"
    assert {one.span.not_after for one in found if one.role is Role.ANCHOR} == {
        datetime(2036, 11, 19, 23, 13, 52, tzinfo=UTC)
    }
    assert root == "5b86b6b44932002bbd818da79602983c31432b8ccd63763a4c86eb11b2d5c2f5"


def test_what_the_practice_world_has_is_written_down(desk: Desk) -> None:
    read_certificates(desk.context, "practice")
    found = known(desk)
    assert found.reading is not None
    assert (found.reading.problem, len(str(found.reading.root_sha256))) == (None, 64)
    now = datetime.now(UTC)
    assert {one.role: standing for one, standing in found.standings(now)} == dict.fromkeys(
        [Role.ANCHOR, Role.ISSUER, Role.INJECTOR, Role.SP_VALIDATOR, Role.POLICY_VALIDATOR], Standing.GOOD
    )
    assert found.near(now) == []
    assert notices(desk) == []


def test_an_anchor_near_its_end_is_told_to_operators_once_at_each_step(desk: Desk) -> None:
    anchors(desk, timedelta(days=3650), timedelta(days=20))
    for _ in range(2):
        read_certificates(desk.context, "practice")
    near = known(desk).near(datetime.now(UTC))
    assert [(one.role, standing) for one, standing in near] == [(Role.ANCHOR, Standing.ENDING)]
    (first,) = notices(desk)
    assert first.startswith("has a certificate that ends within 30 days: its trust anchor (")
    with desk.database.unit_of_work() as session:
        for days in (7, 8, 14, 19.5, 21, 30):
            note_ends(session, "practice", now=database_now(session) + timedelta(days=days))
    assert [one.partition(": ")[0].partition("that ")[2] for one in notices(desk)] == [
        "ends within 30 days",
        "ends within 14 days",
        "ends within 7 days",
        "ends within 1 day",
        "has ended",
    ]
    with desk.database.reading() as session:
        notice = session.scalars(select(Notice).where(Notice.sort == "certificate-ends")).first()
        told = session.scalars(select(Delivery.recipient).where(Delivery.notice_id == notice.id)).all()  # type: ignore[union-attr]
    assert set(told) >= {"operator", "operators"}
    assert notice is not None
    assert (notice.ticket_id, notice.tenant_id) == (None, None)


def test_what_operators_are_told_leads_to_the_cluster_s_page(desk: Desk) -> None:
    anchors(desk, timedelta(days=20))
    read_certificates(desk.context, "practice")
    with desk.database.reading() as session:
        (notice,) = session.scalars(select(Notice).where(Notice.sort == "certificate-ends")).all()
    told = letter(notice, "https://desk.example.com/")
    assert told.title.startswith("practice has a certificate that ends within 30 days: its trust anchor (")
    assert "Add a new trust anchor to the bundle" in told.text
    assert "https://desk.example.com/clusters/practice#certificates" in told.text
    assert "meshdesk certificates practice" in letter(notice, "").text
    sent = payload(notice, "5e9d", "https://desk.example.com")
    assert (sent["ref"], sent["tenant"], sent["link"]) == (
        "practice",
        None,
        "https://desk.example.com/clusters/practice#certificates",
    )


def test_what_leaves_the_bundle_is_forgotten(desk: Desk) -> None:
    anchors(desk, timedelta(days=100), timedelta(days=200))
    read_certificates(desk.context, "practice")
    before = {one.id for one in known(desk).certificates if one.role == Role.ANCHOR}
    assert len(before) == 2
    anchors(desk, timedelta(days=300))
    read_certificates(desk.context, "practice")
    after = [one.id for one in known(desk).certificates if one.role == Role.ANCHOR]
    assert len(after) == 1
    assert after[0] not in before


def test_an_issuer_that_cert_manager_keeps_renews_itself(desk: Desk) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    times = {"notBefore": now - timedelta(hours=1), "notAfter": now + timedelta(hours=47)}
    status = {name: at.isoformat().replace("+00:00", "Z") for name, at in times.items()}
    renewal = (now + timedelta(hours=22)).isoformat().replace("+00:00", "Z")
    desk.practice.create(cert_manager(**status, renewalTime=renewal))
    read_certificates(desk.context, "practice")
    (issuer,) = [one for one in known(desk).certificates if one.role == Role.ISSUER]
    assert (issuer.source, issuer.not_after, issuer.fingerprint) == (
        "Certificate identity in linkerd",
        times["notAfter"],
        "",
    )
    assert known(desk).near(now) == []
    assert [one.role for one, _ in known(desk).near(now + timedelta(hours=24))] == [Role.ISSUER]
    assert notices(desk) == []


def test_an_issuer_that_nobody_tells_of_is_not_guessed(desk: Desk) -> None:
    patch(desk, "ConfigMap", "linkerd-config", {"data": {"values": "linkerdVersion: edge-26.6.3\n"}})
    read_certificates(desk.context, "practice")
    (issuer,) = [one for one in known(desk).certificates if one.role == Role.ISSUER]
    assert issuer.not_after is None
    assert issuer.problem is not None
    assert "Have cert-manager keep it" in issuer.problem


def test_an_issuer_that_the_identity_service_refused_says_so(desk: Desk) -> None:
    identity = {"apiVersion": "apps/v1", "kind": "Deployment"}
    about = {**identity, "metadata": {"name": "linkerd-identity", "namespace": "linkerd", "uid": "u1"}}
    said = ("IssuerValidationFailed", "failed to verify issuer: x509: certificate has expired")
    with desk.practice._open() as moment:
        note(moment, about, said, "linkerd-identity", "Warning")
    read_certificates(desk.context, "practice")
    (issuer,) = [one for one in known(desk).certificates if one.role == Role.ISSUER]
    assert issuer.not_after is not None
    assert "refused a new issuer" in str(issuer.problem)
    assert "certificate has expired" in str(issuer.problem)


def test_a_bundle_that_is_not_there_or_broken_is_told(desk: Desk) -> None:
    api, name = "admissionregistration.k8s.io/v1", "linkerd-sp-validator-webhook-config"
    patch(desk, "ValidatingWebhookConfiguration", name, {"webhooks": [{"name": "a", "clientConfig": {}}]}, api)
    patch(desk, "ConfigMap", "linkerd-identity-trust-roots", {"data": {"ca-bundle.crt": "rubbish"}})
    read_certificates(desk.context, "practice")
    problems = {one.role: one.problem for one in known(desk).certificates if one.problem}
    assert problems == {
        Role.ANCHOR: "1 of its certificates cannot be read.",
        Role.SP_VALIDATOR: "Not known: it names no authority (caBundle).",
    }


def test_a_cluster_that_is_away_keeps_what_is_known_and_is_told_of_all_the_same(desk: Desk) -> None:
    anchors(desk, timedelta(days=20))
    read_certificates(desk.context, "practice")
    with desk.database.unit_of_work() as session:
        row = session.scalars(select(MeshCertificate).where(MeshCertificate.role == Role.ANCHOR)).one()
        row.not_after = database_now(session) + timedelta(hours=20)
    desk.practice.set("unreachable", True)
    read_certificates(desk.context, "practice")
    found = known(desk)
    assert found.reading is not None
    assert found.reading.problem
    assert found.reading.seen_at is not None
    assert len(found.certificates) == 5
    assert "ends within 1 day" in notices(desk)[-1]


def test_a_viz_of_a_ticket_has_its_certificates_renewed_by_meshdesk(desk: Desk) -> None:
    """They last as long as its window, which is no news; those that it had before count no more."""
    (webhook,) = [one for one in yaml.safe_load_all(INSTALLED.read_text()) if "tap-injector" in one["metadata"]["name"]]
    pems = [made("tap-injector", lasts).pem for lasts in (timedelta(minutes=-1), timedelta(hours=4))]
    webhook["webhooks"][0]["clientConfig"]["caBundle"] = base64.b64encode("\n".join(pems).encode()).decode()
    webhook["metadata"]["labels"] = {MANAGED: "true"}
    desk.practice.create(webhook)
    read_certificates(desk.context, "practice")
    (found,) = [one for one in known(desk).certificates if one.role == Role.TAP_INJECTOR]
    assert found.renews_at == found.not_after
    assert known(desk).near(datetime.now(UTC)) == []
    assert notices(desk) == []


def called(desk: Desk) -> list[str]:
    """The clusters whose reading was called for and not begun."""
    with desk.database.reading() as session:
        waiting = select(Message.subject).where(Message.task == TASK, Message.taken_at.is_(None))
        return list(session.scalars(waiting.order_by(Message.subject)))


def test_the_sweep_has_each_cluster_read_once_an_hour(desk: Desk) -> None:
    call_for_certificates(desk.context)
    assert called(desk) == []
    age(desk, timedelta(minutes=61))
    for _ in range(2):
        call_for_certificates(desk.context)
    assert "practice" in called(desk)
    assert len(called(desk)) == len(set(called(desk)))
    assert desk.deliver(TASK) > 0
    call_for_certificates(desk.context)
    assert "practice" not in called(desk)


def test_a_cluster_that_was_never_read_or_could_not_be_is_read_sooner(desk: Desk) -> None:
    with desk.database.unit_of_work() as session:
        session.execute(delete(CertificateReading))
    call_for_certificates(desk.context)
    assert "practice" in called(desk)
    desk.practice.set("unreachable", True)
    desk.deliver(TASK)
    age(desk, timedelta(minutes=6))
    call_for_certificates(desk.context)
    assert "practice" in called(desk)


def age(desk: Desk, ago: timedelta) -> None:
    """Every cluster was last tried so long ago."""
    with desk.database.unit_of_work() as session:
        for row in session.scalars(select(CertificateReading)):
            row.tried_at = database_now(session) - ago
