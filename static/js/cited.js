// From the evidence to the reasoning steps that cite it: what is cited carries their numbers, drawn
// from an attribute so that they are no part of the text that is quoted. `r` goes to the step.
"use strict";

import { goTo } from "./cite.js";
import { currentRow } from "./cursor.js";
import { onKey } from "./keys.js";

const ROW = "tr, span[data-line]";
// A citation of a whole file marks its beginning; the rest would only be slow.
const MOST_ROWS = 400;

/** Returns what is cited: the citations of every card with the names of their steps. */
function citations() {
  return [...document.querySelectorAll("#reasoning [data-citation][data-target]")].map((chip) => {
    const card = chip.closest("[data-card]");
    return {
      uid: card.dataset.card,
      name: card.getAttribute("aria-label"),
      kind: chip.dataset.kind,
      quote: chip.dataset.quote,
      target: JSON.parse(chip.dataset.target),
    };
  });
}

// --- where a citation stands ----------------------------------------------------------------------

function numbers({ start_line: first, end_line: last }) {
  const n = Math.min(last - first + 1, MOST_ROWS);
  return Array.from({ length: n }, (_, index) => first + index);
}

function rowsOfFile(source, target) {
  if (source.dataset.tree !== target.tree || source.dataset.path !== target.path) return [];
  return numbers(target).map((line) => source.querySelector(`[data-line="${line}"]`));
}

function rowsOfPatch(source, target) {
  if (source.dataset.which !== target.which || source.dataset.path !== target.path) return [];
  const { side } = target;
  return numbers(target).map(
    (line) =>
      source.querySelector(`[data-side="${side}"][data-line="${line}"]`) ??
      source.querySelector(`[data-${side}-line="${line}"]`),
  );
}

function linesOf(quote) {
  return quote.split("\n").map((line) => line.trim());
}

function rowsOfPart(source, target, quote) {
  const { step, index } = source.dataset;
  if (step !== String(target.step) || (index ?? "0") !== String(target.index ?? 0)) return [];
  const rows = [...source.querySelectorAll("span[data-line]")];
  const lines = linesOf(quote).filter(Boolean);
  const at = rows.findIndex((row) => row.textContent.includes(lines[0]));
  return at < 0 ? [] : rows.slice(at, at + linesOf(quote).length).slice(0, MOST_ROWS);
}

/** The smallest element of rendered text that has the quote's first line. */
function blocksOf(source, quote) {
  const words = (text) => text.replace(/[\s*_`#>]+/g, "");
  const wanted = words(linesOf(quote).find(Boolean) ?? "");
  const blocks = [...source.querySelectorAll("p, li, pre, td, h1, h2, h3, h4, blockquote")];
  return blocks.filter((block) => words(block.textContent).includes(wanted)).slice(-1);
}

function placesOf(source, { kind, target, quote }) {
  if (source.dataset.citeKind !== kind) return [];
  switch (kind) {
    case "file":
      return rowsOfFile(source, target);
    case "patch":
      return rowsOfPatch(source, target);
    case "issue":
      return blocksOf(source, quote);
    case "test":
      return source.dataset.run === String(target.run) && source.dataset.testId === target.test_id
        ? [source]
        : [];
    default:
      return rowsOfPart(source, target, quote);
  }
}

// --- marks ----------------------------------------------------------------------------------------

function clear() {
  for (const mark of document.querySelectorAll("[data-cited-by]")) mark.remove();
  for (const row of document.querySelectorAll(".is-cited")) row.classList.remove("is-cited");
}

function markOf(row, { uid, name }) {
  const holder = row.querySelector?.(":scope > .code:last-child, :scope > .code") ?? row;
  if (holder.querySelector(`:scope > [data-cited-by="${uid}"]`)) return;
  const mark = document.createElement("a");
  mark.href = `#r-${uid}`;
  mark.className = "cited-mark";
  mark.dataset.citedBy = uid;
  mark.dataset.name = name;
  mark.setAttribute("aria-label", `Cited by ${name}`);
  mark.title = `Cited by ${name} (r)`;
  holder.append(mark);
}

export function drawMarks() {
  clear();
  const sources = [...document.querySelectorAll(".workspace-evidence [data-cite-kind]")];
  for (const citation of citations()) {
    for (const source of sources) {
      const places = placesOf(source, citation).filter(Boolean);
      places.forEach((place) => (place.closest(ROW) ?? place).classList.add("is-cited"));
      if (places.length) markOf(places[0], citation);
    }
  }
}

let isDue = false;

/** Draws once for everything that happens before the next picture. */
function drawSoon() {
  if (isDue) return;
  isDue = true;
  requestAnimationFrame(() => {
    isDue = false;
    drawMarks();
  });
}

document.addEventListener("htmx:afterSettle", drawSoon);
document.addEventListener("retrace:cited", drawSoon);
drawSoon();

// --- to the step ----------------------------------------------------------------------------------

function go(mark) {
  const next = document.querySelector(`[data-card="${CSS.escape(mark.dataset.citedBy)}"]`);
  if (next) goTo(next.dataset.card);
}

document.addEventListener("click", (event) => {
  const mark = event.target.closest?.("[data-cited-by]");
  if (!mark) return;
  event.preventDefault();
  event.stopPropagation();
  go(mark);
});

/** The marks of the row under the cursor, or of the cited rows it is among, else the first in view. */
function marksHere() {
  const row = currentRow();
  for (let at = row; at; at = at.previousElementSibling) {
    const marks = [...at.querySelectorAll("[data-cited-by]")];
    if (marks.length) return marks;
    if (!at.classList.contains("is-cited")) break;
  }
  if (row) return [];
  return [...document.querySelectorAll("[data-cited-by]")]
    .filter((mark) => {
      const { top } = mark.getBoundingClientRect();
      const pane = mark.closest(".pane-body, .pane")?.getBoundingClientRect();
      return mark.checkVisibility() && top >= (pane?.top ?? 0) && top < (pane?.bottom ?? innerHeight);
    })
    .slice(0, 1);
}

let last = { key: "", at: -1 };

onKey("r", () => {
  const marks = marksHere();
  if (!marks.length) return false;
  // Where several steps cite the same place, the key goes from one to the next.
  const key = marks.map((mark) => mark.dataset.citedBy).join();
  last = { key, at: key === last.key ? (last.at + 1) % marks.length : 0 };
  go(marks[last.at]);
  return true;
});
