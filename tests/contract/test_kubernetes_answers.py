"""Which error an API server's answer is: the messages are those of Kubernetes 1.37, or of what may stand before it."""

from __future__ import annotations

import json

import pytest

from portal.errors import AlreadyExists, ClusterError, Conflict, Gone, Refused, Transient
from workers.cluster.kubernetes_answers import Ask, failure, read_answer

ASK = Ask("PATCH", "/apis/apps/v1/namespaces/emojivoto/deployments/web", "deployment/web in emojivoto")
RBAC = (
    'deployments.apps "web" is forbidden: User "meshdesk-worker" cannot patch resource "deployments" '
    'in API group "apps" in the namespace "emojivoto"'
)
POLICY = (
    "deployments.apps \"web\" is forbidden: ValidatingAdmissionPolicy 'freeze' with binding 'freeze' denied request: "
    "no changes until Monday"
)
WEBHOOK = 'admission webhook "guard.example.com" denied the request: no changes until Monday'


def status(code: int, message: str, **details: str) -> bytes:
    return json.dumps({"kind": "Status", "code": code, "message": message, "details": details}).encode()


def error_of(code: int, raw: bytes) -> ClusterError:
    answer = read_answer(code, raw)
    assert not answer.ok
    return failure("prod-eu-1", ASK, answer)


def said(code: int, message: str, **details: str) -> ClusterError:
    return error_of(code, status(code, message, **details))


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (said(404, 'deployments.apps "web" not found', name="web"), Gone),
        (said(409, "the object has been modified", name="web"), Conflict),
        (said(403, RBAC), Refused),
        (said(422, POLICY), Refused),
        (said(422, 'Deployment.apps "web" is invalid: spec.selector: field is immutable'), Refused),
        (said(400, "cannot unmarshal number into Go struct field ObjectMeta"), Refused),
        (said(403, 'pods "web" is forbidden: exceeded quota: small'), Refused),
        (said(500, "etcdserver: request timed out"), Transient),
        (said(503, "the server is currently unable to handle the request"), Transient),
        (error_of(429, b"Too many requests, please try again later."), Transient),
        (said(504, "Timeout: request did not complete within the allotted duration"), Transient),
    ],
)
def test_every_status_has_its_intent(error: ClusterError, kind: type[ClusterError]) -> None:
    assert type(error) is kind


@pytest.mark.parametrize("code", [400, 403, 404, 409, 422, 429, 500, 503])
def test_a_webhook_may_deny_with_any_status(code: int) -> None:
    error = said(code, WEBHOOK, name="web")
    assert type(error) is Refused
    assert error.sentence == f"An admission policy of the cluster refused the change: {WEBHOOK}."


def test_a_webhook_that_cannot_be_called_is_tried_again() -> None:
    message = 'Internal error occurred: failed calling webhook "guard.example.com": context deadline exceeded'
    error = said(500, message)
    assert type(error) is Transient
    assert error.sentence == (
        f"Cluster prod-eu-1 cannot do this at present ({message}); this is tried again by itself."
    )


@pytest.mark.parametrize(
    ("code", "raw"),
    [
        (404, b"<html>404 Not Found</html>"),
        (404, b"404 page not found\n"),
        (404, b'{"error": "no such route"}'),
        (404, b""),
        (404, status(404, "the server could not find the requested resource")),
        (404, b'["not found"]'),
        (403, b"<html>blocked by the gateway</html>"),
        (409, b"{}"),
        (302, b""),
        (200, b"<html>please sign in</html>"),
        (200, b'{"token": "x"}'),
        (200, b'{"kind": "Deployment", "metad'),
    ],
)
def test_what_no_api_server_said_is_never_taken_for_its_word(code: int, raw: bytes) -> None:
    error = error_of(code, raw)
    assert type(error) is Transient
    assert error.sentence.startswith("What answers for cluster prod-eu-1 is not its API server at present")


