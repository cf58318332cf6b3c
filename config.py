"""Settings of one installation, read once from the environment and then passed on as a value.

`docs/operators.md` lists every variable. Nothing else in the product reads the environment.
"""

import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

MINIMUM_SECRET_LENGTH = 32
MINIMUM_SECRET_VARIETY = 10
EMBEDDED_BROKER_SCHEME = "spool"
BROKER_SCHEMES = frozenset({"amqp", "amqps", "redis", "rediss", EMBEDDED_BROKER_SCHEME, "memory"})
_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off"})


class ConfigError(Exception):
    """Settings that are missing, malformed or too weak; `problems` has one line for each, beginning with its name."""

    def __init__(self, problems: list[str]) -> None:
        """Take all problems at once, so that an operator repairs them in one go."""
        self.problems = tuple(problems)
        super().__init__("Collab cannot start with these settings:\n" + "\n".join(f"  {line}" for line in problems))


class Environment(StrEnum):
    """What kind of installation this is; production is meant when nothing is said."""

    DEMO = "demo"
    PRODUCTION = "production"
    TEST = "test"


class LogFormat(StrEnum):
    """How a log line is written: for people or for a log collector."""

    TEXT = "text"
    JSON = "json"


@dataclass(frozen=True)
class SmtpServer:
    """Where mail is handed over. `tls` is True for STARTTLS or, on port 465, TLS from the first byte."""

    host: str
    port: int
    username: str
    password: str = field(repr=False)
    tls: bool


@dataclass(frozen=True)
class Settings:
    """All settings, typed. Addresses that may carry a password stay out of `repr`."""

    env: Environment
    secret_key: str = field(repr=False)
    database_url: str = field(repr=False)
    database_owner_url: str | None = field(repr=False)
    broker_url: str = field(repr=False)
    queue: str
    state_dir: Path
    files_dir: Path
    mail_url: str = field(repr=False)
    mail_from: str
    #: Where reports about our mail come: the envelope sender, '' for the same as `mail_from`.
    report_address: str
    #: The mailbox in which they lie, '' for none.
    report_mailbox: str = field(repr=False)
    #: What mail services sign their reports with, '' for none.
    report_secret: str = field(repr=False)
    #: Servers of their own that organisations may let notices be posted to.
    channel_hosts: frozenset[str]
    base_url: str
    session_hours: int
    max_upload_mb: int
    trusted_proxies: int
    sign_in_limit: int
    database_pool: int
    #: Name of the history's log, written into every event and checkpoint.
    log_origin: str
    #: Where the sealing worker finds the log's signing key; None in every other process.
    log_key_file: Path | None
    log_format: LogFormat

    @property
    def is_demo(self) -> bool:
        """Return whether this is the demo, which shows its accounts and its mail."""
        return self.env is Environment.DEMO

    @property
    def secure_cookies(self) -> bool:
        """Return whether cookies may be marked Secure, which follows from the public address."""
        return self.base_url.startswith("https://")

    @property
    def max_upload_bytes(self) -> int:
        """Return the largest request body in bytes."""
        return self.max_upload_mb * 1024 * 1024

    @property
    def smtp(self) -> SmtpServer | None:
        """Return the mail server, or None when mail goes to the local sink."""
        parts = urlsplit(self.mail_url)
        if parts.scheme != "smtp":
            return None
        tls = parse_qs(parts.query).get("tls", ["1"])[-1].lower() in _TRUE
        return SmtpServer(
            host=parts.hostname or "",
            port=parts.port or 587,
            username=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            tls=tls,
        )


