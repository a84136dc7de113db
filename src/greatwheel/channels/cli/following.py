"""Follow a task to its end, and let Ctrl-C stop it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from greatwheel.channels.cli.client import ApiClient
from greatwheel.channels.cli.terminal import say
from greatwheel.core.errors import Conflict, GreatwheelError


@contextmanager
def cancelled_by_ctrl_c(client: ApiClient, task_id: str, tell: Callable[[str], None] = say) -> Iterator[None]:
    """While it lasts, the first Ctrl-C cancels the task, and the second is a KeyboardInterrupt.

    What reads the task's events is not disturbed: it sees the task end.
    """
    pressed = False

    def on_signal(number: int, frame: FrameType | None) -> None:
        nonlocal pressed
        if pressed:
            raise KeyboardInterrupt
        pressed = True
        # In a thread: the client may be in the middle of a call of its own.
        threading.Thread(target=_cancel, args=(client, task_id, tell), daemon=True).start()

    before = signal.signal(signal.SIGINT, on_signal)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _cancel(client: ApiClient, task_id: str, tell: Callable[[str], None]) -> None:
    tell("cancelling; Ctrl-C again leaves")
    try:
        client.call("POST", client.path("/api/tasks/{}/cancel", task_id))
    except Conflict:
        pass  # it has just ended
    except GreatwheelError as error:
        tell(f"it could not be cancelled: {error}")
