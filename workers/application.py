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

from collab.kernel.jobs import Lane, lane_of
from collab.kernel.logs import spoken_of
from config import Settings
from workers import spool

SOFT_LIMIT = timedelta(seconds=120)
HARD_LIMIT = timedelta(seconds=150)
#: A job that works in batches leaves the rest to its next run after this time; one batch more still ends before the soft limit.
SHARE = timedelta(seconds=60)
VISIBILITY = timedelta(minutes=10)
SHUTDOWN = timedelta(seconds=6)
DELIVERY_LIMIT = 5
#: The log field, and the header of a wake-up, that name the request from which it came.
REQUEST_ID = "request_id"

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
        plain = {name: _plain(value) for name, value in arguments.items()}
        asked_by = {name: value for name, value in spoken_of().items() if name == REQUEST_ID}
        celery.send_task(str(job), kwargs=plain, ignore_result=True, queue=queue_name(settings, lane_of(job)), headers=asked_by)

    return send


def queue_name(settings: Settings, lane: Lane) -> str:
    """Return the name of the queue of ``lane``; the normal one has the plain name."""
    return settings.queue if lane is Lane.NORMAL else f"{settings.queue}-{lane.value}"


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
        "task_queues": [Queue(name, routing_key=name, queue_arguments=_limits(settings)) for name in _queue_names(settings)],
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
        # A run that loses the broker ends well all the same, and a second one for its message finds nothing to do; to kill it would
        # repeat the mails in flight, and leave what it had claimed until the lease ends.
        "worker_cancel_long_running_tasks_on_connection_loss": False,
        "broker_connection_retry_on_startup": True,
        "broker_connection_timeout": 3,
        "enable_utc": True,
        "timezone": "UTC",
        "beat_scheduler": "workers.scheduler:PeriodScheduler",
    }


def _queue_names(settings: Settings) -> list[str]:
    """Return the queues in the order in which a worker empties them, where the broker knows an order."""
    return [queue_name(settings, lane) for lane in Lane]


def _limits(settings: Settings) -> dict[str, Any] | None:
    """Return what RabbitMQ is asked of a queue.

    A quorum queue survives the loss of a node, and gives up on a message that has killed its worker again and again.
    """
    if urlsplit(settings.broker_url).scheme not in {"amqp", "amqps"}:
        return None
    return {"x-queue-type": "quorum", "x-delivery-limit": DELIVERY_LIMIT}


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
        # Without confirms RabbitMQ may drop a message silently.
        chosen["broker_transport_options"] = {"confirm_publish": True}
        chosen["task_default_queue_type"] = "quorum"
    elif parts.scheme in {"redis", "rediss"}:
        chosen["broker_transport_options"] = {
            "visibility_timeout": int(VISIBILITY.total_seconds()),
            "global_keyprefix": f"{settings.queue}:",
            "socket_connect_timeout": 3,
            "socket_keepalive": True,
            "queue_order_strategy": "priority",
        }
    return chosen
