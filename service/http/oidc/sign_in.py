"""From a token to the user who bears it, and to what they may do in the project they name."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from msgspec import structs

from service.http.oidc.issuer import Issuer
from service.http.oidc.tokens import Claims, read_claims, read_head
from service.ids import new_id
from service.settings.auth import OIDC
from service.store.access import Access
from service.store.access_records import KEYS_CREATE, SERVICE, AuditEvent, Member, Role, User, detailed
from service.store.keys import digest
from service.store.records import KeyRecord
from specs.errors import Conflict, InvalidRequest, PermissionDenied
from specs.openai.headers import PROJECT
from specs.scopes import allowed_scopes

RECALL_SECONDS = 1.0
"""How long a token that was let in is remembered; how late a change to its user may show."""
RECALL_LIMIT = 10_000
NOWHERE = "You are in no project here. Ask an administrator to add you to one."
REMOVED = "This user was removed. Ask an administrator."


class SignIns:
    """Opens the door to tokens."""

    def __init__(
        self, oidc: OIDC, issuer: Issuer, access: Access, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._oidc = oidc
        self._issuer = issuer
        self._access = access
        self._clock = clock
        self._recalled: dict[tuple[bytes, str | None], tuple[float, KeyRecord]] = {}

    async def open(self, token: str, *, project: str | None) -> KeyRecord:
        """What the bearer of a token may do in the project they name, as the key it is charged to.

        Raises InvalidToken, IssuerUnavailable, PermissionDenied, InvalidRequest, StoreUnavailable.
        """
        now = self._clock()
        place = (digest(token), project)
        recalled = self._recalled.get(place)
        if recalled is not None and recalled[0] > now:
            return recalled[1]
        head = read_head(token, self._oidc)
        claims = read_claims(token, head, await self._issuer.key(head), self._oidc, now=now)
        key = await self._key(claims, await self._user(claims), project)
        if len(self._recalled) >= RECALL_LIMIT:
            self._recalled.clear()
        until = min(now + RECALL_SECONDS, claims.expires_at + self._oidc.leeway_seconds)
        self._recalled[place] = (until, key)
        return key

    async def _user(self, claims: Claims) -> User:
        """The bearer's user: by subject, else by address, else a new one. Raises PermissionDenied."""
        users, issuer = self._access.users, self._oidc.issuer or ""
        user = await users.by_subject(issuer, claims.subject)
        if user is None and claims.email is not None:
            user = await users.by_email(claims.email, deleted=True)
            if user is not None and user.subject is not None:
                user, claims = None, structs.replace(claims, email=None)  # the address is somebody else's
        if user is None:
            return await self._new_user(claims)
        if user.deleted_at is not None:
            raise PermissionDenied(REMOVED)
        known = structs.replace(user, issuer=issuer, subject=claims.subject, email=claims.email or user.email)
        if known != user:
            await users.recognise(known)
        return known

    async def _new_user(self, claims: Claims) -> User:
        if not self._oidc.create_users:
            raise PermissionDenied("Nobody added this user here. Ask an administrator.")
        issuer, now = self._oidc.issuer or "", int(self._clock())
        user = User(new_id("user"), claims.name, claims.email, issuer, claims.subject, "reader", (), now)
        try:
            user = await self._access.users.create(user, self._event("user.added", user.id))
        except Conflict:  # two requests came at once; the other has made them
            found = await self._access.users.by_subject(issuer, claims.subject)
            if found is None:
                raise
            return found
        if self._oidc.default_project is not None:
            ensure = self._access.projects.ensure
            project = await ensure(self._oidc.default_project, id=new_id("proj"), now=now)
            event = self._event("user.updated", user.id, project=project.id)
            await self._access.members.add(project.id, user.id, "member", now=now, event=event)
        return user

    async def _key(self, claims: Claims, user: User, named: str | None) -> KeyRecord:
        """What a user may do in a project. Raises PermissionDenied, InvalidRequest."""
        owns = user.role == "owner" or not claims.groups.isdisjoint(self._oidc.admin_groups)
        memberships = await self._access.members.of_user(user.id)
        member = chosen(memberships, named, default=self._oidc.default_project)
        if member is None and not owns:
            raise PermissionDenied(NOWHERE if named is None else f"You are not in a project {named[:80]!r}.")
        project, role = (member.project, member.role) if member else await self._elsewhere(named)
        may_create = owns or KEYS_CREATE in user.permissions
        key = await self._access.keys.sign_in(
            project, user.id, key=new_id("key"), account=new_id("acct"), now=int(self._clock())
        )
        scopes = tuple(sorted(allowed_scopes(role, owns=owns, may_create=may_create)))
        return structs.replace(key, name=user.name, scopes=scopes)

    async def _elsewhere(self, named: str | None) -> tuple[str, Role]:
        """The project that an administrator works in who is no member of it. Raises PermissionDenied."""
        projects = self._access.projects
        name = named or self._oidc.default_project or "default"
        project = await projects.get(name) or await projects.named(name)
        if project is None and named is None:
            project = await projects.ensure(name, id=new_id("proj"), now=int(self._clock()))
        if project is None or project.archived_at is not None:
            raise PermissionDenied(f"There is no project {name[:80]!r}.")
        return project.id, "none"

    def _event(self, type: str, user: str, *, project: str | None = None) -> AuditEvent:
        return AuditEvent(
            id=new_id("audit"),
            type=type,
            moment=int(self._clock() * 1_000_000),
            target=user,
            actor=SERVICE,
            project=project,
            details=detailed({"issuer": self._oidc.issuer, "role": "member" if project else "reader"}),
        )


def chosen(memberships: Sequence[Member], named: str | None, *, default: str | None) -> Member | None:
    """The membership that is meant: the one named, the only one, or the default.

    Raises InvalidRequest where it cannot be told.
    """
    if named is not None:
        return next((each for each in memberships if named in (each.project, each.project_name)), None)
    if len(memberships) <= 1:
        return memberships[0] if memberships else None
    for each in memberships:
        if each.project_name == default:
            return each
    names = ", ".join(repr(each.project_name) for each in memberships)
    raise InvalidRequest(f"{PROJECT}: you are in several projects; name one of {names}.", param=PROJECT)
