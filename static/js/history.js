// The history of a reasoning step, in a dialog over the workspace.
"use strict";

import { flush } from "./autosave.js";
import { activeCard } from "./cite.js";
import { onKey } from "./keys.js";

const dialog = document.getElementById("history");

function isOf(event, id) {
  return event.detail.target?.id === id;
}

// What was typed just now is the newest version.
document.addEventListener("htmx:confirm", (event) => {
  if (!dialog || !isOf(event, "history-body")) return;
  event.preventDefault();
  flush().then(() => event.detail.issueRequest(true));
});

// Once HTMX has taken what came into its care, and the heading has the focus.
document.addEventListener("htmx:afterSettle", (event) => {
  if (!dialog || !isOf(event, "history-body") || dialog.open) return;
  dialog.showModal();
  dialog.scrollTop = 0;
});

// Nothing behind an open dialog can take the focus, which goes to the step that is brought back.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (isOf(event, "reasoning") && event.detail.shouldSwap) dialog?.close();
});

onKey("H", () => {
  const link = activeCard()?.querySelector("[data-history]");
  if (!link || dialog?.open) return false;
  link.click();
  return true;
});
