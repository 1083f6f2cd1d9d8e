"""Where the server is, as whom, and what people read when it is away."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import world
from tests.cli.conftest import Run
from tests.cli.serving import Served


def test_without_a_token_it_says_how_to_sign_in(run: Run) -> None:
    result = run("list")
    assert result.exit_code == 2
    assert "set MESHDESK_TOKEN, or use --token-file FILE" in result.stderr


def test_a_server_that_is_away_is_one_plain_sentence(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MESHDESK_TOKEN", "mdt_any")
    for words in (("list",), ("show", "MD-1"), ("wait", "MD-1"), ("kinds",)):
        result = run(*words, "--url", "http://127.0.0.1:9")
        assert result.exit_code == 1
        assert result.stderr == (
            "There is no Meshdesk at http://127.0.0.1:9: see that it runs, or set MESHDESK_URL or --url.\n"
        )


@pytest.fixture
def stranger() -> Iterator[str]:
    """A web server that is no Meshdesk."""
    server = http.server.HTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
    server.RequestHandlerClass = type("Quiet", (http.server.BaseHTTPRequestHandler,), {"log_message": lambda *_: None})
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_what_answers_there_is_no_meshdesk(run: Run, stranger: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MESHDESK_TOKEN", "mdt_any")
    result = run("list", "--url", stranger)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"{stranger} answered 501 ")


def test_options_go_before_and_after_the_command(
    run: Run, served_desk: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MESHDESK_URL", "http://127.0.0.1:9")
    assert run("--url", served_desk.url, "--as", "partner", "me").output.startswith("partner: ")
    assert run("--url", served_desk.url, "--as", "partner", "me", "--as", "owner").output.startswith("owner: ")


def test_the_token_comes_from_a_file_or_the_environment(
    run: Run, served_desk: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "token"
    path.write_text(world.TOKENS["owner"] + "\n")
    assert run("me", "--token-file", str(path)).output.startswith("owner: ")
    monkeypatch.setenv("MESHDESK_TOKEN", world.TOKENS["member"])
    assert run("me").output.startswith("member: ")
    assert run("me", "--token-file", str(path)).output.startswith("owner: ")
    assert run("me", "--token-file", str(path), "--as", "member").exit_code == 2


@pytest.mark.usefixtures("served_desk")
def test_tokens_that_are_not_there(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "has no token of nobody; it has auditor, member" in run("me", "--as", "nobody").stderr
    (tmp_path / "tokens.json").unlink()
    assert "Only a practice run" in run("me", "--as", "member").stderr
    monkeypatch.setenv("MESHDESK_TOKEN", "mdt_wrong")
    assert run("me").stderr.startswith("This token is unknown, expired or revoked")
