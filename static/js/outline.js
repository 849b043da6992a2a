// The list of steps and its ribbon: j and k walk through the steps, a click on a bar opens its step,
// and both show which step is open.
"use strict";

import { onKey, press } from "./keys.js";

const HEIGHT = 22;
const FOOT = 26;

function rows() {
  return [...document.querySelectorAll("[data-outline] li[data-step]")];
}

function isCurrent(row) {
  return row.getAttribute("aria-current") === "true";
}

// --- the ribbon -----------------------------------------------------------------------------------

function ribbon() {
  return document.querySelector("[data-ribbon]");
}

function bounds() {
  return (ribbon()?.dataset.ribbon ?? "").split(",").map(Number);
}

/** Draws what stands at the bars of some steps. */
function drawBars(selector, steps, top, bottom) {
  const edges = bounds();
  const bars = steps
    .filter((step) => step < edges.length)
    .map((step) => {
      const width = Math.max(2, edges[step] - edges[step - 1] - 1);
      return `M${edges[step - 1]} ${top}h${width}v${bottom - top}h-${width}z`;
    });
  ribbon()?.querySelector(selector)?.setAttribute("d", bars.join(""));
}

/** Marks the bars of the steps that are cited. */
export function drawCited(steps) {
  drawBars("[data-ribbon-cited]", [...steps], HEIGHT - 4, HEIGHT);
}

function stepAt(event) {
  const box = ribbon().getBoundingClientRect();
  const edges = bounds();
  const at = ((event.clientX - box.left) / box.width) * edges.at(-1);
  const step = edges.findIndex((edge, index) => index > 0 && at < edge);
  return step > 0 ? step : edges.length - 1;
}

function rowOf(step) {
  return rows().find((row) => row.dataset.step === String(step));
}

/** Opens a step; one whose row is not in the list at the moment by the page's own address. */
function openStep(step) {
  const row = rowOf(step);
  if (row) press(row.querySelector("a"));
  else {
    const page = new URL(window.location.href);
    page.searchParams.set("left", "step");
    page.searchParams.set("step", String(step));
    window.location.assign(page);
  }
}

document.addEventListener("click", (event) => {
  if (event.target.closest?.("[data-ribbon]")) openStep(stepAt(event));
});

document.addEventListener("pointermove", (event) => {
  const bars = event.target.closest?.("[data-ribbon]");
  if (!bars) return;
  const step = stepAt(event);
  bars.title = `${step} ${rowOf(step)?.querySelector("a").title ?? ""}`;
});

// --- walking --------------------------------------------------------------------------------------

// Where the next row is not in the page yet: open it as soon as it is.
let isWaitingFor = 0;

function walk(offset) {
  const list = rows();
  const at = list.findIndex(isCurrent);
  const next = list[at + offset] ?? (at < 0 ? list[0] : undefined);
  if (next) press(next.querySelector("a"));
  else if (list.length) loadMore(list[at], offset);
  return list.length > 0;
}

function loadMore(row, offset) {
  const more = offset > 0 ? row.nextElementSibling : row.previousElementSibling;
  if (!more?.matches("[data-more]")) return;
  isWaitingFor = offset;
  more.scrollIntoView({ block: "nearest" });
}

onKey("j", () => walk(1), { repeats: true });
onKey("k", () => walk(-1), { repeats: true });

/** Marks a step as the open one and brings its row into view. */
export function markCurrent(number) {
  for (const row of rows()) {
    if (row.dataset.step === String(number)) {
      row.setAttribute("aria-current", "true");
      row.scrollIntoView({ block: "nearest" });
    } else row.removeAttribute("aria-current");
  }
  drawBars("[data-ribbon-current]", [Number(number)], HEIGHT + 1, FOOT);
}

function shownStep() {
  return document.querySelector("[data-step-shown]")?.dataset.stepShown;
}

function markShown() {
  const shown = shownStep() ?? rows().find(isCurrent)?.dataset.step;
  if (shown) markCurrent(shown);
}

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target?.matches?.("[data-more]")) {
    markShown();
    const offset = isWaitingFor;
    isWaitingFor = 0;
    if (offset) walk(offset);
  } else if (event.detail.target?.id === "outline" || event.target.querySelector?.("[data-step-shown]")) {
    markShown();
  }
});

markShown();
