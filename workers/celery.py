"""The Celery application of workers and beat: `python -m workers` starts both from here."""

from __future__ import annotations

from celery import Celery

from portal.config import Config
from portal.errors import ConfigurationError
from portal.outbox import transport_options

SWEEP_QUEUE = "sweep"


def make_celery(config: Config) -> Celery:
    """A Celery application on the configured Redis-protocol server, with the sweep on its schedule."""
    if not config.redis_url:
        raise ConfigurationError("REDIS_URL is not set: workers need a Redis-protocol server, redis://host:6379/0.")
    app = Celery("meshdesk", broker=config.redis_url, set_as_current=False)
    every = config.beat_every.total_seconds()
    app.conf.update(
        broker_connection_retry_on_startup=True,
        broker_transport_options=transport_options(),
        task_acks_late=True,
        task_default_queue=SWEEP_QUEUE,
        task_ignore_result=True,
        worker_prefetch_multiplier=1,
        worker_hijack_root_logger=False,
        worker_enable_remote_control=False,
        worker_send_task_events=False,
        # A sweep that waited longer than the next one is superfluous.
        beat_schedule={"sweep": {"task": "meshdesk.sweep", "schedule": every, "options": {"expires": every * 2}}},
        beat_scheduler="celery.beat:Scheduler",
        timezone="UTC",
    )
    return app
