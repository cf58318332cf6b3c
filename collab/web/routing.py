"""Every route says who may come in: `requires(permission)`, `signed_in` or `public`. A test walks them all."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from flask import redirect, request, url_for

from collab.kernel.access import Permission, could
from collab.kernel.errors import NotAllowed
from collab.web.context import find_actor
from collab.web.errors import problem

View = TypeVar("View", bound=Callable[..., Any])


def requires(permission: Permission) -> Callable[[View], View]:
    """Let in only those who could hold ``permission`` somewhere; the service decides about the object itself."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            actor = find_actor()
            if actor is None:
                return _to_sign_in()
            if not could(actor, permission):
                raise NotAllowed(permission.value)
            return view(*args, **kwargs)

        guarded.access = permission  # type: ignore[attr-defined]
        return cast(View, guarded)

    return decorate


def signed_in(view: View) -> View:
    """Let in everyone who is signed in: their own things."""

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        if find_actor() is None:
            return _to_sign_in()
        return view(*args, **kwargs)

    guarded.access = "signed-in"  # type: ignore[attr-defined]
    return cast(View, guarded)


def public(view: View) -> View:
    """Let in everyone; the view shows nothing that is not public."""
    view.access = "public"  # type: ignore[attr-defined]
    return view


def _to_sign_in() -> Any:
    if request.path.startswith("/api/"):
        return problem(401, "")
    if request.method == "GET":
        return redirect(url_for("members.sign_in", next=request.full_path.rstrip("?")), 303)
    return redirect(url_for("members.sign_in"), 303)


def local_path(value: str | None) -> str | None:
    """Return ``value`` when it is a path on this site, else None: a redirect never leaves the host."""
    if not value or not value.startswith("/") or value.startswith(("//", "/\\")):
        return None
    if any(ord(character) < 32 for character in value) or "\\" in value:
        return None
    return value
