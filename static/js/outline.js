// The list of steps and its ribbon: j and k walk through the steps, a click on a bar opens its step,
// and both show which step is open. A page that sets two trajectories side by side has two lists.
"use strict";

import { onKey, press } from "./keys.js";

const HEIGHT = 22;
const FOOT = 26;
const STORED_MEASURE = "retrace.ribbon";

function outlines() {
  return [...document.querySelectorAll("[data-outline]")];
}

function rows(outline) {
  return [...outline.querySelectorAll("li[data-step]")];
}

function isCurrent(row) {
  return row.getAttribute("aria-current") === "true";
}

function numberOf(row) {
  return Number(row.dataset.step);
}

/** What belongs to a list: its column where there are two, or else the page. */
function around(outline) {
  return outline.closest("[data-column]") ?? document;
}

/** Returns the number of the step that is read beside a list. */
function shownStep(outline) {
  const shown = around(outline).querySelector("[data-step-shown]")?.dataset.stepShown;
  return Number(shown ?? rows(outline).find(isCurrent)?.dataset.step ?? 0);
}

// --- the ribbon -----------------------------------------------------------------------------------

function boundsOf(ribbon) {
  return (ribbon?.dataset.ribbon ?? "").split(",").map(Number);
}

/** Draws what stands at the bars of some steps. */
function drawBars(outline, selector, steps, top, bottom) {
  const ribbon = outline.querySelector("[data-ribbon]");
  const edges = boundsOf(ribbon);
  const bars = steps
    .filter((step) => step > 0 && step < edges.length)
    .map((step) => {
      const width = Math.max(2, edges[step] - edges[step - 1] - 1);
      return `M${edges[step - 1]} ${top}h${width}v${bottom - top}h-${width}z`;
    });
  ribbon?.querySelector(selector)?.setAttribute("d", bars.join(""));
}

/** Marks the bars of the steps that are cited. */
export function drawCited(steps) {
  for (const outline of outlines()) {
    drawBars(outline, "[data-ribbon-cited]", [...steps], HEIGHT - 4, HEIGHT);
  }
}

function stepAt(ribbon, event) {
  const box = ribbon.getBoundingClientRect();
  const edges = boundsOf(ribbon);
  const at = ((event.clientX - box.left) / box.width) * edges.at(-1);
  const step = edges.findIndex((edge, index) => index > 0 && at < edge);
  return step > 0 ? step : edges.length - 1;
}

function rowOf(outline, step) {
  return rows(outline).find((row) => numberOf(row) === step);
}

/** Opens a step; one whose row is not in the list at the moment by the page's own address. */
function openStep(outline, step) {
  const row = rowOf(outline, step);
  if (row) {
    press(row.querySelector("a"));
    return;
  }
  const page = new URL(window.location.href);
  const column = outline.closest("[data-column]")?.dataset.column;
  if (!column) page.searchParams.set("left", "step");
  page.searchParams.set(column ?? "step", String(step));
  window.location.assign(page);
}

document.addEventListener("click", (event) => {
  const ribbon = event.target.closest?.("[data-ribbon]");
  if (ribbon) openStep(ribbon.closest("[data-outline]"), stepAt(ribbon, event));
});

document.addEventListener("pointermove", (event) => {
  const ribbon = event.target.closest?.("[data-ribbon]");
  if (!ribbon) return;
  const step = stepAt(ribbon, event);
  const row = rowOf(ribbon.closest("[data-outline]"), step);
  ribbon.title = `${step} ${row?.querySelector("a").title ?? ""}`;
});

// What the bars show is remembered for the next trajectory, unless its address says it.
document.addEventListener("change", (event) => {
  if (!event.target.matches?.("[data-outline] [name=ribbon]")) return;
  try {
    localStorage.setItem(STORED_MEASURE, event.target.value);
  } catch {
    // Storage may be refused; the bars then begin by steps.
  }
});

function showRememberedMeasure() {
  const select = document.querySelector("[data-outline] [name=ribbon]");
  if (!select || new URLSearchParams(window.location.search).has("ribbon")) return;
  let stored = null;
  try {
    stored = localStorage.getItem(STORED_MEASURE);
  } catch {
    return;
  }
  const option = [...select.options].find(({ value }) => value === stored);
  if (!option || option.disabled || option.selected) return;
  select.value = stored;
  select.dispatchEvent(new Event("change", { bubbles: true }));
}

// --- walking --------------------------------------------------------------------------------------

// The column that was used last, on a page that has two.
let column = "";
// Where the next row is not in the page yet: open it as soon as it is.
let isWaitingFor = 0;

for (const name of ["pointerdown", "focusin"]) {
  document.addEventListener(name, (event) => {
    column = event.target.closest?.("[data-column]")?.dataset.column ?? column;
  });
}

