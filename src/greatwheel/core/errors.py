"""Every error of the product, in one tree.

    GreatwheelError
    ├── BadInput                what the user gave can't be used
    │   ├── ContextInvalid      a context that is not text or data
    │   │   └── NotText         … a file that is not text
    │   ├── FileTooLarge        a file that is longer than may be uploaded
    │   ├── TrajectoryInvalid   a trajectory file that can't be read
    │   └── SourceRefused       an agent's code that can't be run
    ├── SandboxError
    │   ├── SandboxLost         the interpreter's process is gone
    │   ├── SandboxMisuse       a call in the wrong state (a bug in the caller)
    │   ├── DumpInvalid         a dump that can't be loaded
    │   └── ValueNotPortable    a value that can't cross the sandbox's border
    ├── ModelError
    │   ├── ModelNotFound       no such model
    │   ├── ModelUnavailable    no model server answers
    │   ├── ModelBusy           the server answered 429
    │   ├── ModelRefused        the server answered with an error that a retry won't cure
    │   ├── ModelTimeout        no answer in time
    │   └── ModelFileCorrupt    a file whose hash is not the catalogue's
    ├── BudgetExceeded          a hard limit of the budget is reached
    │   └── StepsUsedUp         … that of the steps
    ├── LimitReached            a hard limit of the organisation or the user is reached
    │   ├── TooManyStreams      … of what the user may have open at a time
    │   └── UploadsFull         … of what uploads that no task has may hold
    ├── NotAvailable            a service that this installation does not have
    ├── NotFound                no such task, agent, user, … in this organisation
    ├── Conflict                the thing is not in a state that allows this
    │   ├── KeyReused           an idempotency key of another order
    │   └── LeaseLost           another worker has taken the task over
    ├── AccessDenied            no valid key, or no permission
    │   ├── KeyRefused          … the key
    │   ├── SignatureRefused    … the signature of a delivery
    │   ├── PermissionDenied    … the permission, which the message names
    │   ├── ForeignRequest      another site's page made the request
    │   └── TooManyTries        too many wrong keys came from there
    ├── InDoubt                 an effect that may or may not have happened
    ├── AgentFailed             a task that was called has failed
    ├── ToolFailed              a tool was called and could not do it
    ├── GitFailed               a repository that can't be read
    ├── DatabaseError
    │   └── DatabaseUnavailable  no Postgres answers
    └── SealBroken              sealed bytes that were altered, or are another owner's

The class docstring is the default message and says what to do. `code` is stable and unique, `retryable` says
whether the same call may succeed later, `http_status` and `exit_code` are what the edges answer with.
"""

from __future__ import annotations

import inspect
from typing import ClassVar


class GreatwheelError(Exception):
    """Something failed inside Greatwheel. Please report this."""

    code: ClassVar[str] = "internal"
    retryable: ClassVar[bool] = False
    http_status: ClassVar[int] = 500
    exit_code: ClassVar[int] = 70

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or inspect.getdoc(type(self)) or type(self).__name__)


class BadInput(GreatwheelError):
    """The input can't be used; see `greatwheel --help`."""

    code = "input.bad"
    http_status = 400
    exit_code = 2


class ContextInvalid(BadInput):
    """The context is not text or JSON-like data; pass text files, strings, lists or dicts."""

    code = "input.context_invalid"


class NotText(ContextInvalid):
    """The file is not text; pass UTF-8 text, JSON or CSV."""

    code = "input.not_text"
    http_status = 415


class FileTooLarge(BadInput):
    """The file is larger than 100 MB; split it, or pass the part that the question is about."""

    code = "input.file_too_large"
    http_status = 413


class TrajectoryInvalid(BadInput):
    """The file is not a trajectory; pass a file that `greatwheel ask` wrote."""

    code = "input.trajectory_invalid"


class SourceRefused(BadInput):
    """The agent's code can't be run; define `handle(task)` in Python that parses."""

    code = "agent.source_refused"
    http_status = 422
    exit_code = 65


class SandboxError(GreatwheelError):
    """The sandbox failed."""

    code = "sandbox.failed"


class SandboxLost(SandboxError):
    """The sandbox process is gone; load the session's last dump."""

    code = "sandbox.lost"
    retryable = True
    http_status = 503
    exit_code = 4


class SandboxMisuse(SandboxError):
    """The session is not in a state that allows this call; a call is pending or none is."""

    code = "sandbox.misuse"


class DumpInvalid(SandboxError):
    """The dump can't be loaded; it is damaged or comes from another engine or version."""

    code = "sandbox.dump_invalid"
    http_status = 422
    exit_code = 65


class ValueNotPortable(SandboxError):
    """The value can't cross the sandbox's border; use text, numbers, lists, tuples, sets, dicts or None."""

    code = "sandbox.value_not_portable"
    http_status = 422
    exit_code = 65


