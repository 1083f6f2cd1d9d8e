"""How a Job tells its proxy to end: by curl at the end of its command, by linkerd-await around it, or by a container
of the tenant's that waits for the others to end. Each changes a pod spec and says what its owner must know.

The endpoint answers POST from the pod itself only, on the proxy's admin port (linkerd2-proxy, app/admin/src/server.rs).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Object = dict[str, Any]

CURL, AWAIT, SIDECAR = "curl", "linkerd-await", "sidecar"
VARIANTS = (CURL, AWAIT, SIDECAR)
SHUTDOWN_CALL = "curl -sf -XPOST http://localhost:4191/shutdown"
FILL_IN_ENTRYPOINT = "FILL-IN-THE-ENTRYPOINT-OF-THE-IMAGE"
FILL_IN_IMAGE = "FILL-IN-AN-IMAGE-WITH-SH-AWK-AND-CURL"
WATCHER = "linkerd-shutdown"
_PROXY_UID, _WATCHER_UID = 2102, 64199
_SWITCHES = ("LINKERD_AWAIT_DISABLED", "LINKERD_DISABLED")

# The command comes after it as the shell's arguments, so nothing of it has to be quoted anew.
_CURL_SCRIPT = f'"$@"; code=$?; {SHUTDOWN_CALL}; exit $code'

# Waits up to a minute for a process that is neither the pod's own (1), the proxy's nor this container's, then until
# there is none. Other containers' processes show in /proc because they share one process namespace.
_WATCH_SCRIPT = f"""\
running() {{
  cat /proc/[0-9]*/status 2>/dev/null | awk '
    /^State:/ {{ state = $2 }}
    /^Pid:/ {{ pid = $2 }}
    /^Uid:/ && state != "Z" && pid != 1 && $2 != {_PROXY_UID} && $2 != {_WATCHER_UID} {{ found = 1 }}
    END {{ exit !found }}'
}}
tries=60
until running || [ $tries -eq 0 ]; do tries=$((tries - 1)); sleep 1; done
while running; do sleep 1; done
{SHUTDOWN_CALL}
"""


def call_refusal(spec: Mapping[str, Any], variant: str) -> str | None:
    """Why a pod of this spec cannot call the proxy so, and what to do; None where it can."""
    names = [str(one["name"]) for one in spec.get("containers") or []]
    if variant != SIDECAR and len(names) > 1:
        return (
            f"The Job has {len(names)} containers ({', '.join(names)}), and the first to end would take the proxy "
            f"from the others: choose the variant {SIDECAR}, which waits for all of them."
        )
    if variant != SIDECAR:
        return None
    lasting = [str(one["name"]) for one in spec.get("initContainers") or [] if one.get("restartPolicy") == "Always"]
    if lasting:
        return (
            f"{', '.join(lasting)} is a native sidecar and never ends before the pod, so there is no end to wait for."
        )
    if WATCHER in names:
        return f"The Job has a container named {WATCHER} already."
    return None


def _by_curl(spec: Object) -> list[str]:
    [container] = spec["containers"]
    program, notes = _program(container)
    container["command"] = ["/bin/sh", "-c", _CURL_SCRIPT, "sh", *program]
    container.pop("args", None)
    return [
        *notes,
        f"The image of container {container['name']} must have /bin/sh and curl: without curl the Job is kept open.",
        "The shell does not pass the signal on when the pod is deleted: the command is killed after the grace period.",
        *_one_try_a_pod(spec),
    ]


def _by_await(spec: Object) -> list[str]:
    [container] = spec["containers"]
    program, notes = _program(container)
    container["command"] = ["linkerd-await", "--shutdown", "--", *program]
    container.pop("args", None)
    notes += [
        f"The image of container {container['name']} must have the program linkerd-await on its PATH: build it in, and "
        "write its full path here if it is elsewhere.",
        "Where no proxy is injected it waits for ever: add --timeout=2m --timeout-fatal=false to run such pods too.",
    ]
    switches = [str(one["name"]) for one in container.get("env") or [] if one.get("name") in _SWITCHES]
    if switches:
        notes.append(f"{' and '.join(switches)} is set: linkerd-await then never ends the proxy. Take it out.")
    return [*notes, *_one_try_a_pod(spec)]


def _by_sidecar(spec: Object) -> list[str]:
    spec["shareProcessNamespace"] = True
    # Last: containers start in order, so the application's have started when it first looks.
    spec["containers"].append(_watcher())
    return [
        f"Replace {FILL_IN_IMAGE} in container {WATCHER} by an image of yours that has sh, cat, awk and curl.",
        f"{WATCHER} sees the processes of all containers (shareProcessNamespace) and ends the proxy when only the "
        f"proxy's (user {_PROXY_UID}) and its own (user {_WATCHER_UID}) are left: no other container may run as these.",
        "A Job that ends within its first second is kept a minute longer; one whose image comes more than a minute "
        "after that of the watcher loses its proxy and tries again.",
        *_one_try_a_pod(spec),
    ]


CALLS: dict[str, Callable[[Object], list[str]]] = {CURL: _by_curl, AWAIT: _by_await, SIDECAR: _by_sidecar}
"""Each variant changes a pod spec in place and returns its notes; ask `call_refusal` before."""


def _program(container: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    arguments = list(container.get("args") or [])
    if container.get("command"):
        return [*container["command"], *arguments], []
    also = "" if arguments else " and, since it has no args either, its CMD"
    note = (
        f"Container {container['name']} names no command, and what its image runs is not known here: replace "
        f"{FILL_IN_ENTRYPOINT} by the ENTRYPOINT of {container.get('image', 'its image')}{also}. As it is, it fails."
    )
    return [FILL_IN_ENTRYPOINT, *arguments], [note]


def _one_try_a_pod(spec: Object) -> list[str]:
    if spec.get("restartPolicy") != "OnFailure":
        return []
    # A second try in the same pod would have no proxy any more, and so no network.
    spec["restartPolicy"] = "Never"
    return ["restartPolicy is Never instead of OnFailure: each try needs a pod, and so a proxy, of its own."]


def _watcher() -> Object:
    return {
        "name": WATCHER,
        "image": FILL_IN_IMAGE,
        "command": ["/bin/sh", "-c", _WATCH_SCRIPT],
        "resources": {
            "requests": {"cpu": "10m", "memory": "32Mi"},
            "limits": {"cpu": "100m", "memory": "32Mi"},
        },
        "securityContext": {
            "runAsUser": _WATCHER_UID,
            "runAsNonRoot": True,
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "seccompProfile": {"type": "RuntimeDefault"},
        },
    }
