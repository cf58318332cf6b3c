"""Which services answer on this machine, and how a test says that it needs one."""

import os
from functools import lru_cache
from urllib.parse import urlsplit

import psycopg

#: A superuser's address on a server that may be used for tests; the embedded one is started when it does not answer.
POSTGRES = os.environ.get("COLLAB_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/postgres")
REDIS = os.environ.get("COLLAB_TEST_REDIS", "redis://127.0.0.1:6379/15")
RABBITMQ = os.environ.get("COLLAB_TEST_RABBITMQ", "amqp://guest:guest@127.0.0.1:5672//")
REQUIRED = os.environ.get("COLLAB_REQUIRE_SERVICES") == "1"


@lru_cache
def superuser_url() -> str:
    """Return a superuser's address: the machine's PostgreSQL when it answers, else the embedded one."""
    try:
        with psycopg.connect(POSTGRES, connect_timeout=3):
            return POSTGRES
    except psycopg.OperationalError:
        if REQUIRED:
            raise
    from tests.embedded import embedded_superuser_url

    return embedded_superuser_url()


def app_url(superuser: str, role: str, database: str) -> str:
    """Return the SQLAlchemy address of ``database`` for ``role`` on the superuser's server."""
    parts = urlsplit(superuser)
    host = parts.hostname or ""
    port = f":{parts.port}" if parts.port else ""
    query = f"?{parts.query}" if parts.query else ""
    return f"postgresql+psycopg://{role}@{host}{port}/{database}{query}"