class ModelError(GreatwheelError):
    """The model server failed."""

    code = "model.failed"
    http_status = 502
    exit_code = 69

    def __init__(self, message: str | None = None, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        """Seconds that the server asks to wait before the next try; None when it did not say."""


class ModelNotFound(ModelError):
    """There is no such model; `greatwheel models list` shows those that can be pulled."""

    code = "model.not_found"
    http_status = 404
    exit_code = 2


class ModelUnavailable(ModelError):
    """No model server answers; start Ollama, or run `greatwheel models pull qwen2.5-coder:1.5b`."""

    code = "model.unavailable"
    retryable = True
    http_status = 503


class ModelBusy(ModelError):
    """The model server has too many requests; try again later."""

    code = "model.busy"
    retryable = True
    http_status = 503


class ModelRefused(ModelError):
    """The model server refused the request; see its message."""

    code = "model.refused"


class ModelTimeout(ModelError):
    """The model server did not answer in time; raise the timeout or use a smaller model."""

    code = "model.timeout"
    retryable = True
    http_status = 504


class ModelFileCorrupt(ModelError):
    """The model file's SHA-256 is not the catalogue's; pull it again."""

    code = "model.file_corrupt"


class BudgetExceeded(GreatwheelError):
    """The budget is used up; raise the limit that the message names."""

    code = "budget.exceeded"
    http_status = 429
    exit_code = 5


class StepsUsedUp(BudgetExceeded):
    """The step budget is used up; raise steps."""

    code = "budget.steps"


class LimitReached(GreatwheelError):
    """A hard limit is reached; wait for its reset, or ask an admin to raise it."""

    code = "limit.reached"
    http_status = 429
    exit_code = 5

    def __init__(self, message: str | None = None, *, held: bool = False) -> None:
        super().__init__(message)
        self.held = held
        """Only what calls under way have set aside is in the way; they may use less."""


class TooManyStreams(LimitReached):
    """Too many streams of this user are open; close one first."""

    code = "limit.streams"
    retryable = True


class UploadsFull(LimitReached):
    """The organisation's uploads hold too much; name them in tasks, or wait until they are forgotten, after a day."""

    code = "limit.uploads"
    retryable = True


class NotAvailable(GreatwheelError):
    """This installation does not offer that service."""

    code = "service.not_available"
    http_status = 501
    exit_code = 6


class NotFound(GreatwheelError):
    """There is no such thing in this organisation."""

    code = "thing.not_found"
    http_status = 404
    exit_code = 2


class Conflict(GreatwheelError):
    """It is not in a state that allows this."""

    code = "thing.conflict"
    http_status = 409
    exit_code = 8


class KeyReused(Conflict):
    """An order that said something else had this idempotency key; give each order a key of its own."""

    code = "conflict.idempotency_key_reused"


class LeaseLost(Conflict):
    """Another worker has taken the task over; this one stops."""

    code = "task.lease_lost"


class AccessDenied(GreatwheelError):
    """Access is denied."""

    code = "access.denied"
    http_status = 403
    exit_code = 77


class KeyRefused(AccessDenied):
    """The key is unknown, revoked or expired; ask an admin for a new one."""

    code = "access.key_refused"
    http_status = 401


class SignatureRefused(AccessDenied):
    """The signature is missing, wrong or too old; sign with the secret that was shown when this place was made."""

    code = "access.signature_refused"
    http_status = 401


class PermissionDenied(AccessDenied):
    """The permission is missing; ask an admin to grant it."""

    code = "access.permission_denied"


class ForeignRequest(AccessDenied):
    """Another site's page seems to have made this request; send it from the server's own pages."""

    code = "access.foreign_request"


class TooManyTries(AccessDenied):
    """Too many wrong keys came from this address; try again later."""

    code = "access.too_many_tries"
    retryable = True
    http_status = 429

    def __init__(self, message: str | None = None, *, retry_after: int = 1) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        """Seconds until the next try is looked at."""


class InDoubt(GreatwheelError):
    """The call may or may not have happened, and was not repeated; find out before you make it again."""

    code = "call.in_doubt"
    http_status = 409
    exit_code = 9


class AgentFailed(GreatwheelError):
    """The agent that was called failed; see its task."""

    code = "agent.failed"
    http_status = 502
    exit_code = 10


class ToolFailed(GreatwheelError):
    """The tool failed; see its message."""

    code = "tool.failed"
    http_status = 502
    exit_code = 11


class GitFailed(GreatwheelError):
    """The git repository can't be read; check its address, path and revision."""

    code = "agent.git_failed"
    retryable = True
    http_status = 502
    exit_code = 69


class DatabaseError(GreatwheelError):
    """The database refused; see its message."""

    code = "database.failed"
    exit_code = 71


class DatabaseUnavailable(DatabaseError):
    """No Postgres answers; check DATABASE_URL, or unset it to use the embedded server."""

    code = "database.unavailable"
    retryable = True
    http_status = 503


class SealBroken(GreatwheelError):
    """The sealed bytes were altered, belong to somebody else, or the master key has changed."""

    code = "seal.broken"
    http_status = 422
    exit_code = 65
