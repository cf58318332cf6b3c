"""Builds the Celery application from the settings.

Work lives in tables; a message is only a wake-up. So a message is acknowledged after the work (a killed child gives it back),
carries JSON with ids and nothing else, and has no result. `docs/adr/0003-embedded-broker.md` says why the sweep is the guarantee.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from celery import Celery
from kombu import Queue

from config import Settings
from workers import spool
from workers.schedule import beat_schedule

SOFT_LIMIT = timedelta(seconds=120)
HARD_LIMIT = timedelta(seconds=150)
VISIBILITY = timedelta(minutes=10)
SHUTDOWN = timedelta(seconds=6)
DELIVERY_LIMIT = 5

JobSender = Callable[[str, Mapping[str, Any]], None]


class CollabCelery(Celery):
    """A Celery application that carries the settings it was built from."""

    settings: Settings


def create_celery(settings: Settings) -> CollabCelery:
    """Return a Celery application for these settings; nothing connects until it is used."""
    celery = CollabCelery("collab")
    celery.settings = settings
    celery.conf.update(_common(settings) | _broker(settings))
    return celery


def job_sender(settings: Settings) -> JobSender:
    """Return a function (job, arguments) that sends one wake-up, for use by the web processes and by jobs.

    It raises within seconds when the broker is away; the caller has committed already and only has to log it.
    """
    celery = create_celery(settings)

    def send(job: str, arguments: Mapping[str, Any]) -> None:
        """Send the wake-up `job`; ids and dates in `arguments` travel as text."""
        celery.send_task(str(job), kwargs={name: _plain(value) for name, value in arguments.items()}, ignore_result=True)

    return send


def _plain(value: Any) -> Any:
    """Return the value as JSON has it; whatever JSON has not becomes text, so that a task always gets the same kinds."""
    return value if isinstance(value, int | float | bool | list | dict | type(None)) else str(value)


def _common(settings: Settings) -> dict[str, Any]:
    """Return what holds for every broker."""
    return {
        "imports": ("workers.tasks",),
        "accept_content": ["json"],
        "task_serializer": "json",
        "task_ignore_result": True,
        "task_default_queue": settings.queue,
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        "task_acks_on_failure_or_timeout": True,
        "task_soft_time_limit": SOFT_LIMIT.total_seconds(),
        "task_time_limit": HARD_LIMIT.total_seconds(),
        "task_publish_retry_policy": {"max_retries": 2, "interval_start": 0, "interval_step": 0.2, "interval_max": 0.5},
        "worker_prefetch_multiplier": 1,
        "worker_enable_remote_control": False,
        "worker_send_task_events": False,
        "worker_max_tasks_per_child": 1000,
        "worker_soft_shutdown_timeout": SHUTDOWN.total_seconds(),
        "worker_cancel_long_running_tasks_on_connection_loss": True,
        "broker_connection_retry_on_startup": True,
        "broker_connection_timeout": 3,
        "enable_utc": True,
        "timezone": "UTC",
        # In memory: no state file that can break. Nothing is lost by it, because each sweep takes all that is due.
        "beat_scheduler": "celery.beat:Scheduler",
        "beat_schedule": beat_schedule(),
        "beat_max_loop_interval": 5,
    }


def _broker(settings: Settings) -> dict[str, Any]:
    """Return what differs from broker to broker."""
    parts = urlsplit(settings.broker_url)
    if parts.scheme == "spool":
        return {
            "broker_url": "spool://localhost//",
            "broker_transport": "workers.spool:Transport",
            "broker_transport_options": spool.prepare_directory(Path(parts.netloc + parts.path)),
        }
    chosen: dict[str, Any] = {"broker_url": settings.broker_url}
    if parts.scheme in {"amqp", "amqps"}:
        # Without confirms RabbitMQ may drop a message silently. A quorum queue survives the loss of a node, and gives up
        # on a message that has killed its worker again and again.
        chosen["broker_transport_options"] = {"confirm_publish": True}
        chosen["task_default_queue_type"] = "quorum"
        limits = {"x-queue-type": "quorum", "x-delivery-limit": DELIVERY_LIMIT}
        chosen["task_queues"] = [Queue(settings.queue, routing_key=settings.queue, queue_arguments=limits)]
    elif parts.scheme in {"redis", "rediss"}:
        chosen["broker_transport_options"] = {
            "visibility_timeout": int(VISIBILITY.total_seconds()),
            "global_keyprefix": f"{settings.queue}:",
            "socket_connect_timeout": 3,
            "socket_keepalive": True,
        }
    return chosen
