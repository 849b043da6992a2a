// A diff: on to the next file that is not seen after one was marked, and what an address names.
"use strict";

import { moveTo } from "./cursor.js";

const SEEN = "is-seen";

/** Shows in the list of files which of them are seen. */
function markInTree(file) {
  const links = file.closest("[data-diff]")?.querySelectorAll(".diff-tree a") ?? [];
  for (const link of links) {
    if (link.hash.slice(1) !== file.id) continue;
    link.classList.toggle(SEEN, file.classList.contains(SEEN));
    link.title = file.classList.contains(SEEN) ? "Seen" : "";
  }
}

/** Returns the next file that is not seen, or else the first such file. */
function nextUnseen(file) {
  const files = [...file.closest("[data-diff]").querySelectorAll(".diff-file")];
  const unseen = files.filter((other) => !other.classList.contains(SEEN));
  const at = files.indexOf(file);
  return unseen.find((other) => files.indexOf(other) > at) ?? unseen[0];
}

// After settling: until then a swapped element has the classes of the one that it replaces.
document.addEventListener("htmx:afterSettle", (event) => {
  if (!event.detail.pathInfo?.requestPath?.includes("/file/seen/")) return;
  const file = document.getElementById(event.detail.target.id);
  if (!file?.matches(".diff-file")) return;
  markInTree(file);
  const next = file.classList.contains(SEEN) ? nextUnseen(file) : file;
  if (next) moveTo(next, "start");
});

// A file that has the focus while its lines are loaded keeps it.
let focused = "";

document.addEventListener("htmx:beforeSwap", (event) => {
  const { target } = event.detail;
  focused = target?.matches?.(".diff-file") && document.activeElement === target ? target.id : "";
});

document.addEventListener("htmx:afterSwap", () => {
  const file = focused && document.getElementById(focused);
  focused = "";
  if (!file || document.activeElement !== document.body) return;
  file.tabIndex = -1;
  file.focus({ preventScroll: true });
});

// A link to a file that is folded opens it.
document.addEventListener("click", (event) => {
  const link = event.target.closest?.(".diff-tree a");
  const details = link && document.getElementById(link.hash.slice(1))?.querySelector("details");
  if (details) details.open = true;
});

// --- files that load when they come into view ---------------------------------------------------------

// Nobody reads the last line or two of a file that is nearly out of sight.
const UNREAD_PX = 40;

let anchored = null;

/** The file that is read in the pane, with the place where it stands. */
function anchorIn(pane) {
  const top = pane.getBoundingClientRect().top;
  const first = [...pane.querySelectorAll(".diff-file")].find(
    (file) => file.getBoundingClientRect().bottom > top + UNREAD_PX,
  );
  return first && { pane, id: first.id, top: first.getBoundingClientRect().top };
}

// A file that loads is higher or lower than the place that was kept for it. What is being read stays
// where it is; the browser's own anchoring gives up where the file itself is exchanged.
document.addEventListener("htmx:beforeSwap", (event) => {
  const file = event.detail.target;
  anchored = file.matches?.(".diff-file") ? anchorIn(file.closest(".pane-body")) : null;
});

document.addEventListener("htmx:afterSwap", () => {
  if (!anchored) return;
  const { pane, id, top } = anchored;
  anchored = null;
  const file = document.getElementById(id);
  if (file) pane.scrollTop += file.getBoundingClientRect().top - top;
});
