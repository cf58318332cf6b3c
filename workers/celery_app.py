"""What the command line names: ``celery -A workers.celery_app worker`` and ``… beat``."""

import os
import sys
from typing import Any

from celery.signals import setup_logging

from collab.kernel import logs
from config import load_settings
from workers.application import create_celery

app = create_celery(load_settings(os.environ))


@setup_logging.connect(weak=False)
def configure_logging(**_signal: Any) -> None:
    """Keep Celery from configuring the loggers; our lines say which job they belong to."""
    logs.configure(app.settings.log_format, sys.stdout)
