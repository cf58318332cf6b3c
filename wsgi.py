"""The web application for gunicorn and the flask command: settings from the environment, nothing else."""

import gc
import os
import sys

from collab.factory import create_app, create_core
from collab.kernel import logs
from config import ConfigError, load_settings
from workers.application import job_sender

try:
    settings = load_settings(os.environ)
except ConfigError as error:
    if os.environ.get("FLASK_RUN_FROM_CLI"):
        # Who runs `flask doctor` to learn what is wrong reads that, and not a traceback. gunicorn gives up by itself.
        raise SystemExit(str(error)) from None
    raise
# What a command prints is its answer, and may be read by a machine: its log goes elsewhere.
logs.configure(settings.log_format, sys.stderr if os.environ.get("FLASK_RUN_FROM_CLI") else sys.stdout)
app = create_app(create_core(settings, job_sender(settings)))
# What was made until now stays until the process ends: the collector need not walk through it again at every request.
gc.collect()
gc.freeze()
