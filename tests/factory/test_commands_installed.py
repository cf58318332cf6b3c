"""Every command of the console as an operator runs it: over pools of its own, with reads that are no transaction, really committed.

The other tests share one connection, within one transaction, where more is possible than in an installation.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
from flask import Flask

from collab.factory import create_core
from collab.history.verifier import notes
from collab.history.verifier.witness import make_witness
from collab.kernel.db import Database
from tests.conftest import settings_for, web_app
from tests.factories.world import World

Run = Callable[..., str]
#: Tested elsewhere, on databases of their own: they fill an installation.
ELSEWHERE = {"demo load", "demo scale", "demo accounts"}


@pytest.fixture
def installed(committed: Database, people: World, tmp_path: Path) -> Iterator[Flask]:
    """The product as an installation builds it."""
    address = committed.engine.url.render_as_string(hide_password=False)
    core = create_core(settings_for(address, tmp_path, log_key_file=tmp_path / "key"), lambda _job, _arguments: None)
    yield web_app(core)
    core.database.engine.dispose()
    assert core.database.reader is not None
    core.database.reader.dispose()


def commands(group: click.Group, before: str = "") -> Iterator[str]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, f"{before}{name} ")
        else:
            yield f"{before}{name}"


def test_every_command_does_its_work_in_an_installation(installed: Flask, people: World, tmp_path: Path) -> None:
    runner, ran = installed.test_cli_runner(), set[str]()

    def run(command: str, *arguments: object, code: int = 0) -> str:
        ran.add(command)
        done = runner.invoke(args=[*command.split(), *map(str, arguments)])
        assert (done.exit_code, done.exception is None or isinstance(done.exception, SystemExit)) == (code, True), (
            f"{command}: {done.output} {done.exception!r}"
        )
        return done.output

    run("history make-key", tmp_path / "key")
    run("calendar load-holidays")
    run("members load-facts")
    run("members create-administrator", "new.admin@example.org")
    run("members take-off-second-factor", people.users["administrator"].email)
    assert "sealed" in run("history seal", "--manifest")
    witness_to_and_fro(run, tmp_path)
    run("history bundle", "--target", f"committee:{people.committee.id}", "--out", tmp_path / "bundle.zip")
    run("history bundle", "--target", f"committee:{people.committee.id}", "--out", tmp_path / "nowhere" / "bundle.zip", code=1)
    run("history verify", code=3)
    run("history rotate-key", tmp_path / "key2")
    run("history seal", code=1)
    assert json.loads(run("history verify", "--json", code=3))["faults"] == []
    assert run("history rebuild", "--check").endswith("0 differences\n")
    assert run("history reconcile") == "0 new disagreements\n"
    assert json.loads(run("history erasures")) == []
    run("history verifier", "--out", tmp_path / "verify.py")
    run("doctor", code=1)
    assert ran == set(commands(installed.cli)) - ELSEWHERE - {"run", "shell", "routes"}


def witness_to_and_fro(run: Run, folder: Path) -> None:
    """Add a witness, carry a checkpoint to it and its answer back."""
    laptop = make_witness(folder / "w", "sao.example/w")
    run("witness program", "--out", folder / "witness.py")
    run("witness add", laptop.key, "--operator", "สตง.", "--audit-office")
    run("history seal", "--manifest")
    run("witness carry", "sao.example/w", "--out", folder / "request")
    laptop.trust(notes.parse_key(run("history policy").split()[1]))
    answer = laptop.answer((folder / "request").read_text(), 1_795_000_000)
    (folder / "answer").write_text(f"{answer.status}\n{answer.text}")
    run("witness import", "sao.example/w", folder / "answer")
    assert "สตง." in run("witness list")
    run("witness retire", "sao.example/w", "--reason", "ย้าย")
