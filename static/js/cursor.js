// A cursor over the rows of a pane: arrows move it, Shift with an arrow takes more rows, `.` and `,`
// go to the next and previous hunk, `>` and `<` to the next and previous file of a diff.
//
// The cursor is the focus itself, so that it is seen, announced and left by Tab like any focus.
"use strict";

import { onKey, press } from "./keys.js";

const ROWS = "tr.hunk, [data-hunk], tr:has([data-line], [data-old-line]), tr[data-line], span[data-line]";
let anchor = null;

function paneOf(element) {
  return element?.closest?.("[data-rows], .pane-body");
}

function rowsOf(pane) {
  return [...pane.querySelectorAll(ROWS)].filter((row) => row.checkVisibility());
}

/** Returns the row that has the focus, or null. */
export function currentRow() {
  return document.activeElement?.closest?.(ROWS) ?? null;
}

/** Returns the rows from where Shift was first held to the cursor, in the page's order. */
export function takenRows() {
  const current = currentRow();
  if (!current) return [];
  const rows = rowsOf(paneOf(current));
  const [from, to] = [rows.indexOf(anchor ?? current), rows.indexOf(current)].sort((a, b) => a - b);
  return from < 0 ? [current] : rows.slice(from, to + 1);
}

export function moveTo(row, block = "nearest") {
  row.tabIndex = -1;
  row.focus({ preventScroll: true });
  row.scrollIntoView({ block });
}

function drawTaken() {
  for (const row of document.querySelectorAll(".is-taken")) row.classList.remove("is-taken");
  if (anchor) for (const row of takenRows()) row.classList.add("is-taken");
}

function firstVisible(pane, rows) {
  const top = pane.getBoundingClientRect().top;
  return rows.find((row) => row.getBoundingClientRect().top >= top) ?? rows[0];
}

function step(offset) {
  return (event) => {
    const focused = document.activeElement;
    const pane = paneOf(focused);
    const current = currentRow();
    // In a field, a link or a list the arrows mean something else; a pane without rows scrolls.
    if (!pane || (focused !== pane && focused !== current)) return false;
    const rows = rowsOf(pane);
    if (!rows.length) return false;
    const next = current ? rows[rows.indexOf(current) + offset] : firstVisible(pane, rows);
    if (!event.shiftKey) anchor = null;
    else anchor ??= current;
    if (next) moveTo(next);
    drawTaken();
    return true;
  };
}

onKey("ArrowDown", step(1), { repeats: true });
onKey("ArrowUp", step(-1), { repeats: true });

// --- hunks and files of a diff ----------------------------------------------------------------------

function isBefore(a, b) {
  return Boolean(a.compareDocumentPosition(b) & Node.DOCUMENT_POSITION_FOLLOWING);
}

/** Goes to the next or previous of the elements, seen from the focus if it is among them. */
function go(selector, offset) {
  const pane = document.querySelector("[data-diff]")?.closest(".pane-body") ?? document;
  const found = [...pane.querySelectorAll(selector)].filter((element) => element.checkVisibility());
  if (!found.length) return false;
  const focused = document.activeElement;
  const here = pane.contains(focused) && focused !== pane && focused !== document.body ? focused : null;
  let next;
  if (!here) next = offset > 0 ? found[0] : found.at(-1);
  else if (offset > 0) next = found.find((element) => isBefore(here, element) && !here.contains(element));
  else next = found.findLast((element) => isBefore(element, here) && !element.contains(here));
  if (next) {
    anchor = null;
    drawTaken();
    moveTo(next, "start");
  }
  return true;
}

onKey(".", () => go("tr.hunk, [data-hunk]", 1), { repeats: true });
onKey(",", () => go("tr.hunk, [data-hunk]", -1), { repeats: true });
onKey(">", () => go("[data-diff] .diff-file", 1), { repeats: true });
onKey("<", () => go("[data-diff] .diff-file", -1), { repeats: true });

// --- from a hunk to the steps that touched it -------------------------------------------------------

/** Opens the first of the hunk's steps, or the one after that which the left pane shows. */
function nextStepOfHunk() {
  const hunk = currentRow()?.closest("tbody")?.querySelector("tr.hunk, [data-hunk]");
  const steps = [...(hunk?.querySelectorAll("[data-key='t']") ?? [])];
  if (steps.length < 2) return false;
  const shown = document.querySelector("[data-step-shown]")?.dataset.stepShown;
  const at = steps.findIndex((step) => step.dataset.step === shown);
  press(steps[(at + 1) % steps.length]);
  return true;
}

onKey("t", nextStepOfHunk);

document.addEventListener("pointerdown", () => {
  anchor = null;
  drawTaken();
});
