"""An API server that starts forbids everybody everything until it has read its own rules: that is no refusal."""

from __future__ import annotations

from typing import Any

import pytest

from portal.errors import Refused, Transient
from tests.contract.test_kubernetes_transport import WEB, Handler, Scripted, cluster, server
from tests.contract.worlds import raised
from workers.cluster.kubernetes import KubernetesCluster

__all__ = ["cluster", "server"]

RBAC = 'deployments.apps "web" is forbidden: User "worker" cannot get resource "deployments" in API group "apps"'
NOT_YET = 'deployments.apps "web" is forbidden: not yet ready to handle request'
WEBHOOK = 'admission webhook "freeze.example" denied the request: not on Fridays'


def said(code: int, message: str) -> dict[str, Any]:
    """An API server's own word on a failure."""
    return {"kind": "Status", "status": "Failure", "code": code, "message": message}


@pytest.mark.parametrize("message", [RBAC, NOT_YET])
@pytest.mark.parametrize("code", [403, 500, 503])
def test_forbidden_by_an_api_server_that_is_not_ready_is_tried_again(
    server: Scripted, cluster: KubernetesCluster, message: str, code: int
) -> None:
    server.script = lambda request: answer(request, message, readiness=code)
    error = raised(lambda: cluster.workload(WEB))
    assert isinstance(error, Transient)
    assert "not ready" in error.sentence
    assert message in error.sentence


@pytest.mark.parametrize("message", [RBAC, WEBHOOK])
def test_forbidden_by_one_that_is_ready_is_refused(server: Scripted, cluster: KubernetesCluster, message: str) -> None:
    server.script = lambda request: answer(request, message, readiness=200)
    assert isinstance(raised(lambda: cluster.workload(WEB)), Refused)


def test_a_policy_that_denies_was_read_already(server: Scripted, cluster: KubernetesCluster) -> None:
    server.script = lambda request: answer(request, WEBHOOK, readiness=503)
    assert isinstance(raised(lambda: cluster.patch_workload(WEB, {})), Refused)


def answer(request: Handler, message: str, *, readiness: int) -> None:
    """403 with that message to everything but the question whether it is ready."""
    if request.path == "/readyz":
        request.answer(readiness, b"ok" if readiness == 200 else b"[-]poststarthook/rbac/bootstrap-roles failed")
    else:
        request.answer(403, said(403, message))
