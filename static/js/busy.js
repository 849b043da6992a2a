// What is being fetched says so: where an answer takes longer than a blink, a line grows at the top of
// the part of the page that it is for, and who does not see it is told that the part is busy.
"use strict";

const PARTS = ".pane-body, .outline, .trajectory-search, .beside-column";
const underWay = new WeakMap();

function count(event, change) {
  const part = event.detail.target;
  if (!part?.matches?.(PARTS)) return;
  const n = Math.max(0, (underWay.get(part) ?? 0) + change);
  underWay.set(part, n);
  if (n) part.setAttribute("aria-busy", "true");
  else part.removeAttribute("aria-busy");
}

document.addEventListener("htmx:beforeSend", (event) => count(event, 1));
document.addEventListener("htmx:afterRequest", (event) => count(event, -1));
