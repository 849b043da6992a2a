// Select text in the evidence or stand on its rows, press c or the button: the citation hangs on the
// active step.
"use strict";

import { flush } from "./autosave.js";
import { takenRows } from "./cursor.js";
import { drawCited } from "./outline.js";
import { placeOfRows, selectedPlace } from "./place.js";

const JUDGEMENTS = ["productive", "neutral", "misstep"];

/** Returns what would be cited: what is selected, or the rows under the cursor. */
function meant() {
  return selectedPlace() ?? placeOfRows(takenRows());
}

// --- the active step ------------------------------------------------------------------------------

// Kept over a reload of the page: what is cited next still hangs on the same step.
const KEY = `retrace-active:${document.querySelector("[data-reasoning]")?.dataset.annotation}`;
let active = remembered();

function remembered() {
  try {
    return sessionStorage.getItem(KEY) ?? "";
  } catch {
    return "";
  }
}

export function activate(uid) {
  active = uid ?? "";
  try {
    sessionStorage.setItem(KEY, active);
  } catch {
    // Without a store it is forgotten with the page.
  }
  for (const card of document.querySelectorAll("[data-card]")) {
    card.toggleAttribute("data-active", card.dataset.card === active);
  }
}

/** Goes to a step as a whole, where the keys still act; Enter, or n for a new one, begins to write. */
export function goTo(uid) {
  activate(uid);
  const card = activeCard();
  card?.scrollIntoView({ block: "nearest" });
  card?.focus({ preventScroll: true });
}

/** Puts the caret into a step's claim; one that is only read has the focus itself. */
export function write(card) {
  goTo(card.dataset.card);
  card.querySelector(".claim")?.focus({ preventScroll: true });
}

export function activeCard() {
  return document.querySelector("[data-card][data-active]");
}

document.addEventListener("focusin", (event) => {
  const card = event.target.closest?.("[data-card]");
  if (card) activate(card.dataset.card);
});

// --- citing ---------------------------------------------------------------------------------------

let isCiting = false;

export async function cite() {
  const url = document.querySelector("[data-cite-url]")?.dataset.citeUrl;
  const found = meant();
  if (!url || !found || isCiting) return;
  isCiting = true;
  hideButton();
  try {
    await flush();
    await htmx.ajax("POST", url, {
      target: "#reasoning",
      swap: "outerHTML",
      values: {
        kind: found.kind,
        target: JSON.stringify(found.target),
        quote: found.quote,
        before: found.before,
        after: found.after,
        step: active,
      },
    });
    document.getSelection().removeAllRanges();
  } finally {
    isCiting = false;
  }
}

const button = document.querySelector("[data-cite-button]");

function hideButton() {
  if (button) button.hidden = true;
}

function placeButton() {
  if (!button || !document.querySelector("[data-cite-url]")) return;
  const found = selectedPlace();
  if (!found) return hideButton();
  const boxes = found.range.getClientRects();
  const box = boxes[boxes.length - 1] ?? found.range.getBoundingClientRect();
  button.hidden = false;
  const left = Math.min(box.right + 6, innerWidth - button.offsetWidth - 8);
  const top = Math.min(box.bottom + 4, innerHeight - button.offsetHeight - 8);
  button.style.left = `${Math.max(8, left)}px`;
  button.style.top = `${Math.max(8, top)}px`;
}

document.addEventListener("selectionchange", () => requestAnimationFrame(placeButton));
document.addEventListener("scroll", hideButton, true);
// Pressing the button must not take the selection away before it is read.
button?.addEventListener("mousedown", (event) => event.preventDefault());
button?.addEventListener("click", cite);

// --- marks: what is cited, in the outline and in the evidence ---------------------------------------

function mark() {
  const counts = new Map();
  for (const chip of document.querySelectorAll("[data-reasoning] [data-cites-step]")) {
    const step = chip.dataset.citesStep;
    counts.set(step, (counts.get(step) ?? 0) + 1);
  }
  for (const row of document.querySelectorAll("[data-outline] li[data-step]")) {
    const count = counts.get(row.dataset.step) ?? 0;
    row.querySelector("[data-mark]").textContent = count ? `${count} cite${count > 1 ? "s" : ""}` : "";
    const judgement = judgementOf(row.dataset.step);
    for (const name of JUDGEMENTS) row.classList.toggle(`steps-row--${name}`, name === judgement);
  }
  drawCited([...counts.keys()].map(Number));
}

function judgementOf(step) {
  return document.querySelector(`[data-judged="${CSS.escape(step)}"]`)?.dataset.judgement;
}

/** After a chip opened its place: bring the quote into view and select it for a moment. */
function reveal(chip) {
  const quote = chip.dataset.quote.trim();
  const first = quote.split("\n")[0].trim();
  const pane = document.querySelector(chip.getAttribute("hx-target"));
  for (const source of pane.querySelectorAll(`[data-cite-kind="${CSS.escape(chip.dataset.kind)}"]`)) {
    const walker = document.createTreeWalker(source, NodeFilter.SHOW_ELEMENT);
    let best = source.textContent.includes(first) ? source : null;
    while (best && walker.nextNode()) {
      if (walker.currentNode.textContent.includes(first)) best = walker.currentNode;
    }
    if (!best) continue;
    best.scrollIntoView({ block: "center" });
    best.classList.add("is-revealed");
    setTimeout(() => best.classList.remove("is-revealed"), 2500);
    return;
  }
}

document.addEventListener("htmx:afterSettle", (event) => {
  const chip = event.detail.requestConfig?.elt?.closest?.(".cite-chip");
  if (chip) reveal(chip);
});

function settle() {
  const column = document.querySelector("[data-reasoning]");
  if (!column) return;
  activate(column.dataset.active || active);
  const card = column.dataset.active && activeCard();
  if (card && column.hasAttribute("data-is-new")) write(card);
  else if (card && hadFocus && isFocusGone()) goTo(active);
  else if (card) card.scrollIntoView({ block: "nearest" });
  mark();
}

/** Tells whether nothing that can be seen has the focus. */
function isFocusGone() {
  return document.activeElement === document.body || !document.activeElement.checkVisibility();
}

// Whether anything had the focus before the column was swapped; it may have gone with it.
let hadFocus = false;

document.addEventListener("htmx:beforeSwap", () => {
  hadFocus = document.activeElement !== document.body;
});

// A mention swaps the citations of its step alone.
document.addEventListener("retrace:cited", mark);

let marked = null;

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.elt?.id === "reasoning" || event.target.id === "reasoning") settle();
  if (event.detail.elt?.id === "judgements") mark();
  // A swap is told of once for each row that came with it.
  if (event.target.closest?.("[data-outline]") && event.detail.xhr !== marked) {
    marked = event.detail.xhr;
    mark();
  }
  hideButton();
});
settle();
