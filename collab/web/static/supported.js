// Blocking, first in the body: tells the style sheet and GOV.UK Frontend that scripts run, before anything is painted.
document.body.className += " js-enabled" + ("noModule" in HTMLScriptElement.prototype ? " govuk-frontend-supported" : "");
