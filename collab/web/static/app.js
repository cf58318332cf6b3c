// What the pages gain when scripts run. Every page works without this file; all words come from the server.
import { initAll } from "./vendor/govuk-frontend-6.3.0.min.js";

const RESUBMIT_MS = 3000;
const AUTOSAVE_MS = 4000;
const MOST_COLUMNS = 10;
const MOST_ROWS = 300;

function enliven(scope) {
  // Parts that are already alive report an error when asked again: that is no error here.
  initAll({ scope, onError: () => {} });
  scope.querySelectorAll("form[data-autosave-url]").forEach(watchDraft);
  scope.querySelectorAll(".collab-scroll > table.govuk-table:not(.collab-stacked)").forEach(labelCells);
}

// On a phone a table becomes a list of rows, each cell behind the name of its column; without scripts it scrolls sideways.
// The roles are written out because a row that is laid out as a block is no longer a row to every screen reader.
function labelCells(table) {
  const heads = table.tHead?.rows.length === 1 ? [...table.tHead.rows[0].cells] : [];
  const rows = [...table.rows].slice(1);
  // A row whose one cell spans the table names the group of rows below it.
  const namesGroup = (row) => row.cells.length === 1 && row.cells[0].colSpan === heads.length;
  const uneven = rows.some((row) => !namesGroup(row) && [...row.cells].some((cell) => cell.colSpan > 1 || cell.rowSpan > 1));
  if (!heads.length || heads.length > MOST_COLUMNS || rows.length > MOST_ROWS || uneven) return;
  const names = heads.map((head) => head.textContent.trim());
  table.setAttribute("role", "table");
  [table.tHead, ...table.tBodies].forEach((part) => part.setAttribute("role", "rowgroup"));
  heads.forEach((head) => head.setAttribute("role", "columnheader"));
  [...table.rows].forEach((row) => row.setAttribute("role", "row"));
  rows.forEach((row) => [...row.cells].forEach((cell, column) => {
    cell.setAttribute("role", cell.tagName === "TH" ? "rowheader" : "cell");
    if (cell.tagName === "TD" && cell.textContent.trim()) cell.dataset.label = names[column] ?? "";
  }));
  table.classList.add("collab-stacked");
}

// After a swap by htmx: bring new parts to life and take the reader to the errors, as a full page load would.
function afterSwap(event) {
  const target = event.detail?.ctx?.target ?? event.target;
  const scope = target instanceof Element && target.isConnected ? target : document.body;
  enliven(scope.parentElement ?? scope);
  const summary = scope.querySelector(".govuk-error-summary") ?? scope.closest(".govuk-error-summary");
  if (summary) {
    summary.setAttribute("tabindex", "-1");
    summary.focus();
  }
}

// A second click within three seconds sends nothing. The button keeps the focus, so it is not disabled outright.
function onceOnly(event) {
  const form = event.target;
  const button = event.submitter ?? form.querySelector("button[type=submit]");
  const now = Date.now();
  if (now - Number(form.dataset.sentAt ?? 0) < RESUBMIT_MS) {
    event.preventDefault();
    event.stopImmediatePropagation();
    return;
  }
  const method = (form.getAttribute("method") ?? "get").toLowerCase();
  if (method === "get" && !form.hasAttribute("hx-post")) return;
  form.dataset.sentAt = String(now);
  button?.setAttribute("aria-disabled", "true");
  setTimeout(() => release(form), RESUBMIT_MS);
}

function release(form) {
  delete form.dataset.sentAt;
  form.querySelectorAll("button[aria-disabled]").forEach((button) => button.removeAttribute("aria-disabled"));
}

// Drafts: some seconds after a change the form is sent to data-autosave-url. The answer is the sentence to show, as text.
function watchDraft(form) {
  if (form.dataset.autosaveWatched) return;
  form.dataset.autosaveWatched = "yes";
  const status = form.querySelector("[data-draft-status]");
  let timer = 0;
  let running = false;
  let changed = false;

  const say = (text, failed) => {
    if (!status) return;
    status.textContent = text;
    status.classList.toggle("collab-draft--failed", failed);
  };
  const plan = () => {
    changed = true;
    clearTimeout(timer);
    timer = setTimeout(save, AUTOSAVE_MS);
  };
  const save = async () => {
    if (running || form.dataset.sentAt) return;
    running = true;
    changed = false;
    try {
      const body = new FormData(form);
      form.querySelectorAll("input[type=file][name]").forEach((input) => body.delete(input.name));
      const answer = await fetch(form.dataset.autosaveUrl, { method: "POST", body, headers: { Accept: "text/plain" } });
      if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
      const version = answer.headers.get("X-Draft-Version");
      if (version && form.elements.version) form.elements.version.value = version;
      say((await answer.text()).trim().slice(0, 200), false);
    } catch {
      say(status?.dataset.failed ?? "", true);
      changed = true;
    }
    running = false;
    if (changed) timer = setTimeout(save, AUTOSAVE_MS * 4);
  };

  form.addEventListener("input", plan);
  form.addEventListener("change", plan);
  form.addEventListener("submit", () => clearTimeout(timer));
}

document.addEventListener("submit", onceOnly, true);
document.addEventListener("htmx:after:swap", afterSwap);
document.addEventListener("click", (event) => {
  if (event.target instanceof Element && event.target.closest("[data-print]")) window.print();
});
window.addEventListener("pageshow", () => document.querySelectorAll("form[data-sent-at]").forEach(release));
enliven(document.body);
