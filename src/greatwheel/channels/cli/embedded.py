"""The installation's API inside this process: what commands use where no server is named.

It listens on a Unix socket in a folder that only this user may enter, and takes one key, which it made for itself.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import socket
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx

from greatwheel.channels.cli.client import ApiClient, ServerUnavailable
from greatwheel.channels.cli.serve import listen_on, serve_until
from greatwheel.channels.cli.tenants import announce_first
from greatwheel.channels.cli.terminal import innermost
from greatwheel.channels.http.door import Door
from greatwheel.core.clock import SystemClock
from greatwheel.core.errors import KeyRefused
from greatwheel.core.ids import UserId
from greatwheel.database.database import Database
from greatwheel.server.assembly import Installation, opened
from greatwheel.server.settings import Settings, load_settings
from greatwheel.tenancy import orgs, users
from greatwheel.tenancy.first_start import FIRST_ORG
from greatwheel.tenancy.principal import Principal

_HOST = "http://embedded"
_LONGEST_FOLDER = 70


class OwnDoor(Door):
    """Lets in who has this process's own key, as an admin of one organisation."""

    def __init__(self, database: Database, key: str, principal: Principal) -> None:
        super().__init__(database, SystemClock())
        self._key = key
        self._principal = principal

    async def by_key(self, address: str, key: str) -> Principal:
        """See Door."""
        if not secrets.compare_digest(self._key.encode(), key.encode()):
            raise KeyRefused
        return self._principal


@contextmanager
def embedded_api(config: Path | None, org: str | None, *, working: bool = False, key: str = "") -> Iterator[ApiClient]:
    """A client of the installation's own API, as an admin of that organisation (None: the first one's).

    With `working`, tasks are carried out, too. With a `key`, as the user whose key that is.

    Raises:
        BadInput, DatabaseError: the installation can't be opened.
        NotFound: it has no such organisation.
    """
    settings = load_settings(config)
    folder = Path(tempfile.mkdtemp(prefix="greatwheel-", dir=_short_folder()))
    inside = _Inside(settings, org or FIRST_ORG, folder / "api", working, key)
    try:
        inside.start()
        client = ApiClient(_HOST, inside.key, transport=httpx.HTTPTransport(uds=str(inside.path)))
        try:
            yield client
        except ServerUnavailable as error:
            raise inside.failure or error from error
        finally:
            client.close()
    finally:
        inside.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _short_folder() -> str:
    """Where files for a moment are kept, unless that is too long for a socket's path."""
    usual = tempfile.gettempdir()
    return usual if len(os.fsencode(usual)) <= _LONGEST_FOLDER else "/tmp"


class _Inside:
    """The thread that has the event loop."""

    def __init__(self, settings: Settings, org: str, path: Path, working: bool, key: str) -> None:
        self.key = key or secrets.token_urlsafe()
        self._own_key = not key
        self.path = path
        self._settings = settings
        self._org = org
        self._working = working
        self.failure: BaseException | None = None
        """What ended it too early."""
        self._listening: Future[None] = Future()
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="embedded-api", daemon=True)

    def start(self) -> None:
        """Begin; returns when the API listens. Raises what keeps it from that."""
        self._thread.start()
        self._listening.result()

    def stop(self) -> None:
        """End, and wait for it."""
        with suppress(RuntimeError):  # it has ended already
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            try:
                runner.run(self._main())
            except BaseException as error:
                self.failure = innermost(error)
                if not self._listening.done():
                    self._listening.set_exception(self.failure)

    async def _main(self) -> None:
        async with opened(self._settings) as installation:
            await announce_first(installation.database)
            if self._working:
                await serve_until(self._stop, installation, self._listen)
            else:
                await self._listen(installation, self._stop)

    async def _listen(self, installation: Installation, stop: asyncio.Event) -> None:
        door = await self._own_door(installation.database) if self._own_key else None
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(str(self.path))
            listening.listen()
            self._listening.set_result(None)
            await listen_on(listening, installation, stop, door=door)

    async def _own_door(self, database: Database) -> Door:
        return OwnDoor(database, self.key, await _admin(database, self._org))


async def _admin(database: Database, org: str) -> Principal:
    """An admin of the organisation; somebody without a name if it has none."""
    org_id = (await orgs.find(database, org)).org_id
    async with database.org(org_id) as conn:
        admins = [user for user in await users.list_all(conn) if user.role == "admin" and not user.disabled]
    return Principal(org_id=org_id, user_id=admins[0].user_id if admins else UserId(""), role="admin")
