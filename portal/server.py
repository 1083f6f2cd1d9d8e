"""The web server: gunicorn with threads, in one process. `meshdesk serve` and `meshdesk up` call it."""

from __future__ import annotations

from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication

from portal import create_app
from portal.api.context import EXTENSION
from portal.config import Config

GRACE_SECONDS = 10
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "portal.http.JsonLines"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"level": "INFO", "handlers": ["stderr"]},
    "loggers": {
        "gunicorn.error": {"level": "INFO", "propagate": True},
        # It tells of each look at the schema's version, which readiness takes every few seconds.
        "alembic": {"level": "WARNING"},
    },
}


class Server(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn around our application, without its command line and without its own environment."""

    def __init__(self, config: Config) -> None:
        self.config = config
        super().__init__()

    def load_config(self) -> None:
        """Take the settings from ours; half of the threads may wait in long polls, the rest always answer."""
        settings = {
            "bind": f"{self.config.host}:{self.config.port}",
            "worker_class": "gthread",
            "workers": 1,
            "threads": self.config.web_threads,
            "graceful_timeout": GRACE_SECONDS,
            "post_worker_init": let_waiters_go_on_stop,
            "proc_name": "meshdesk-web",
            # It would listen in the home folder of whoever starts the server.
            "control_socket_disable": True,
            "logconfig_dict": LOGGING,
        }
        for name, value in settings.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """The application, made in the worker process: no connection crosses a fork."""
        return create_app(self.config)


def let_waiters_go_on_stop(worker: Any) -> None:
    """Have long polls answer at once when the server is told to stop, instead of holding it for a minute."""
    parts = worker.wsgi.extensions[EXTENSION]
    parts.waiting.closed = lambda: not worker.alive


def serve(config: Config) -> None:
    """Serve until SIGTERM or SIGINT; requests under way get 10 seconds to end."""
    Server(config).run()
