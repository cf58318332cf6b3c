"""Settings: what is read, what is refused, and that nothing is refused one line at a time."""

import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from config import ConfigError, Environment, LogFormat, Settings, load_settings

PRODUCTION = {
    "COLLAB_ENV": "production",
    "COLLAB_SECRET_KEY": "q8Zt0vWm3bKx7LrY1nPc5HsD9fGj2TeUaQ",
    "COLLAB_DATABASE_URL": "postgresql://collab_app:pw@db/collab",
    "COLLAB_BROKER_URL": "amqp://user:pw@queue//",
    "COLLAB_MAIL_URL": "smtp://user:p%40ss@mail.example:2525?tls=1",
    "COLLAB_MAIL_FROM": "collab@example.go.th",
    "COLLAB_BASE_URL": "https://collab.example.go.th/",
}


def problems_of(environ: dict[str, str]) -> tuple[str, ...]:
    """Return what load_settings finds wrong with `environ`."""
    with pytest.raises(ConfigError) as caught:
        load_settings(environ)
    return caught.value.problems


def test_production_settings_are_read() -> None:
    settings = load_settings(PRODUCTION)
    assert settings.env is Environment.PRODUCTION
    assert settings.database_url == "postgresql+psycopg://collab_app:pw@db/collab"
    assert settings.database_owner_url is None
    assert settings.base_url == "https://collab.example.go.th"
    assert settings.secure_cookies
    assert settings.log_format is LogFormat.JSON
    assert (settings.max_upload_mb, settings.max_upload_bytes) == (25, 25 * 1024 * 1024)


def test_smtp_address_is_taken_apart() -> None:
    server = load_settings(PRODUCTION).smtp
    assert server is not None
    assert (server.host, server.port, server.username, server.password) == ("mail.example", 2525, "user", "p@ss")
    assert server.tls
    assert "p@ss" not in repr(server)


def test_production_is_meant_when_nothing_is_said() -> None:
    names = {line.partition(":")[0] for line in problems_of({})}
    assert names == {
        "COLLAB_SECRET_KEY",
        "COLLAB_DATABASE_URL",
        "COLLAB_BROKER_URL",
        "COLLAB_MAIL_URL",
        "COLLAB_MAIL_FROM",
        "COLLAB_BASE_URL",
    }


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("COLLAB_SECRET_KEY", "short", "shorter than 32"),
        ("COLLAB_SECRET_KEY", "ab" * 20, "repeats"),
        ("COLLAB_SECRET_KEY", "   ", "is not set"),
        ("COLLAB_DATABASE_URL", "sqlite:///x.db", "postgresql://"),
        ("COLLAB_DATABASE_URL", "postgresql", "postgresql://"),
        ("COLLAB_BROKER_URL", "memory://", "no other process"),
        ("COLLAB_BROKER_URL", "kafka://x", "must begin with"),
        ("COLLAB_QUEUE", "Collab queue", "hyphens"),
        ("COLLAB_BASE_URL", "http://collab.example.go.th", "https://"),
        ("COLLAB_BASE_URL", "collab.example.go.th", "http or https"),
        ("COLLAB_MAIL_URL", "smtp://", "smtp://user"),
        ("COLLAB_MAIL_URL", "smtp://mail:port", "the port must be a number"),
        ("COLLAB_MAIL_URL", "smtp://mail:99999", "the port must be a number"),
        ("COLLAB_MAIL_URL", "smtp://user:pa/ss@mail:25", "%2F for /"),
        ("COLLAB_MAIL_URL", "smtp://user:pa[ss@mail:25", "%5B for ["),
        ("COLLAB_MAIL_URL", "smtp://[::1", "the host cannot be read"),
        ("COLLAB_MAIL_URL", "smtps://mail:465", "begins neither with"),
        ("COLLAB_MAIL_URL", "mail.example", "begins neither with"),
        ("COLLAB_MAIL_URL", "smtp://mail?tls=maybe", "tls must be 1 or 0"),
        ("COLLAB_BROKER_URL", "amqp://user:pa[ss@queue", "cannot be read"),
        ("COLLAB_BROKER_URL", "amqp://queue:port", "cannot be read"),
        ("COLLAB_BASE_URL", "https://[x", "must be an http or https address"),
        ("COLLAB_REPORT_MAILBOX", "imaps://[x", "must be imaps://"),
        ("COLLAB_MAIL_FROM", "a@b\nBcc: c@d", "one mail address"),
        ("COLLAB_MAX_UPLOAD_MB", "plenty", "whole number"),
        ("COLLAB_MAX_UPLOAD_MB", "0", "whole number"),
        ("COLLAB_SESSION_HOURS", "-3", "whole number"),
        ("COLLAB_SESSION_HOURS", "๑๒", "whole number"),
        ("COLLAB_ENV", "staging", "demo, production or test"),
        ("COLLAB_LOG_FORMAT", "xml", "text or json"),
    ],
)
def test_one_bad_setting_is_named(name: str, value: str, said: str) -> None:
    (problem,) = problems_of(PRODUCTION | {name: value})
    assert problem.startswith(name + ":")
    assert said in problem


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("COLLAB_REPORT_ADDRESS", "reports+tag@example.go.th"),
        ("COLLAB_REPORT_ADDRESS", "a name that is too long for a tag@example.go.th"),
        ("COLLAB_REPORT_MAILBOX", "pop3://user:pw@host"),
        ("COLLAB_REPORT_MAILBOX", "maildir://"),
        ("COLLAB_REPORT_MAILBOX", "imaps://[broken"),
        ("COLLAB_REPORT_SECRET", "short"),
        ("COLLAB_CHANNEL_HOSTS", "https://chat.example.go.th"),
    ],
)
def test_what_comes_back_and_channels_are_set_rightly_or_not_at_all(name: str, value: str) -> None:
    (said,) = problems_of({**PRODUCTION, name: value})
    assert said.startswith(f"{name}: ")


