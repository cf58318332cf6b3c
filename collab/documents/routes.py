"""One file: what it is, its bytes as a download, and its removal. Files are attached on the pages of what they belong to."""

from uuid import UUID

from flask import Blueprint, Flask, Response, flash, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue

from collab.documents import presenters, queries, service, storage
from collab.documents.forms import RemoveForm
from collab.documents.models import Document
from collab.kernel.access import Permission, can
from collab.kernel.errors import StateConflict
from collab.kernel.i18n import _
from collab.web.context import current_actor, reading, request_now, settings, unit_of_work
from collab.web.routing import requires, signed_in
from collab.web.taking import note_file

blueprint = Blueprint("documents", __name__)
#: What an answer to a file that is too large still reads, so that the browser shows the answer and not a broken connection.
DRAIN_BYTES = 256 * 1024 * 1024


def install(app: Flask) -> None:
    """Make a body that is too large end in a page that the browser shows, and give templates the sizes of files."""
    app.jinja_env.filters["filesize"] = presenters.size_in_words

    @app.after_request
    def read_to_the_end(response: Response) -> Response:
        if response.status_code == 413:
            _drain()
        return response


def _drain() -> None:
    # A server that closes with unread bytes resets the connection, and the person never sees why. Read past them, up to a limit.
    left = min(request.content_length or 0, DRAIN_BYTES)
    stream = request.environ["wsgi.input"]
    try:
        while left > 0 and (chunk := stream.read(min(left, 1024 * 1024))):
            left -= len(chunk)
    except (OSError, ValueError):
        return


@blueprint.get("/documents/<uuid:document_id>")
@signed_in
def detail(document_id: UUID) -> ResponseReturnValue:
    """Show what a file is, who attached it to what, and why."""
    return _page(document_id, RemoveForm(), 200)


@blueprint.get("/documents/<uuid:document_id>/file")
@signed_in
def download(document_id: UUID) -> ResponseReturnValue:
    """Send the bytes, always as a download: nothing that a person uploaded is ever shown by the browser under our name."""
    with reading() as session:
        document = queries.get_document(session, current_actor(), document_id)
    try:
        path = storage.store().path_of(document.sha256)
    except storage.MissingFile:
        raise StateConflict(_("The file is not in the store. Tell the administrator.")) from None
    note_file(document.sha256)
    response = send_file(
        path, mimetype=document.media_type, as_attachment=True, download_name=document.filename, etag=document.sha256
    )
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    return response


@blueprint.post("/documents/<uuid:document_id>/remove")
@requires(Permission.DOCUMENT_REMOVE)
def remove(document_id: UUID) -> ResponseReturnValue:
    """Take a file out of sight, with the reason."""
    form = RemoveForm()
    if not form.validate():
        return _page(document_id, form, 422)
    with reading() as session:
        info = presenters.target_of(session, current_actor(), queries.get_document(session, current_actor(), document_id))
    with unit_of_work() as session:
        service.remove_document(
            session, actor=current_actor(), now=request_now(), document_id=document_id, reason=form.reason.data,
            expected_version=form.expected_version,
        )  # fmt: skip
    flash(_("The file was removed. It stays in the history."), "success")
    return redirect(info.url if info else url_for("web.root"), 303)


def _page(document_id: UUID, form: RemoveForm, status: int) -> ResponseReturnValue:
    actor = current_actor()
    with reading() as session:
        document: Document = queries.get_document(session, actor, document_id)
        form.version.data = str(document.version)
        view = presenters.present(session, actor, document)
        may_remove = document.removed_at is None and can(actor, Permission.DOCUMENT_REMOVE, service.holding(session, document))
    return render_template(
        "documents/detail.html", document=document, view=view, form=form, may_remove=may_remove, most_mb=settings().max_upload_mb
    ), status
