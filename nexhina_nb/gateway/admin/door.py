"""Who may come in: handlers of the admin API say which level they need, and are given the person
who asks (contract 7.1).

A handler is a `Handler`: it gets the request and the account of the person, which is that
of the key where a key came, and has no key (``token_id`` 0) otherwise. What it raises is a refusal
in the envelope. Its docstring is its line in the description of the API.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from nexhina_nb.errors import Authentication, NexhinaError, PermissionDenied
from nexhina_nb.gateway.admin.envelope import failure, success
from nexhina_nb.gateway.admin.sessions import COOKIE, Sessions
from nexhina_nb.gateway.admin.windows import Window
from nexhina_nb.gateway.auth import address_of
from nexhina_nb.gateway.services import Gateway
from nexhina_nb.store.accounts import ENABLED, ROLE_ADMIN, ROLE_COMMON, ROLE_ROOT, Account
from nexhina_nb.store.notes import note
from nexhina_nb.store.people import find_by_access_token, find_person
from nexhina_nb.wire.codes import LogType

USER, ADMIN, ROOT = ROLE_COMMON, ROLE_ADMIN, ROLE_ROOT
_LEVELS = {USER: "a user", ADMIN: "an administrator", ROOT: "the root user"}
_LONGEST_TOKEN = 256

T = TypeVar("T")
# Gives what stands in the envelope's ``data``, or a whole response; errors are raised.
Handler = Callable[[Request, Account], Awaitable[Any]]
Public = Callable[[Request], Awaitable[Any]]


class Door:
    """One for all routes of a gateway: it knows the sessions and counts the requests."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.sessions = Sessions()
        self._all = Window(360, 180)
        self._guarded = {"login": Window(20, 1200), "search": Window(10, 60)}

    def route(
        self, path: str, handler: Handler, method: str, level: int = USER, *, guard: str = ""
    ) -> Route:
        """A route with and without a slash at its end; ``guard`` is "login" or "search" for what
        may be asked less often.
        """

        return _route(path, self.guard(handler, level, guard), method)

    def public(self, path: str, handler: Public, method: str, *, guard: str = "login") -> Route:
        """A route that nobody has to come through the door for. It is guarded as a login is,
        unless it only tells what anybody may read: then ``guard`` is "".
        """

        @functools.wraps(handler)
        async def endpoint(request: Request) -> Response:
            return await self._answered(request, guard, lambda: handler(request))

        endpoint.is_open = True  # type: ignore[attr-defined] # for the description of the API
        return _route(path, endpoint, method)

    def guard(
        self, handler: Handler, level: int, guard: str = ""
    ) -> Callable[[Request], Awaitable[Response]]:
        """Let only users of at least a level through, and put what they get into the envelope."""

        async def asked(request: Request) -> Any:
            return await handler(request, await self.person(request, level))

        @functools.wraps(handler)
        async def endpoint(request: Request) -> Response:
            return await self._answered(request, guard, lambda: asked(request))

        return endpoint

    async def person(self, request: Request, level: int) -> Account:
        """Who asks. Raises Authentication (401), or PermissionDenied for whom it is not open."""
        authorization = request.headers.get("authorization", "")
        token = re.sub(r"(?i)^bearer ", "", authorization)
        if token.startswith("sk-"):
            found = await self._by_key(request, token)
        elif token:
            found = await self._by_access_token(request, token)
        else:
            found = await self._by_session(request)
        if found.role < level:
            raise PermissionDenied(f"this is for {_LEVELS[level]} only")
        return found

    async def act(
        self,
        request: Request,
        person: Account,
        action: str,
        params: Mapping[str, Any],
        change: Callable[..., T],
        *arguments: Any,
    ) -> T:
        """Change the store for an administrator and write it in the log, in one transaction.

        ``params`` are for the log: nothing secret. ``change`` is given a connection first.
        """

        def act(connection: Connection) -> T:
            result = change(connection, *arguments)
            note(
                connection,
                LogType.MANAGE,
                person.user_id,
                person.username,
                action,
                other={"op": {"action": action, "params": dict(params)}},
                request_id=request_id(request),
            )
            return result

        return await self.gateway.write(act)

    async def _answered(
        self, request: Request, guard: str, ask: Callable[[], Awaitable[Any]]
    ) -> Response:
        """The answer in its envelope. A "login" that is let in does not count: a whole class may
        come from one address, but nobody guesses for long.
        """
        address = address_of(request.scope)
        try:
            self._all.enter(address)
            if guard:
                self._guarded[guard].enter(address)
            answer = await ask()
        except NexhinaError as error:
            return failure(error)
        if guard == "login":
            self._guarded[guard].forgive(address)
        return answer if isinstance(answer, Response) else success(answer)

    async def _by_key(self, request: Request, key: str) -> Account:
        caller = await self.gateway.accounts.authenticate(
            f"Bearer {key}", address_of(request.scope)
        )
        account = caller.account
        if not account.manages or account.role < ROLE_ADMIN:
            raise PermissionDenied("this key does not open the admin API")
        if (named := request.headers.get("new-api-user")) is not None:
            _agree(named, account.user_id)
        return account

    async def _by_access_token(self, request: Request, token: str) -> Account:
        found = await self.gateway.read(find_by_access_token, token[:_LONGEST_TOKEN])
        if found is None:
            raise PermissionDenied("the access token is not valid")
        _agree(request.headers.get("new-api-user"), found.user_id)
        return _enabled(found)

    async def _by_session(self, request: Request) -> Account:
        text = request.cookies.get(COOKIE, "")
        session = self.sessions.user_of(text)
        if session is None:
            raise Authentication("you are not logged in")
        user_id, seal = session
        _agree(request.headers.get("new-api-user"), user_id)
        found = await self.gateway.read(find_person, user_id)
        if found is None or found[1] != seal:
            self.sessions.end(text)
            raise Authentication("the session has ended")
        if found[0].user_status != ENABLED:
            self.sessions.end(text)
        return _enabled(found[0])


def _route(path: str, endpoint: Callable[[Request], Awaitable[Response]], method: str) -> Route:
    route = Route(path, endpoint, methods=[method])
    bare = route.path_regex.pattern.removesuffix("$").removesuffix("/")
    route.path_regex = re.compile(f"{bare}/?$")
    return route


def request_id(request: Request) -> str:
    """The id that the answer's header names too."""
    return str(getattr(request.state, "request_id", ""))


def _agree(named: str | None, user_id: int) -> None:
    """Contract 7.1: the header says whom the caller takes himself for, so that no other page's
    request is taken for his.
    """
    if named is None or named.strip() != str(user_id):
        raise Authentication("the header New-Api-User must be the id of the user who asks")


def _enabled(found: Account) -> Account:
    if found.user_status != ENABLED:
        raise PermissionDenied("this user is disabled")
    return found