class _Reader:
    """Reads variables one by one and collects what is wrong with them."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        self.problems: list[str] = []

    def problem(self, name: str, text: str) -> None:
        """Note that the variable `name` cannot be used, and why."""
        self.problems.append(f"{name}: {text}")

    def text(self, name: str, default: str = "") -> str:
        """Return the variable without surrounding space; an empty one counts as not set."""
        return self.environ.get(name, "").strip() or default

    def whole(self, name: str, default: int, least: int, most: int) -> int:
        """Return the variable as a whole number between `least` and `most`."""
        raw = self.text(name)
        if not raw:
            return default
        if raw.isascii() and raw.isdigit() and least <= int(raw) <= most:
            return int(raw)
        self.problem(name, f"must be a whole number from {least} to {most}")
        return default

    def directory(self, name: str, default: Path) -> Path:
        """Return the variable as an absolute path; it is not created here."""
        raw = self.text(name)
        return Path(raw).expanduser().resolve() if raw else default


def load_settings(environ: Mapping[str, str]) -> Settings:
    """Return the settings in `environ`; raise ConfigError naming everything that is missing or weak.

    In the demo a missing secret is made once and kept in the state directory, readable by its owner only.
    """
    reader = _Reader(environ)
    env = _environment(reader)
    state_dir = reader.directory("COLLAB_STATE_DIR", Path(__file__).resolve().parent / "var")
    settings = Settings(
        env=env,
        secret_key=_secret(reader, env, state_dir),
        database_url=_database(reader, "COLLAB_DATABASE_URL", required=True),
        database_owner_url=_database(reader, "COLLAB_DATABASE_OWNER_URL", required=False) or None,
        broker_url=_broker(reader, env, state_dir),
        queue=_queue(reader),
        state_dir=state_dir,
        files_dir=reader.directory("COLLAB_FILES_DIR", state_dir / "files"),
        mail_url=_mail(reader, env),
        mail_from=_mail_from(reader, env),
        report_address=_report_address(reader),
        report_mailbox=_report_mailbox(reader),
        report_secret=_report_secret(reader),
        channel_hosts=_channel_hosts(reader),
        base_url=_base_url(reader, env),
        session_hours=reader.whole("COLLAB_SESSION_HOURS", 12, 1, 24 * 7),
        max_upload_mb=reader.whole("COLLAB_MAX_UPLOAD_MB", 25, 1, 1024),
        trusted_proxies=reader.whole("COLLAB_TRUSTED_PROXIES", 0, 0, 5),
        sign_in_limit=reader.whole("COLLAB_SIGN_IN_LIMIT", 10, 1, 1000),
        database_pool=reader.whole("COLLAB_DATABASE_POOL", 5, 1, 100),
        log_origin=_log_origin(reader, env),
        log_key_file=_log_key_file(reader),
        log_format=_log_format(reader, env),
    )
    if reader.problems:
        raise ConfigError(reader.problems)
    return settings


def _environment(reader: _Reader) -> Environment:
    raw = reader.text("COLLAB_ENV", Environment.PRODUCTION.value)
    try:
        return Environment(raw)
    except ValueError:
        reader.problem("COLLAB_ENV", "must be demo, production or test")
        return Environment.PRODUCTION


def _secret(reader: _Reader, env: Environment, state_dir: Path) -> str:
    secret = reader.text("COLLAB_SECRET_KEY")
    if not secret and env is Environment.DEMO:
        return _demo_secret(state_dir / "secret")
    if not secret:
        reader.problem("COLLAB_SECRET_KEY", "is not set")
    elif env is Environment.PRODUCTION:
        if len(secret) < MINIMUM_SECRET_LENGTH:
            reader.problem("COLLAB_SECRET_KEY", f"is shorter than {MINIMUM_SECRET_LENGTH} characters")
        elif len(set(secret)) < MINIMUM_SECRET_VARIETY:
            reader.problem("COLLAB_SECRET_KEY", "repeats a few characters; use a random one")
    return secret


def _demo_secret(path: Path) -> str:
    """Return the secret kept at `path`, made now if there is none; of several processes starting at once one wins."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f"secret.{os.getpid()}.new")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(48))
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text(encoding="ascii")


def _database(reader: _Reader, name: str, *, required: bool) -> str:
    url = reader.text(name)
    if not url:
        if required:
            reader.problem(name, "is not set")
        return ""
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in {"postgres", "postgresql", "postgresql+psycopg"}:
        reader.problem(name, "must begin with postgresql://")
        return ""
    return f"postgresql+psycopg://{rest}"


def _broker(reader: _Reader, env: Environment, state_dir: Path) -> str:
    url = reader.text("COLLAB_BROKER_URL")
    if not url:
        if env is Environment.PRODUCTION:
            reader.problem("COLLAB_BROKER_URL", "is not set")
        return f"{EMBEDDED_BROKER_SCHEME}://{state_dir / 'broker'}"
    parts = _parts(url)
    scheme = parts.scheme if parts else ""
    if parts is None or _port(parts) == 0:
        reader.problem(
            "COLLAB_BROKER_URL", "host or port cannot be read (in user and password write %40 for @, %2F for /, %3A for :)"
        )
    elif scheme not in BROKER_SCHEMES:
        reader.problem("COLLAB_BROKER_URL", "must begin with amqp://, amqps://, redis://, rediss:// or spool://")
    elif env is Environment.PRODUCTION and scheme == "memory":
        reader.problem("COLLAB_BROKER_URL", "memory:// reaches no other process; use RabbitMQ or Redis")
    return url


def _queue(reader: _Reader) -> str:
    name = reader.text("COLLAB_QUEUE", "collab")
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,49}", name):
        reader.problem("COLLAB_QUEUE", "must be lower-case letters, digits and hyphens, at most 50")
    return name


def _mail(reader: _Reader, env: Environment) -> str:
    url = reader.text("COLLAB_MAIL_URL")
    if not url:
        if env is Environment.PRODUCTION:
            reader.problem("COLLAB_MAIL_URL", "is not set (sink:// keeps mail inside, smtp://… sends it)")
        return "sink://"
    fault = _mail_fault(url)
    if fault:
        reader.problem("COLLAB_MAIL_URL", f"{fault}; write sink:// or smtp://user:password@host:port?tls=1")
    return url


