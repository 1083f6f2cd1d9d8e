"""Namespaces elsewhere in the cluster that come and go while a test is busy with Viz: a tap API that is there and does
not answer would hang their deletion."""

from __future__ import annotations

import threading
import time
from types import TracebackType

from kubernetes.dynamic.exceptions import NotFoundError

from tests.controlplane.client import Client
from tests.controlplane.harness import ControlPlane

PATIENCE = 30.0
PAUSE_SECONDS = 0.2


class Passing:
    """From enter to exit one namespace after the other is made and deleted; how many went, and which did not in time.

    `stuck` names those that were still there PATIENCE seconds after their deletion.
    """

    def __init__(self, plane: ControlPlane, prefix: str) -> None:
        self._client = Client(plane.admin_kubeconfig)
        self._prefix = prefix
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._go_on, name="passing", daemon=True)
        self.gone = 0
        self.stuck: list[str] = []
        self.problem: Exception | None = None

    def __enter__(self) -> Passing:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        self._client.close()

    def _go_on(self) -> None:
        number = 0
        try:
            while not self._over.wait(PAUSE_SECONDS):
                number += 1
                self._pass(f"{self._prefix}-{number}-passing")
        except Exception as error:  # noqa: BLE001 - a thread has nobody to raise to: the test looks
            self.problem = error

    def _pass(self, name: str) -> None:
        self._client.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        self._client.delete("Namespace", name)
        deadline = time.monotonic() + PATIENCE
        while self._is_there(name):
            if time.monotonic() > deadline:
                self.stuck.append(name)
                return
            time.sleep(PAUSE_SECONDS)
        self.gone += 1

    def _is_there(self, name: str) -> bool:
        try:
            self._client.get("Namespace", name)
        except NotFoundError:
            return False
        return True
