// A diff that is drawn another way, side by side or without blanks: the file that is read stays where
// it is, with the lines that were opened in it.
"use strict";

const LINES = "[data-side][data-line]";
const ROWS = `tr[data-hunk], ${LINES}`;
// Of a line that is not drawn the other way, one of the next.
const MAX_LINES = 40;

let kept = null;

function isBelow(top) {
  return (element) => element.getBoundingClientRect().bottom > top + 1;
}

/** A hunk, or a line, as it can be found again. */
function nameOf({ dataset }) {
  if (dataset.hunk) return `[data-hunk="${dataset.hunk}"]`;
  return `[data-side="${dataset.side}"][data-line="${dataset.line}"]`;
}

/** The hunk or line in sight that has the focus; side by side, the new one of its row. */
function focusedLine(pane) {
  const row = document.activeElement?.closest?.("tr");
  if (!row || !pane.contains(row)) return null;
  const [here, sight] = [row, pane].map((element) => element.getBoundingClientRect());
  if (here.bottom <= sight.top || here.top >= sight.bottom) return null;
  return row.matches(ROWS) ? row : ([...row.querySelectorAll(LINES)].at(-1) ?? null);
}

/** What is read in a pane: the file, its lines that are in sight, and where they stand. */
function readIn(pane) {
  const { top } = pane.getBoundingClientRect();
  const focused = focusedLine(pane);
  const file = focused?.closest(".diff-file") ?? [...pane.querySelectorAll(".diff-file")].find(isBelow(top));
  if (!file) return null;
  // The file's name stays at the top, over its lines.
  const head = file.querySelector("summary").getBoundingClientRect().bottom;
  const rows = [...file.querySelectorAll(ROWS)];
  const lines = rows.filter((row) => row.getBoundingClientRect().top > head - 2).slice(0, MAX_LINES);
  return {
    pane: pane.id,
    file: file.id,
    path: file.dataset.path,
    opened: [...file.querySelectorAll("[data-opened]")].map((hunk) => hunk.dataset.opened).join(","),
    focus: focused && nameOf(focused),
    places: [...(focused ? [focused] : []), ...lines, file].map((element) => ({
      selector: element === file ? "" : nameOf(element),
      top: element.getBoundingClientRect().top,
    })),
  };
}

document.addEventListener("htmx:configRequest", (event) => {
  kept = null;
  const link = event.target.closest?.("[data-redraw]");
  const pane = link?.closest(".pane-body");
  const read = pane && readIn(pane);
  // At its top a diff is drawn as when it was opened.
  if (!read || !(pane.scrollTop || read.opened || read.focus)) return;
  kept = read;
  const { parameters } = event.detail;
  parameters.file = read.path;
  if (read.opened) parameters.opened = read.opened;
  const here = new URLSearchParams(window.location.search);
  if (here.get("file") === read.path && here.get("at")) parameters.at = here.get("at");
});

function restore({ pane, file, focus, places }) {
  const drawn = document.getElementById(file);
  if (!drawn) return;
  const at = (selector) => (selector ? drawn.querySelector(selector) : drawn);
  const place = places.find(({ selector }) => at(selector));
  document.getElementById(pane).scrollTop += at(place.selector).getBoundingClientRect().top - place.top;
  const row = focus && drawn.querySelector(focus)?.closest("tr");
  if (!row) return;
  row.tabIndex = -1;
  row.focus({ preventScroll: true });
}

document.addEventListener("htmx:afterSwap", (event) => {
  if (!kept || event.detail.target.id !== kept.pane) return;
  const read = kept;
  kept = null;
  // After the pane was put to what its address names.
  queueMicrotask(() => restore(read));
});
