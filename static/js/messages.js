// Messages in the corner: what was done goes by itself; where a request for a fragment fails, one
// sentence says so: the server's own, or why none came.
"use strict";

function add(text, { level, role, ms }) {
  const item = document.createElement("li");
  item.className = `notice notice--${level}`;
  item.setAttribute("role", role);
  item.textContent = text;
  document.querySelector("[data-messages]").append(item);
  setTimeout(() => item.remove(), ms);
}

function show(text) {
  add(text, { level: "bad", role: "alert", ms: 10_000 });
}

/** Says what was done, for a moment. */
export function say(text) {
  add(text, { level: "info", role: "status", ms: 5_000 });
}

// A refusal stays until the next page; a password that is shown once must be readable, too.
setTimeout(() => {
  for (const item of document.querySelectorAll("[data-messages] .notice--success, [data-messages] .notice--info")) {
    if (!item.matches(":hover") && item.textContent.length < 100) item.remove();
  }
}, 6_000);

/** Returns the sentence of a refusal; it is shown as a message and never swapped in. */
function sentence(xhr) {
  const type = xhr.getResponseHeader("Content-Type") ?? "";
  return xhr.status >= 400 && type.startsWith("text/plain") ? xhr.responseText : "";
}

document.addEventListener("htmx:beforeSwap", (event) => {
  const text = sentence(event.detail.xhr);
  // Status 422 swaps a form back in; a plain sentence is no form.
  if (!text || !event.detail.shouldSwap) return;
  event.detail.shouldSwap = false;
  show(text);
});

document.addEventListener("htmx:responseError", (event) => {
  const { status } = event.detail.xhr;
  const text = sentence(event.detail.xhr);
  if (text) show(text);
  else if (status === 403) show("Your role may not do this.");
  else if (status === 404) show("This does not exist, or you may not see it.");
  else show(`The server answered ${status}; nothing was changed. Try again, or reload the page.`);
});

document.addEventListener("htmx:sendError", () => {
  show("The server cannot be reached; nothing was changed. Try again in a moment.");
});
