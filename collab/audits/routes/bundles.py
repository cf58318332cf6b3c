"""Pages of evidence bundles, and of the log that stands behind them."""

from collections.abc import Callable
from uuid import UUID

from flask import flash, redirect, render_template, send_file, url_for
from flask.typing import ResponseReturnValue

from collab.audits.bundles import receipts, service
from collab.audits.bundles.forms import BundleForm
from collab.audits.bundles.presenters import file_name, present_bundles, present_log
from collab.audits.routes.blueprint import blueprint, visible_target
from collab.history.sealing import witnesses
from collab.history.verifier.assemble import verifier_file, witness_file
from collab.kernel.access import Permission
from collab.kernel.errors import InvalidInput, NotFound
from collab.kernel.i18n import _
from collab.kernel.targets import Ref
from collab.web.context import current_actor, reading, request_now, unit_of_work
from collab.web.downloads import TEXT, download
from collab.web.once import AlreadySubmitted, claim, leads_to, to_first
from collab.web.routing import requires


@blueprint.get("/audit/bundles")
@requires(Permission.AUDIT_VIEW)
def bundles() -> ResponseReturnValue:
    """List the bundles that one asked for, with how far each is."""
    with reading() as session:
        rows = present_bundles(session, service.list_bundles(session, current_actor()))
        offered = service.list_offered(session, current_actor())
    return render_template("audits/bundles.html", rows=rows, offered=offered, waiting=any(row.is_waiting for row in rows))


@blueprint.route("/history/<kind>/<uuid:target_id>/bundle", methods=["GET", "POST"])
@requires(Permission.AUDIT_VIEW)
def ask_bundle(kind: str, target_id: UUID) -> ResponseReturnValue:
    """Ask for the evidence of one object."""
    form = BundleForm()
    with reading() as session:
        info = visible_target(session, current_actor(), kind, target_id)
    if not form.is_submitted():
        return render_template("audits/ask_bundle.html", info=info, form=form)
    if form.validate():
        try:
            with unit_of_work() as session:
                claim(session, form, request_now())
                service.ask(
                    session,
                    actor=current_actor(),
                    now=request_now(),
                    target=Ref(kind, target_id),
                    as_of_day=form.as_of_day.data,
                    kept_size=form.kept_size.data,
                )
                leads_to(session, form, url_for("audits.bundles"))
            flash(_("The bundle is being made. It appears here when it is ready."), "success")
            return redirect(url_for("audits.bundles"), 303)
        except AlreadySubmitted as fact:
            return to_first(fact)
        except InvalidInput as error:
            form.put_errors(error.errors)
    return render_template("audits/ask_bundle.html", info=info, form=form), 422


@blueprint.post("/audit/bundles/<uuid:bundle_id>/take")
@requires(Permission.AUDIT_VIEW)
def take_bundle(bundle_id: UUID) -> ResponseReturnValue:
    """Hand the bundle over to the one who asked for it."""
    with unit_of_work() as session:
        path = service.take(session, actor=current_actor(), now=request_now(), bundle_id=bundle_id)
    return send_file(path, mimetype="application/zip", as_attachment=True, download_name=file_name(bundle_id))


@blueprint.get("/audit/log")
@requires(Permission.AUDIT_VIEW)
def log() -> ResponseReturnValue:
    """Show the log's newest checkpoint, how fresh each witness is, and the root to be printed in the minutes."""
    with reading() as session:
        shown = present_log(session, request_now())
    return render_template("audits/log.html", log=shown)


@blueprint.get("/audit/log/<name>")
@requires(Permission.AUDIT_VIEW)
def log_file(name: str) -> ResponseReturnValue:
    """Hand out the checkpoint, a policy to start from, the verifier or the witness's program."""
    with reading() as session:
        files: dict[str, Callable[[], bytes]] = {
            "checkpoint.txt": lambda: receipts.checkpoint_file(session),
            "policy.txt": lambda: witnesses.policy_text(session).encode(),
            "verify.py": verifier_file,
            "witness.py": witness_file,
        }
        if name not in files:
            raise NotFound("log_file", name)
        return download(files[name](), TEXT, name)


@blueprint.get("/history/events/<uuid:event_id>/receipt")
@requires(Permission.HISTORY_VIEW)
def receipt(event_id: UUID) -> ResponseReturnValue:
    """Hand out the signed receipt of one event: its hash, its way up to the checkpoint (C2SP tlog-proof)."""
    with reading() as session:
        return download(receipts.receipt(session, current_actor(), event_id), TEXT, f"receipt-{event_id}.txt")
