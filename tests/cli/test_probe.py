"""`meshdesk show` tells whether a worker saw that the application encrypts."""

from __future__ import annotations

from tests.api.desk import Desk
from tests.cli.conftest import Run
from tests.web import scenes


def test_show_tells_of_the_probe(run: Run, desk: Desk) -> None:
    ref = scenes.checked(desk)["ref"]
    assert "Encrypted by the application: still being tried" in run("show", ref, "--as", "partner").output
    scenes.probed(desk, ref, scenes.ENCRYPTS, scenes.CLEAR)
    page = run("show", ref, "--as", "partner").output
    assert "Z: contradicted\n" in page
    assert "verified: deployment/emoji inbound 8080 (pod emoji-1): It speaks TLS from the first byte" in page
    assert "from CN=Emojis CA, ends 2026-03-01 10:00 UTC" in page
    assert "contradicted: deployment/voting inbound 8080 (pod oting-1): It answers in clear text: HTTP." in page
