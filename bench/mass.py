"""Databases of mass data, made once in a run by ``flask demo scale``'s own code and dropped at its end."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from bench.databases import Place, throw_away
from bench.registry import Run
from bench.servers import product_environ
from collab.factory.demo import scale
from config import load_settings


@dataclass(frozen=True)
class Mass:
    """A database of mass data: where it is, how it was made, who signs in there, and of which organisation that person is."""

    place: Place
    folder: Path
    wanted: scale.Wanted
    seconds: float
    email: str
    organisation_id: str


def mass(run: Run, wanted: scale.Wanted) -> Mass:
    """Return the database of the run that holds what is ``wanted``, made at the first call."""
    return run.keep(f"mass {wanted}", lambda: _made(run.folder, wanted))


@contextmanager
def _made(folder: Path, wanted: scale.Wanted) -> Iterator[Mass]:
    with throw_away(f"mass_{wanted.items}_{wanted.events}") as place:
        own = folder / place.name
        own.mkdir()
        environ = {**product_environ(place, own), "COLLAB_DATABASE_OWNER_URL": place.owner_url}
        print(f"   making {wanted.items:,} items and {wanted.events:,} events", flush=True)
        done = scale.build(load_settings(environ), wanted, datetime.now(UTC), lambda _line: None)
        print(f"   made in {done.seconds:.0f} s", flush=True)
        with psycopg.connect(place.psycopg_url) as connection:
            found = connection.execute("SELECT organisation_id FROM user_account WHERE email = %s", (done.example,)).fetchone()
        assert found is not None
        yield Mass(place, own, wanted, done.seconds, done.example, str(found[0]))
