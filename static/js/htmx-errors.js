// One sentence where a request for a fragment fails: the server's own, or why none came.
"use strict";

function show(text) {
  const list = document.querySelector("[data-messages]");
  const item = document.createElement("li");
  item.className = "notice notice--bad";
  item.setAttribute("role", "alert");
  item.textContent = text;
  list.append(item);
  setTimeout(() => item.remove(), 10_000);
}

document.addEventListener("htmx:responseError", (event) => {
  const { status, responseText } = event.detail.xhr;
  const type = event.detail.xhr.getResponseHeader("Content-Type") ?? "";
  if (type.startsWith("text/plain") && responseText) show(responseText);
  else if (status === 403) show("Your role may not do this.");
  else if (status === 404) show("This does not exist, or you may not see it.");
  else show(`The server answered ${status}; nothing was changed. Try again, or reload the page.`);
});

document.addEventListener("htmx:sendError", () => {
  show("The server cannot be reached; nothing was changed. Try again in a moment.");
});
