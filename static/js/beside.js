// Two trajectories side by side: a link to another step of one of them changes its column only.
"use strict";

import { bringIntoView } from "./outline.js";

/** The query parameters of a column: its step, and what of the step is asked for. */
function isOwn(name, column) {
  return name === column || name.startsWith(`${column}-`);
}

/** The page's address with the column showing what a link says; the link may be older than the page. */
function addressFor(link, column) {
  const page = new URL(window.location.href);
  for (const name of [...page.searchParams.keys()]) {
    if (isOwn(name, column)) page.searchParams.delete(name);
  }
  for (const [name, value] of new URL(link.href).searchParams) {
    if (isOwn(name, column)) page.searchParams.set(name, value);
  }
  return page.pathname + page.search;
}

/** The links and the form of the page's head keep what is open in the columns. */
function keepInHead() {
  const open = new URLSearchParams(window.location.search);
  for (const name of ["a", "b"]) {
    for (const link of document.querySelectorAll("[data-same-columns] a")) {
      const address = new URL(link.href);
      if (open.has(name)) address.searchParams.set(name, open.get(name));
      link.href = address.pathname + address.search;
    }
    const field = document.querySelector(`.beside-filter input[name="${name}"]`);
    if (field && open.has(name)) field.value = open.get(name);
  }
}

async function show(column, link) {
  const scrolled = column.querySelector(".steps")?.scrollTop ?? 0;
  const { id } = column;
  await window.htmx.ajax("GET", addressFor(link, column.dataset.column), {
    source: link,
    target: column,
    swap: "outerHTML",
  });
  const shown = document.getElementById(id);
  const list = shown.querySelector(".steps");
  if (list) list.scrollTop = scrolled;
  bringIntoView(shown.querySelector(".steps [aria-current]"));
  shown.querySelector(".beside-step [data-wanted]")?.scrollIntoView({ block: "nearest" });
  keepInHead();
}

// Before HTMX hears of it: the fragments' own requests are for the trajectory's own page.
document.addEventListener(
  "click",
  (event) => {
    const link = event.target.closest?.("[data-column] a[href]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.stopPropagation();
    if (new URL(link.href).pathname !== window.location.pathname) return;
    event.preventDefault();
    show(link.closest("[data-column]"), link);
  },
  true,
);
