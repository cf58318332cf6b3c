"""The web application for gunicorn and the flask command: settings from the environment, nothing else."""

import gc
import os

from collab.factory import create_app, create_core
from config import load_settings
from workers.application import job_sender

settings = load_settings(os.environ)
app = create_app(create_core(settings, job_sender(settings)))
# What was made until now stays until the process ends: the collector need not walk through it again at every request.
gc.collect()
gc.freeze()