def test_servers_of_channels_are_a_list() -> None:
    settings = load_settings({**PRODUCTION, "COLLAB_CHANNEL_HOSTS": "chat.example.go.th, NTFY.example.go.th:8443"})
    assert settings.channel_hosts == {"chat.example.go.th", "ntfy.example.go.th:8443"}
    assert load_settings(PRODUCTION).channel_hosts == frozenset()


def test_all_problems_are_named_at_once() -> None:
    broken = PRODUCTION | {"COLLAB_SECRET_KEY": "", "COLLAB_BROKER_URL": "", "COLLAB_SIGN_IN_LIMIT": "x"}
    assert [line.partition(":")[0] for line in problems_of(broken)] == [
        "COLLAB_SECRET_KEY",
        "COLLAB_BROKER_URL",
        "COLLAB_SIGN_IN_LIMIT",
    ]


def demo(state_dir: Path) -> Settings:
    """Return the settings of a demo that keeps its state in `state_dir`."""
    return load_settings(
        {
            "COLLAB_ENV": "demo",
            "COLLAB_STATE_DIR": str(state_dir),
            "COLLAB_DATABASE_URL": "postgres://collab_app@/collab?host=/run",
        }
    )


def test_demo_makes_its_secret_once_and_keeps_it_private(tmp_path: Path) -> None:
    first, second = demo(tmp_path / "var"), demo(tmp_path / "var")
    kept = tmp_path / "var" / "secret"
    assert first.secret_key == second.secret_key == kept.read_text(encoding="ascii")
    assert len(first.secret_key) >= 32
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert demo(tmp_path / "other").secret_key != first.secret_key


def test_demo_needs_no_broker_and_no_mail_server(tmp_path: Path) -> None:
    settings = demo(tmp_path)
    assert settings.broker_url == f"spool://{tmp_path / 'broker'}"
    assert settings.smtp is None
    assert settings.base_url == "http://127.0.0.1:8000"
    assert not settings.secure_cookies


def test_tests_too_must_bring_their_secret() -> None:
    environ = {"COLLAB_ENV": "test", "COLLAB_DATABASE_URL": "postgresql:///collab"}
    assert problems_of(environ) == ("COLLAB_SECRET_KEY: is not set",)


def test_secrets_stay_out_of_the_printed_form() -> None:
    shown = repr(load_settings(PRODUCTION))
    assert "q8Zt0" not in shown
    assert "pw@" not in shown


def test_every_setting_is_documented() -> None:
    root = Path(__file__).resolve().parents[2]
    sources = (root / "config.py", root / "collab/web/launcher/options.py")
    names = {name for path in sources for name in re.findall(r'"(COLLAB_[A-Z_]+)"', path.read_text(encoding="utf-8"))}
    manual = (root / "docs" / "operators.md").read_text(encoding="utf-8")
    assert names
    assert sorted(name for name in names if f"`{name}`" not in manual) == []


def test_a_command_says_what_is_wrong_and_shows_neither_a_traceback_nor_a_password() -> None:
    environ = {**os.environ, **PRODUCTION, "COLLAB_MAIL_URL": "smtp://user:s3cr[et@mail:25", "FLASK_APP": "wsgi:app"}
    said = subprocess.run(
        [sys.executable, "-m", "flask", "doctor"],
        env=environ,
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 1
    assert "COLLAB_MAIL_URL: the host cannot be read" in said.stderr
    assert "Traceback" not in said.stderr
    assert "s3cr" not in said.stderr + said.stdout
