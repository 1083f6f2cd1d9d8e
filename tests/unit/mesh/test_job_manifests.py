"""The corrected manifest of a Job: what is kept, what is set, and that its scripts do what they say."""

from __future__ import annotations

import copy
import json
import subprocess
import time
from pathlib import Path

import pytest

from portal.mesh.annotations import ADMIN_SHUTDOWN, INJECT, NATIVE_SIDECAR, NATIVE_SIDECAR_BETA
from portal.mesh.job_calls import FILL_IN_ENTRYPOINT, FILL_IN_IMAGE, SHUTDOWN_CALL, WATCHER
from portal.mesh.job_manifests import Corrected, cleaned, manifest_for
from portal.mesh.job_ways import NATIVE, NO_PROXY, SHUTDOWN, Way
from tests.unit.mesh.job_objects import Object, cron, job, program

CALLED = Way(SHUTDOWN, True, "it fits", frozenset({ADMIN_SHUTDOWN}))
SIDECAR = Way(NATIVE, True, "it fits", frozenset({NATIVE_SIDECAR}))


def spec_of(corrected: Corrected) -> Object:
    found: Object = corrected.manifest["spec"]["template"]["spec"]
    return found


def said(corrected: Corrected) -> str:
    return " ".join(corrected.notes)


def test_the_manifest_holds_nothing_of_the_api_server() -> None:
    one = job()
    kept = copy.deepcopy(one)
    corrected = manifest_for(one, SIDECAR)
    assert one == kept, "the object that was given is left alone"
    assert corrected.manifest == {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": "report",
            "namespace": "emojivoto",
            "labels": {"team": "emoji"},
            "annotations": {"note": "kept"},
        },
        "spec": {
            "backoffLimit": 2,
            "template": {
                "metadata": {"labels": {"app": "report"}, "annotations": {NATIVE_SIDECAR: "true"}},
                "spec": {"restartPolicy": "Never", "containers": [program()]},
            },
        },
    }
    assert "Delete job/report" in said(corrected)
    json.dumps(corrected.to_json())


def test_a_selector_of_the_owners_is_kept() -> None:
    one = cleaned(job(manualSelector=True))
    assert one["spec"]["selector"] == {"matchLabels": {"batch.kubernetes.io/controller-uid": "u9"}}
    assert one["spec"]["template"]["metadata"]["labels"]["batch.kubernetes.io/controller-uid"] == "u9"


@pytest.mark.parametrize(
    ("way", "annotations"),
    [
        (Way(NATIVE, True, "", frozenset({NATIVE_SIDECAR_BETA})), {"own": "x", NATIVE_SIDECAR_BETA: "true"}),
        (Way(NO_PROXY, True, "", frozenset({INJECT})), {"own": "x", INJECT: "disabled"}),
    ],
)
def test_a_cronjob_gets_the_annotation_on_its_pods(way: Way, annotations: dict[str, str]) -> None:
    corrected = manifest_for(cron({"own": "x"}), way)
    assert corrected.manifest["spec"] == {
        "schedule": "0 * * * *",
        "jobTemplate": {
            "spec": {
                "template": {
                    "metadata": {"annotations": annotations},
                    "spec": {"restartPolicy": "OnFailure", "containers": [program()]},
                }
            }
        },
    }
    assert "status" not in corrected.manifest
    assert "Commit this" in said(corrected)


def test_curl_is_called_after_the_command_as_it_was() -> None:
    one = job(pods={"containers": [program(args=["it's", "$(WHO)"])]})
    corrected = manifest_for(one, CALLED, variant="curl")
    [container] = spec_of(corrected)["containers"]
    assert container["command"][:2] == ["/bin/sh", "-c"]
    assert SHUTDOWN_CALL in container["command"][2]
    assert container["command"][3:] == ["sh", "report", "--all", "it's", "$(WHO)"]
    assert "args" not in container
    assert corrected.manifest["spec"]["template"]["metadata"]["annotations"] == {ADMIN_SHUTDOWN: "enabled"}
    assert "curl" in said(corrected)