function outlineInUse() {
  const own = `[data-column="${CSS.escape(column)}"] [data-outline]`;
  return (column && document.querySelector(own)) || document.querySelector("[data-outline]");
}

/** Returns the row after or before the open step, which the filter may have left out. */
function neighbour(list, shown, offset) {
  return offset > 0
    ? list.find((row) => numberOf(row) > shown)
    : list.findLast((row) => numberOf(row) < shown);
}

function walk(offset) {
  const outline = outlineInUse();
  if (!outline) return false;
  const list = rows(outline);
  const next = neighbour(list, shownStep(outline), offset);
  if (next) press(next.querySelector("a"));
  else loadMore(outline, offset);
  return list.length > 0;
}

function moreRows(outline, offset) {
  const end = offset > 0 ? "li:last-child" : "li:first-child";
  return outline.querySelector(`.steps > ${end}[data-more]`);
}

function loadMore(outline, offset) {
  const more = moreRows(outline, offset);
  if (!more) return;
  isWaitingFor = offset;
  more.scrollIntoView({ block: "nearest" });
}

export function next() {
  return walk(1);
}

export function previous() {
  return walk(-1);
}

onKey("j", next, { repeats: true });
onKey("k", previous, { repeats: true });

// --- what is said of steps -------------------------------------------------------------------------

// Lists that are fetched come without what the page's annotation says of their steps.
const marks = Object.entries(
  JSON.parse(document.getElementById("outline-marks")?.textContent ?? "{}"),
);

function markRows() {
  for (const [step, [text, judgement]] of marks) {
    const row = document.querySelector(`[data-outline] li[data-step="${step}"]`);
    if (!row) continue;
    row.querySelector("[data-mark]").textContent = text;
    if (judgement) row.classList.add(`steps-row--${judgement}`);
  }
  drawCited(marks.filter(([, [text]]) => text).map(([step]) => Number(step)));
}

// --- which step is open ---------------------------------------------------------------------------

const marked = new WeakMap();

/** Scrolls the list, and nothing around it, to a row that is out of sight. */
export function bringIntoView(row, { centred = false } = {}) {
  const list = row?.closest(".steps");
  if (!list) return;
  const [own, frame] = [row.getBoundingClientRect(), list.getBoundingClientRect()];
  if (own.top >= frame.top && own.bottom <= frame.bottom) return;
  const middle = own.top - frame.top - (frame.height - own.height) / 2;
  const nearest = own.top < frame.top ? own.top - frame.top : own.bottom - frame.bottom;
  list.scrollTop += centred ? middle : nearest;
}

/** Marks the open step in its list and brings its row into view, once. */
function markShown(outline) {
  const shown = shownStep(outline);
  if (!shown) return;
  let isThere = false;
  for (const row of rows(outline)) {
    const isOpen = numberOf(row) === shown;
    isThere ||= isOpen;
    if (isOpen) row.setAttribute("aria-current", "true");
    else row.removeAttribute("aria-current");
    if (isOpen && marked.get(outline) !== shown) bringIntoView(row, { centred: !marked.has(outline) });
  }
  drawBars(outline, "[data-ribbon-current]", [shown], HEIGHT + 1, FOOT);
  const isNew = marked.get(outline) !== shown;
  marked.set(outline, shown);
  if (isNew && !isThere) showWindowOf(outline, shown);
}

/** Fetches the part of a long list around a step that was opened from elsewhere. */
function showWindowOf(outline, shown) {
  const list = rows(outline);
  if (!list.length || !outline.id) return;
  const isBefore = shown < numberOf(list[0]) && moreRows(outline, -1);
  const isAfter = shown > numberOf(list.at(-1)) && moreRows(outline, 1);
  if (!isBefore && !isAfter) return;
  const page = new URLSearchParams(window.location.search);
  const query = new URLSearchParams({ step: String(shown) });
  for (const name of ["kind", "touch", "find", "ribbon"]) {
    if (page.get(name)) query.set(name, page.get(name));
  }
  const url = `${outline.dataset.outline}?${query}`;
  window.htmx.ajax("GET", url, { target: `#${outline.id}`, swap: "outerHTML" });
}

// HTMX tells of a swap once for each element that came with it, such as each row.
let answered = null;

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.xhr === answered) return;
  answered = event.detail.xhr;
  if (marks.length && event.target.closest?.("[data-outline]")) markRows();
  outlines().forEach(markShown);
  if (!event.detail.target?.matches?.("[data-more]")) return;
  const offset = isWaitingFor;
  isWaitingFor = 0;
  if (offset) walk(offset);
});

outlines().forEach(markShown);
if (document.readyState === "complete") showRememberedMeasure();
else window.addEventListener("load", showRememberedMeasure);
