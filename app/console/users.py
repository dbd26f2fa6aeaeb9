"""Users: who may sign in, a new one whose link is shown once, and what an admin does to one of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from flask import Response, redirect, request, url_for
from werkzeug.wrappers import Response as WerkzeugResponse

from app.config import config
from app.console import access
from app.console.access import require
from app.console.blueprint import blueprint, page
from app.console.steps import Step
from app.console.words import said
from app.console.workspaces import asked_workspace, typed_workspace
from app.errors import Conflict, Invalid
from app.models.user import Role
from app.web import sessions
from app.web import users as service
from app.web.api_keys import Scope
from app.web.auth import visible_workspace
from app.web.users import UserView

ROLE_WORDS: Final = {
    Role.VIEWER: "look",
    Role.OPERATOR: "look, write, and drive the queue, which spends credits",
    Role.ADMIN: "everything",
}
_ONE: Final = "/console/users/<uuid:user_id>"
_STEP: Final = f"{_ONE}/<any('role', 'link', 'sign-out', 'disable', 'enable'):name>"


@dataclass(frozen=True, slots=True)
class UserStep(Step):
    """One thing that an admin can do to a user."""

    is_of_others: bool = False
    """Whether nobody does it to themselves: the last admin would be locked out."""

    def is_possible(self, user: UserView) -> bool:
        """Return whether it can be done to the user as things are."""
        if not self.suits(user.disabled_at) or self._is_elsewhere(user):
            return False
        return not (self.is_of_others and _is_reader(user))

    def _is_elsewhere(self, user: UserView) -> bool:
        """Return whether it is up to the identity provider, and links to whoever runs the service."""
        if self.name == "role":
            return service.gets_role_from_groups(user)
        return self.name == "link" and config().has_single_sign_on


@blueprint.get("/console/users")
@require(Scope.ADMIN)
def users() -> Response:
    """List the users, disabled ones too, by name."""
    return _page()


@blueprint.post("/console/users")
@require(Scope.ADMIN)
def invite() -> Response:
    """Make a user and show the link to sign in with, this once."""
    form = request.form
    if config().has_single_sign_on:
        raise Conflict("Users come from the identity provider: members of its groups sign in without an invitation.")
    try:
        name, role = form.get("name", "").strip().lower(), form.get("role", "")
        user, token = service.create_user(name, role, typed_workspace())
    except (Conflict, Invalid) as error:
        return _page(said(error), status=error.status)
    return _user_page(user, link=link_url(token))


@blueprint.get(_ONE)
@require(Scope.ADMIN)
def user(user_id: UUID) -> Response:
    """Show one user: what they may do, where they are signed in, and what can be done about it."""
    return _user_page(_find(user_id))


@blueprint.get(_STEP)
@require(Scope.ADMIN)
def confirm_step(user_id: UUID, name: str) -> Response:
    """Say what would happen, and ask."""
    return _step_page(_find(user_id), STEPS[name])


@blueprint.post(_STEP)
@require(Scope.ADMIN)
def take_step(user_id: UUID, name: str) -> Response | WerkzeugResponse:
    """Do it, and show the user: with a new link this once."""
    found, step = _find(user_id), STEPS[name]
    if not step.is_possible(found):
        raise Conflict("This is not possible for this user now.")
    if not step.is_confirmed:
        return _step_page(found, step, "Nothing was done: the confirmation word was not typed.", status=422)
    try:
        made = step.run(found)
    except Invalid as error:
        return _step_page(found, step, said(error), status=422)
    if name == "link":
        return _user_page(found, link=link_url(str(made)))
    return redirect(url_for("console.user", user_id=found.id), 303)


def link_url(token: str) -> str:
    """Return the address of a one-time link."""
    public_url = config().PUBLIC_URL
    return f"{public_url}/console/link/{token}" if public_url else url_for("console.link", token=token, _external=True)


def _find(user_id: UUID) -> UserView:
    return service.get_user(str(user_id), workspace_slug=visible_workspace())


def _is_reader(user: UserView) -> bool:
    session = access.current_session()
    return session is not None and session.user_id == user.id


def _page(problem: str | None = None, *, status: int = 200) -> Response:
    return page(
        "users.html",
        status=status,
        users=service.list_users(visible_workspace()),
        roles=ROLE_WORDS,
        workspace=asked_workspace(request.form) or "",
        name=request.form.get("name", ""),
        role=request.form.get("role", Role.VIEWER),
        has_single_sign_on=config().has_single_sign_on,
        grants=[grant for grant in config().grants if visible_workspace() in {None, grant.workspace_slug}],
        problem=problem,
    )


def _user_page(user: UserView, *, link: str | None = None) -> Response:
    steps = [step for step in STEPS.values() if step.is_possible(user)]
    return page(
        "user.html",
        user=user,
        sessions=sessions.list_sessions(user.id),
        steps=steps,
        is_reader=_is_reader(user),
        may_what=ROLE_WORDS[Role(user.role)],
        link=link,
    )


def _step_page(user: UserView, step: UserStep, problem: str | None = None, *, status: int = 200) -> Response:
    options = " --role viewer" if step.name == "role" else ""
    return page(
        "user_step.html",
        status=status,
        step=step,
        is_possible=step.is_possible(user),
        problem=problem,
        kind="user",
        all=url_for("console.users"),
        back=url_for("console.user", user_id=user.id),
        crumb=user.name,
        subject=user.name,
        command_line=f"flask enrich users {step.name} {user.name}{options}",
        user=user,
        roles=ROLE_WORDS,
    )


def _change_role(user: UserView) -> UserView:
    return service.change_role(user.name, request.form.get("role", ""))


STEPS: Final[Mapping[str, UserStep]] = {
    step.name: step
    for step in (
        UserStep(
            "role",
            "Change role",
            "It takes effect at once and ends the user's sessions, so they have to sign in again.",
            _change_role,
            is_of_others=True,
        ),
        UserStep(
            "link",
            "New link",
            "The link signs the user in once, within an hour, and lets them set a password. Earlier links end.",
            lambda user: service.make_link(user.name),
            is_of_disabled=False,
        ),
        UserStep(
            "sign-out",
            "Sign out everywhere",
            "All sessions of the user end at once. The password stays, so they can sign in again.",
            lambda user: service.sign_out_user(user.name),
        ),
        UserStep(
            "disable",
            "Disable",
            "The user can no longer sign in: sessions and links end at once. What they created stays.",
            lambda user: service.disable_user(user.name),
            is_of_disabled=False,
            is_of_others=True,
            word="disable",
        ),
        UserStep(
            "enable",
            "Enable",
            "The user can sign in again, with the old password or a new link.",
            lambda user: service.enable_user(user.name),
            is_of_disabled=True,
        ),
    )
}
