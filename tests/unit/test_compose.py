"""docker-compose.yml and Dockerfile name only what there is: commands of the CLI, settings, files."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from portal.cli.root import meshdesk
from portal.config import Config

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docker-compose.yml").read_text()
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(TEXT)["services"]
OURS = {name: service for name, service in SERVICES.items() if service.get("build")}
VARIABLES = {setting.metadata["variable"] for setting in fields(Config)}


def parses(words: list[str]) -> bool:
    """Whether the command line knows these words: it refuses an unknown option before it shows the help."""
    return CliRunner().invoke(meshdesk, [*words, "--help"]).exit_code == 0


def test_there_is_a_service_for_each_process() -> None:
    assert OURS.keys() == {"migrate", "web", "worker", "undo", "notify", "beat"}


@pytest.mark.parametrize("name", OURS)
def test_its_command_is_one_of_the_command_line(name: str) -> None:
    assert parses(OURS[name]["command"])


@pytest.mark.parametrize("words", [["server"], ["serve", "--bind"], ["db", "migrate"]])
def test_a_command_that_is_none_would_be_noticed(words: list[str]) -> None:
    assert not parses(words)


def test_the_commands_of_its_comments_are_of_the_command_line() -> None:
    commands = re.findall(r"docker compose run .*?-T web (.*?) /dev/stdin", TEXT)
    assert commands
    assert all(parses(command.split()) for command in commands)


@pytest.mark.parametrize("name", OURS)
def test_its_settings_are_read_by_the_product(name: str) -> None:
    assert set(OURS[name]["environment"]) <= VARIABLES


@pytest.mark.parametrize(
    ("setting", "folder", "services"),
    [("MESHDESK_CLUSTERS", "./clusters", {"worker", "undo"}), ("MESHDESK_CHANNELS", "./channels", {"notify"})],
)
def test_only_who_needs_them_holds_credentials(setting: str, folder: str, services: set[str]) -> None:
    holding = {name for name, service in OURS.items() if setting in service["environment"]}
    mounts = {name: [one.partition(":")[0] for one in service.get("volumes", ())] for name, service in OURS.items()}
    assert holding == {name for name, mounted in mounts.items() if folder in mounted} == services
    assert all(mounted in ([], [folder]) for name, mounted in mounts.items() if name in services)


def test_it_holds_no_password() -> None:
    for variable in ("POSTGRES_PASSWORD", "VALKEY_PASSWORD"):
        assert f"${{{variable}:?Write {variable}=" in TEXT
        assert f"{variable}:-" not in TEXT


def test_the_image_takes_files_that_exist_and_are_not_ignored() -> None:
    copied = re.findall(r"^COPY (.+) \S+$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    names = {name for line in copied for name in line.split()}
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert names == let_in
    assert all((ROOT / name).exists() for name in names)
