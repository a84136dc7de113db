"""What a tool needs of the organisation that calls it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from greatwheel.core.errors import NotAvailable


def require_secrets(tool: str, wanted: Iterable[str], secrets: Mapping[str, str]) -> None:
    """Go on when the organisation has those secrets.

    Raises:
        NotAvailable: it lacks one, which the message names.
    """
    if missing := [name for name in wanted if name not in secrets]:
        raise NotAvailable(
            f"tool.{tool} needs the secret {missing[0]}, which this organisation has not; "
            f"an admin sets it by `greatwheel secrets set {missing[0]}`."
        )