@pytest.mark.parametrize("code", [0, 3])
def test_the_curl_script_keeps_arguments_and_exit_code(tmp_path: Path, code: int) -> None:
    program_text = f'printf "%s\\n" "$@" > {tmp_path}/seen; exit {code}'
    one = job(pods={"containers": [program(command=["sh", "-c", program_text, "x"], args=["two words", "it's"])]})
    [container] = spec_of(manifest_for(one, CALLED, variant="curl"))["containers"]
    done = run(container["command"], tmp_path)
    assert done.returncode == code
    assert (tmp_path / "seen").read_text() == "two words\nit's\n"
    assert (tmp_path / "called").read_text() == "-sf -XPOST http://localhost:4191/shutdown\n"


def test_linkerd_await_goes_around_the_command() -> None:
    one = job(pods={"containers": [program(args=["now"], env=[{"name": "LINKERD_DISABLED", "value": "x"}])]})
    corrected = manifest_for(one, CALLED, variant="linkerd-await")
    [container] = spec_of(corrected)["containers"]
    assert container["command"] == ["linkerd-await", "--shutdown", "--", "report", "--all", "now"]
    assert "args" not in container
    assert "LINKERD_DISABLED is set" in said(corrected)
    assert "--timeout-fatal=false" in said(corrected)


@pytest.mark.parametrize("variant", ["curl", "linkerd-await"])
@pytest.mark.parametrize(("args", "also"), [([], "its CMD"), (["now"], "")])
def test_an_unknown_entrypoint_is_said_and_never_guessed(variant: str, args: list[str], also: str) -> None:
    one = job(pods={"containers": [{"name": "app", "image": "app:1", "args": args}]})
    corrected = manifest_for(one, CALLED, variant=variant)
    [container] = spec_of(corrected)["containers"]
    assert container["command"][-1 - len(args) :] == [FILL_IN_ENTRYPOINT, *args]
    assert "the ENTRYPOINT of app:1" in said(corrected)
    assert also in said(corrected)
    assert ("its CMD" in said(corrected)) is bool(also)


@pytest.mark.parametrize("variant", ["curl", "linkerd-await"])
def test_the_first_of_several_containers_must_not_take_the_proxy(variant: str) -> None:
    one = job(pods={"containers": [program(), program("two")]})
    with pytest.raises(ValueError, match=r"2 containers \(app, two\).*sidecar"):
        manifest_for(one, CALLED, variant=variant)


@pytest.mark.parametrize("variant", ["curl", "linkerd-await", "sidecar"])
@pytest.mark.parametrize(("policy", "changed"), [("OnFailure", True), ("Never", False)])
def test_a_second_try_gets_a_proxy_of_its_own(variant: str, policy: str, changed: bool) -> None:
    corrected = manifest_for(job(pods={"restartPolicy": policy}), CALLED, variant=variant)
    assert spec_of(corrected)["restartPolicy"] == "Never"
    assert ("restartPolicy is Never" in said(corrected)) is changed


def test_a_sidecar_of_the_tenants_waits_for_all_others() -> None:
    one = job(pods={"containers": [{"name": "app", "image": "app:1"}, program("two")]})
    corrected = manifest_for(one, CALLED, variant="sidecar")
    spec = spec_of(corrected)
    assert spec["shareProcessNamespace"] is True
    assert spec["containers"][:2] == [{"name": "app", "image": "app:1"}, program("two")], "they stay as they are"
    watcher = spec["containers"][2]
    assert (watcher["name"], watcher["image"]) == (WATCHER, FILL_IN_IMAGE)
    assert SHUTDOWN_CALL in watcher["command"][2]
    assert FILL_IN_IMAGE in said(corrected)