def _mail_fault(url: str) -> str:
    """Return what is wrong with the address of a mail server, without repeating any of it; '' when nothing is."""
    parts = _parts(url)
    if parts is None:
        return "the host cannot be read ([ ] stand around an IPv6 address; in user and password write %40 for @, %2F for /, %5B for [)"
    if parts.scheme == "sink":
        return ""
    if parts.scheme != "smtp":
        return "begins neither with smtp:// nor with sink:// (for TLS from the first byte: smtp://…:465?tls=1)"
    if not parts.hostname:
        return "names no host"
    if _port(parts) == 0:
        return "the port must be a number from 1 to 65535 (in user and password write %3A for :, %2F for /, %23 for #)"
    if parse_qs(parts.query).get("tls", ["1"])[-1].lower() not in _TRUE | _FALSE:
        return "tls must be 1 or 0"
    return ""


def _parts(url: str) -> SplitResult | None:
    """Return the parts of an address, None when it is none."""
    try:
        return urlsplit(url)
    except ValueError:
        return None


def _port(parts: SplitResult) -> int | None:
    """Return the port of an address, None when it has none, 0 when that is no port."""
    try:
        return parts.port
    except ValueError:
        return 0


def _mail_from(reader: _Reader, env: Environment) -> str:
    address = reader.text("COLLAB_MAIL_FROM")
    if not address and env is Environment.PRODUCTION:
        reader.problem("COLLAB_MAIL_FROM", "is not set")
    if address and ("@" not in address or any(character in address for character in "\r\n")):
        reader.problem("COLLAB_MAIL_FROM", "must be one mail address")
    return address or "collab@localhost"


def _report_address(reader: _Reader) -> str:
    address = reader.text("COLLAB_REPORT_ADDRESS")
    if address and not re.fullmatch(r"[A-Za-z0-9._-]{1,20}@[A-Za-z0-9.-]+", address):
        reader.problem(
            "COLLAB_REPORT_ADDRESS", "must be one mail address whose part before the @ has at most 20 characters and no +"
        )
    return address


def _report_mailbox(reader: _Reader) -> str:
    url = reader.text("COLLAB_REPORT_MAILBOX")
    parts = _parts(url)
    usable = parts is not None and (
        (parts.scheme == "maildir" and len(parts.path) > 1)
        or (parts.scheme in {"imap", "imaps"} and bool(parts.hostname) and _port(parts) != 0)
    )
    if url and not usable:
        reader.problem("COLLAB_REPORT_MAILBOX", "must be imaps://user:password@host/folder, imap://… or maildir:///path")
    return url


def _report_secret(reader: _Reader) -> str:
    secret = reader.text("COLLAB_REPORT_SECRET")
    if secret and len(secret) < MINIMUM_SECRET_LENGTH:
        reader.problem("COLLAB_REPORT_SECRET", f"is shorter than {MINIMUM_SECRET_LENGTH} characters")
    return secret


def _channel_hosts(reader: _Reader) -> frozenset[str]:
    names = [name.strip().lower() for name in reader.text("COLLAB_CHANNEL_HOSTS").split(",") if name.strip()]
    if not all(re.fullmatch(r"[a-z0-9.-]{1,253}(:[0-9]{1,5})?", name) for name in names):
        reader.problem("COLLAB_CHANNEL_HOSTS", "must be names of servers, host or host:port, with commas between")
    return frozenset(names)


def _base_url(reader: _Reader, env: Environment) -> str:
    url = reader.text("COLLAB_BASE_URL").rstrip("/")
    if not url:
        if env is Environment.PRODUCTION:
            reader.problem("COLLAB_BASE_URL", "is not set")
        return "http://127.0.0.1:" + str(reader.whole("COLLAB_PORT", 8000, 1, 65535))
    parts = _parts(url)
    if parts is None or parts.scheme not in {"http", "https"} or not parts.hostname or _port(parts) == 0:
        reader.problem("COLLAB_BASE_URL", "must be an http or https address")
    elif env is Environment.PRODUCTION and parts.scheme != "https":
        reader.problem("COLLAB_BASE_URL", "must begin with https:// in production")
    return url


def _log_origin(reader: _Reader, env: Environment) -> str:
    parts = _parts(reader.text("COLLAB_BASE_URL"))
    host = (parts.hostname if parts else "") if env is Environment.PRODUCTION else "collab.demo"
    name = reader.text("COLLAB_LOG_ORIGIN", f"{host}/history")
    if any(character.isspace() or character == "+" for character in name):
        reader.problem("COLLAB_LOG_ORIGIN", "has neither spaces nor plus signs")
    return name


def _log_key_file(reader: _Reader) -> Path | None:
    raw = reader.text("COLLAB_LOG_KEY_FILE")
    return Path(raw).expanduser().resolve() if raw else None


def _log_format(reader: _Reader, env: Environment) -> LogFormat:
    raw = reader.text("COLLAB_LOG_FORMAT", "json" if env is Environment.PRODUCTION else "text")
    try:
        return LogFormat(raw)
    except ValueError:
        reader.problem("COLLAB_LOG_FORMAT", "must be text or json")
        return LogFormat.TEXT
