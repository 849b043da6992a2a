// Step through the trajectory with j and k, and mark the step that the left pane shows.
"use strict";

const TYPING = "input, textarea, select, [contenteditable]:not([contenteditable='false'])";

function rows() {
  return [...document.querySelectorAll("[data-outline] li[data-step]")];
}

function currentIndex(list) {
  return list.findIndex((row) => row.getAttribute("aria-current") === "true");
}

function open(row) {
  row?.querySelector("a")?.click();
}

/** Marks a step as the open one and brings its row into view. */
export function markCurrent(number) {
  for (const row of rows()) {
    if (row.dataset.step === String(number)) {
      row.setAttribute("aria-current", "true");
      row.scrollIntoView({ block: "nearest" });
    } else row.removeAttribute("aria-current");
  }
}

function isBusy(event) {
  return (
    event.defaultPrevented ||
    event.ctrlKey ||
    event.metaKey ||
    event.altKey ||
    event.isComposing ||
    event.target.closest?.(TYPING) ||
    document.querySelector("dialog[open]")
  );
}

document.addEventListener("keydown", (event) => {
  if ((event.key !== "j" && event.key !== "k") || isBusy(event)) return;
  const list = rows();
  if (!list.length) return;
  event.preventDefault();
  const index = currentIndex(list);
  if (event.key === "j") open(list[Math.min(index + 1, list.length - 1)]);
  else open(list[Math.max(index - 1, 0)]);
});

document.addEventListener("click", (event) => {
  const bar = event.target.closest?.("[data-outline] .ribbon [data-step]");
  if (bar) open(rows().find((row) => row.dataset.step === bar.dataset.step));
});

function markShown(root) {
  const shown = root.querySelector?.("[data-step-shown]");
  if (shown) markCurrent(shown.dataset.stepShown);
  return Boolean(shown);
}

document.addEventListener("htmx:afterSwap", (event) => {
  if (markShown(event.target)) event.target.scrollTop = 0;
});

markShown(document);
