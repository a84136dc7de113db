"""What a route is given: who calls, and the parts of the installation."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Annotated, TypeAlias

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyCookie, HTTPBearer

from greatwheel.channels.http.authentication import COOKIE, PRINCIPAL
from greatwheel.channels.http.news import News
from greatwheel.channels.http.offer import Offer
from greatwheel.channels.http.parts import Parts
from greatwheel.core.errors import NotFound
from greatwheel.core.ids import OrgId, TaskId, UserId
from greatwheel.core.tasks import Task
from greatwheel.database.connection import OrgConnection
from greatwheel.tenancy.principal import Principal

bearer = HTTPBearer(auto_error=False, description="An API key: `gwk_…`. The authentication layer checks it.")
cookie = APIKeyCookie(name=COOKIE, auto_error=False, description="The login of a browser; see `POST /api/login`.")


@dataclass(frozen=True, kw_only=True, slots=True)
class Visit:
    """One request of somebody. Members see their own tasks and sessions, admins those of the organisation."""

    principal: Principal
    parts: Parts
    news: News
    offer: Offer = field(default_factory=Offer)
    """What the installation offers."""

    @property
    def org_id(self) -> OrgId:
        """The caller's organisation."""
        return self.principal.org_id

    @property
    def user_id(self) -> UserId:
        """The caller."""
        return self.principal.user_id

    @property
    def whose(self) -> UserId | None:
        """Whose things the caller sees; None: everybody's in the organisation."""
        return None if self.principal.role == "admin" else self.principal.user_id

    def org(self) -> AbstractAsyncContextManager[OrgConnection]:
        """A transaction that sees the caller's organisation alone."""
        return self.parts.database.org(self.org_id)

    async def task(self, conn: OrgConnection, task_id: TaskId) -> Task:
        """A task that the caller may see. Raises NotFound."""
        task = await self.parts.tasks.get(conn, task_id)
        if self.whose not in (None, task.user_id):
            raise NotFound(f"There is no task {task_id} in this organisation.")  # as for one that is not there
        return task


def _visit(request: Request) -> Visit:
    principal: Principal = request.scope[PRINCIPAL]
    return Visit(
        principal=principal, parts=request.app.state.parts, news=request.app.state.news, offer=request.app.state.offer
    )


def _offer(request: Request) -> Offer:
    offer: Offer = request.app.state.offer
    return offer


def _admin_visit(visit: Annotated[Visit, Depends(_visit)]) -> Visit:
    visit.principal.require_admin()
    return visit


Visitor: TypeAlias = Annotated[Visit, Depends(_visit)]
"""Anybody with a key."""
Admin: TypeAlias = Annotated[Visit, Depends(_admin_visit)]
"""An admin."""
Offered: TypeAlias = Annotated[Offer, Depends(_offer)]
"""What the installation offers."""
KEY_NEEDED = [Security(bearer), Security(cookie)]
"""For the description of the API: the check itself is `authentication`'s."""
