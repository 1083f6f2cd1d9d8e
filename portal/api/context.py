"""What every view works with: the parts of this web process, and who asks. Views and the other modules here call it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from flask import Flask, current_app, g

from portal.access.actor import Actor
from portal.access.oidc import Provider
from portal.api.waiting import WaitingRoom
from portal.config import Config
from portal.db import Database

EXTENSION = "meshdesk"


@dataclass(frozen=True)
class Parts:
    """Settings, database, waiting room and identity provider (None: there is none) of one web process."""

    config: Config
    database: Database
    waiting: WaitingRoom
    provider: Provider | None = None


def install(app: Flask, config: Config) -> Parts:
    """Make the parts of the application; the database is reached with its first use."""
    provider = Provider(config) if config.oidc_issuer else None
    made = Parts(config, Database(config.database), WaitingRoom(config.web_threads), provider)
    app.extensions[EXTENSION] = made
    return made


def parts() -> Parts:
    """The parts of the application that answers the present request."""
    return cast(Parts, current_app.extensions[EXTENSION])


def actor() -> Actor:
    """Who sent the present request; sign-in has seen to it that there is somebody."""
    return cast(Actor, g.actor)
