"""The talk beside an object."""

from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from collab.forum import mentions, queries, service
from collab.forum.forms import PostForm, RemoveForm
from collab.forum.models import Post
from collab.kernel.access import Permission, can
from collab.kernel.errors import InvalidInput, NotAllowed, NotFound
from collab.kernel.i18n import _
from collab.kernel.targets import Ref
from collab.members import queries as members
from collab.members.rules import name_of
from collab.web.context import current_actor, reading, request_now, unit_of_work
from collab.web.forms import options
from collab.web.once import AlreadySubmitted, claim, leads_to, to_first
from collab.web.routing import requires

blueprint = Blueprint("forum", __name__)


@blueprint.route("/forum/<kind>/<uuid:target_id>", methods=["GET", "POST"])
@requires(Permission.FORUM_POST)
def beside(kind: str, target_id: UUID) -> ResponseReturnValue:
    """Show the posts beside an object; write another."""
    form, ref = PostForm(), Ref(kind, target_id)
    _offer_people(form, ref)
    if request.method == "GET" or not form.validate():
        return _page(form, ref, 200 if request.method == "GET" else 422)
    location = url_for("forum.beside", kind=kind, target_id=target_id)
    try:
        with unit_of_work() as session:
            claim(session, form, request_now())
            service.write(
                session, actor=current_actor(), now=request_now(), target=ref, text=form.text.data,
                mention=[UUID(key) for key in form.mention.data],
            )  # fmt: skip
            leads_to(session, form, location)
    except AlreadySubmitted as fact:
        return to_first(fact)
    except InvalidInput as fault:
        form.put_errors(fault.errors)
        return _page(form, ref, 422)
    return redirect(location, 303)


def _offer_people(form: PostForm, ref: Ref) -> None:
    actor = current_actor()
    with reading() as session:
        info = service.visible_target(session, actor, ref)
        people = mentions.people_to_choose(session, actor, info, request_now())
        names = members.organisation_names(session, {row.organisation_id for row in people.values()})
    form.mention.choices = options((str(key), f"{name_of(row)}, {names[row.organisation_id]}") for key, row in people.items())


def _page(form: PostForm, ref: Ref, status: int) -> ResponseReturnValue:
    actor = current_actor()
    with reading() as session:
        info = service.visible_target(session, actor, ref)
        page = queries.list_posts(session, ref.id, request.args.get("cursor"))
        people = members.user_names(session, {row.author_id for row in page.rows})
        names = members.organisation_names(session, {row.organisation_id for row in page.rows})
    moderates = can(actor, Permission.FORUM_MODERATE, info)
    removable = {row.id for row in page.rows if row.removed_at is None and (moderates or row.author_id == actor.user_id)}
    return render_template(
        "forum/beside.html", form=form, info=info, page=page, people=people, names=names, removable=removable
    ), status


@blueprint.route("/forum/posts/<uuid:post_id>/remove", methods=["GET", "POST"])
@requires(Permission.FORUM_POST)
def remove(post_id: UUID) -> ResponseReturnValue:
    """Remove a post with a reason."""
    form = RemoveForm()
    post = _own_or_moderated(post_id)
    if request.method == "GET" or not form.validate():
        return render_template("forum/remove.html", form=form, post=post), 200 if request.method == "GET" else 422
    with unit_of_work() as session:
        service.remove(session, actor=current_actor(), now=request_now(), post_id=post_id, reason=form.reason.data)
    flash(_("The post was removed."), "success")
    return redirect(url_for("forum.beside", kind=post.target_kind, target_id=post.target_id), 303)


def _own_or_moderated(post_id: UUID) -> Post:
    actor = current_actor()
    with reading() as session:
        found = queries.posts_by_ids(session, [post_id])
        if not found:
            raise NotFound("post", post_id)
        service.visible_target(session, actor, Ref(found[0].target_kind, found[0].target_id))
    if found[0].author_id != actor.user_id and not can(actor, Permission.FORUM_MODERATE, found[0]):
        raise NotAllowed(Permission.FORUM_MODERATE.value)
    return found[0]
