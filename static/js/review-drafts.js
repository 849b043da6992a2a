// What is typed into a [data-draft] field stays in this browser until the server has it.
"use strict";

const PREFIX = "retrace.draft.";

function keyOf(field) {
  return PREFIX + field.dataset.draft;
}

function read(field) {
  try {
    return localStorage.getItem(keyOf(field));
  } catch {
    return null;
  }
}

function write(field, text) {
  try {
    if (text) localStorage.setItem(keyOf(field), text);
    else localStorage.removeItem(keyOf(field));
  } catch {
    // A browser that keeps nothing: the text is then only in the form.
  }
}

function restore(root) {
  for (const field of root.querySelectorAll("[data-draft]")) {
    const draft = read(field);
    if (!draft || field.value) continue;
    field.value = draft;
    // Unfold the form, so that what was written is seen.
    field.closest("details")?.setAttribute("open", "");
  }
}

document.addEventListener("input", (event) => {
  if (event.target.matches?.("[data-draft]")) write(event.target, event.target.value);
});

// Before the answer is swapped in, so that the renewed form does not take the draft again.
document.addEventListener("htmx:beforeOnLoad", (event) => {
  const { xhr, elt } = event.detail;
  if (xhr.status >= 300) return;
  for (const field of elt.querySelectorAll?.("[data-draft]") ?? []) write(field, "");
});

document.addEventListener("htmx:load", (event) => restore(event.detail.elt));
restore(document);