def test_a_sidecar_cannot_wait_for_what_never_ends() -> None:
    lasting = [{"name": "logs", "image": "logs:1", "restartPolicy": "Always"}]
    with pytest.raises(ValueError, match="logs is a native sidecar"):
        manifest_for(job(pods={"initContainers": lasting}), CALLED, variant="sidecar")
    with pytest.raises(ValueError, match="already"):
        manifest_for(job(pods={"containers": [program(WATCHER)]}), CALLED, variant="sidecar")


def test_the_sidecars_script_waits_for_processes_that_are_neither_the_proxys_nor_its_own(tmp_path: Path) -> None:
    spec = spec_of(manifest_for(job(), CALLED, variant="sidecar"))
    command = [*spec["containers"][1]["command"]]
    command[2] = command[2].replace("/proc/", f"{tmp_path}/proc/")
    watcher = spec["containers"][1]["securityContext"]["runAsUser"]
    for pid, uid, state in ((1, 65535, "S"), (7, 2102, "S"), (9, watcher, "R"), (12, 1000, "Z"), (15, 1000, "S")):
        process(tmp_path, pid, uid, state)
    running = subprocess.Popen(command, env=environment(tmp_path))
    rounds = tmp_path / "slept"
    until = time.monotonic() + 20
    while not rounds.exists() or rounds.read_text().count("1") < 3:
        assert time.monotonic() < until, "it looked three times"
        time.sleep(0.01)
    assert not (tmp_path / "called").exists(), "process 15 still runs"
    (tmp_path / "proc" / "15" / "status").unlink()
    assert running.wait(timeout=20) == 0
    assert (tmp_path / "called").exists()


def test_the_sidecars_script_does_not_wait_for_ever_for_a_job_that_was_too_quick(tmp_path: Path) -> None:
    spec = spec_of(manifest_for(job(), CALLED, variant="sidecar"))
    command = [*spec["containers"][1]["command"]]
    command[2] = command[2].replace("/proc/", f"{tmp_path}/proc/")
    process(tmp_path, 7, 2102, "S")
    assert run(command, tmp_path).returncode == 0
    assert (tmp_path / "called").exists()


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="too old"):
        manifest_for(job(), Way(NATIVE, False, "too old"))
    with pytest.raises(ValueError, match="has no variants"):
        manifest_for(job(), SIDECAR, variant="curl")
    with pytest.raises(ValueError, match="curl, linkerd-await, sidecar"):
        manifest_for(job(), CALLED)
    with pytest.raises(ValueError, match="curl, linkerd-await, sidecar"):
        manifest_for(job(), CALLED, variant="wget")


def test_a_job_of_a_cronjob_points_to_it() -> None:
    one = job()
    one["metadata"]["ownerReferences"] = [{"kind": "CronJob", "name": "nightly"}]
    corrected = manifest_for(one, SIDECAR)
    assert "ownerReferences" not in corrected.manifest["metadata"]
    assert "cronjob/nightly" in said(corrected)


def environment(folder: Path) -> dict[str, str]:
    """A PATH whose curl writes down how it was called, and whose sleep writes down that it was and is short."""
    programs = {"curl": f'echo "$@" > {folder}/called', "sleep": f'echo "$@" >> {folder}/slept; exec /bin/sleep 0.01'}
    (folder / "bin").mkdir(exist_ok=True)
    for name, text in programs.items():
        path = folder / "bin" / name
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
    return {"PATH": f"{folder}/bin:/usr/bin:/bin"}


def run(command: list[str], folder: Path) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(command, env=environment(folder), check=False, timeout=60)


def process(folder: Path, pid: int, uid: int, state: str) -> None:
    status = folder / "proc" / str(pid) / "status"
    status.parent.mkdir(parents=True)
    status.write_text(
        f"Name:\tx\nState:\t{state} (x)\nTgid:\t{pid}\nPid:\t{pid}\nPPid:\t0\nUid:\t{uid}\t{uid}\t{uid}\t{uid}\n"
    )