@pytest.mark.parametrize("code", [401, 403])
def test_credentials_that_are_not_known_are_no_matter_of_rbac(code: int) -> None:
    message = "Unauthorized" if code == 401 else RBAC.replace("meshdesk-worker", "system:anonymous")
    error = said(code, message)
    assert type(error) is Transient
    assert error.sentence.startswith("Cluster prod-eu-1 does not accept Meshdesk's credentials")


def test_rbac_names_what_the_operators_must_grant() -> None:
    assert said(403, RBAC).sentence == (
        "The cluster does not let Meshdesk change deployment/web in emojivoto (RBAC). "
        "Your platform operators must give its service account the right to patch it."
    )
    read = failure(
        "prod-eu-1",
        Ask("GET", "/api/v1/pods", "pods"),
        read_answer(403, status(403, 'pods is forbidden: User "x" cannot list resource "pods" in API group ""')),
    )
    assert read.sentence == (
        "The cluster does not let Meshdesk read pods (RBAC). "
        "Your platform operators must give its service account the right to list it."
    )


def create_failure(code: int, message: str, reason: str, **details: str) -> ClusterError:
    body = {"kind": "Status", "code": code, "message": message, "reason": reason, "details": details}
    ask = Ask(
        "POST", "/apis/rbac.authorization.k8s.io/v1/namespaces/emojivoto/rolebindings", "RoleBinding x in emojivoto"
    )
    return failure("prod-eu-1", ask, read_answer(code, json.dumps(body).encode()))


def test_a_creation_has_answers_of_its_own() -> None:
    there = create_failure(409, 'rolebindings "x" already exists', "AlreadyExists", name="x")
    assert type(there) is AlreadyExists
    assert there.sentence.startswith("RoleBinding x in emojivoto is already there on cluster prod-eu-1")
    assert type(create_failure(409, "try again", "Conflict", name="x")) is Conflict
    homeless = create_failure(404, 'namespaces "emojivoto" not found', "NotFound", name="emojivoto", kind="namespaces")
    assert (type(homeless), homeless.sentence) == (Gone, "There is no namespace emojivoto on cluster prod-eu-1.")
    unbound = create_failure(404, 'rolebindings "tap" not found', "NotFound", name="tap", kind="rolebindings")
    assert (type(unbound), unbound.sentence) == (
        Refused,
        'The API server refused the change: rolebindings "tap" not found.',
    )


def test_a_namespace_that_is_being_deleted_is_tried_again() -> None:
    message = (
        'configmaps "x" is forbidden: unable to create new content in namespace shop because it is being terminated'
    )
    error = create_failure(403, message, "Forbidden", name="x")
    assert type(error) is Transient
    assert error.sentence.startswith("Namespace shop on cluster prod-eu-1 is being deleted and takes nothing new")


def test_rights_that_the_worker_may_not_give_are_named() -> None:
    message = (
        'roles "x" is forbidden: user "w" (groups=[]) is attempting to grant RBAC permissions not currently held:\n{}'
    )
    bound = create_failure(403, message, "Forbidden", name="x")
    assert type(bound) is Refused
    assert bound.sentence == (
        "The cluster does not let Meshdesk grant what RoleBinding x in emojivoto grants (RBAC). "
        "Your platform operators must give its service account the right to bind its role."
    )
    ask = Ask("POST", "/apis/rbac.authorization.k8s.io/v1/clusterroles", "ClusterRole x")
    role = failure("prod-eu-1", ask, read_answer(403, status(403, message, name="x")))
    assert role.sentence.endswith("the right to escalate it.")


def test_messages_are_kept_on_one_line_and_cut() -> None:
    error = said(422, f"{POLICY}\n\n  line two " + "x" * 1000)
    assert "until Monday line two" in error.sentence
    assert "\n" not in error.sentence
    assert len(error.sentence) < 400


def test_an_answer_is_ok_only_with_an_object() -> None:
    assert read_answer(200, b'{"kind": "Deployment"}').ok
    assert read_answer(201, b'{"kind": "Deployment"}').ok
    assert not read_answer(200, b"\xff\xfe").ok
