// Reshapes the chain: cards are dragged by their grip, split at the caret, joined and folded.
"use strict";

import { flush } from "./autosave.js";
import { activeCard } from "./cite.js";
import { onKey } from "./keys.js";

const EDGE_PX = 40;
const SCROLL_PX = 12;

function post(url, values) {
  return htmx.ajax("POST", url, { target: "#reasoning", swap: "outerHTML", values });
}

function isBusy() {
  return document.querySelector("dialog[open], #reasoning.htmx-request") !== null;
}

// --- split and join ---------------------------------------------------------------------------------

// The rationales that had the caret, and so know where it stood when a menu took the focus away.
const visited = new WeakSet();

document.addEventListener("focusin", (event) => {
  if (event.target.matches?.(".rationale")) visited.add(event.target);
});

/** Returns the place of the caret in characters as the server counts them, or nothing. */
function caretIn(card) {
  const field = card.querySelector(".rationale");
  return visited.has(field) ? [...field.value.slice(0, field.selectionStart)].length : "";
}

async function split(card) {
  const form = card?.querySelector("[data-split]");
  if (!form || isBusy()) return;
  const at = caretIn(card);
  // The server splits what it has: so it gets what is written first.
  await flush();
  await post(form.action, { at });
}

document.addEventListener("submit", (event) => {
  const form = event.target.closest?.("[data-split]");
  if (!form) return;
  event.preventDefault();
  split(form.closest("[data-card]"));
});

document.addEventListener("keydown", (event) => {
  if (!event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (event.defaultPrevented || event.isComposing || event.repeat || isBusy()) return;
  const card = activeCard();
  if (event.key === "Enter" && card?.querySelector("[data-split]")) {
    event.preventDefault();
    split(card);
  } else if (event.code === "KeyJ" && card) {
    event.preventDefault();
    card.querySelector("[data-merge-next] button:enabled")?.click();
  }
});

// --- the menu of a card -----------------------------------------------------------------------------

function closeMenus(except = null) {
  for (const menu of document.querySelectorAll("[data-more][open]")) {
    if (menu !== except) menu.open = false;
  }
}

document.addEventListener("click", (event) => closeMenus(event.target.closest?.("[data-more]")));
document.addEventListener("keydown", (event) => {
  const menu = document.activeElement?.closest?.("[data-more][open]");
  if (event.key !== "Escape" || !menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});

// --- folding, which this browser remembers ------------------------------------------------------------

function store() {
  return `retrace-folded:${document.querySelector("[data-reasoning]")?.dataset.annotation}`;
}

function folded() {
  try {
    return new Set(JSON.parse(localStorage.getItem(store())) ?? []);
  } catch {
    return new Set();
  }
}

function remember(uids) {
  try {
    if (uids.size) localStorage.setItem(store(), JSON.stringify([...uids]));
    else localStorage.removeItem(store());
  } catch {
    // A full or forbidden store: it is folded until the page is left.
  }
}

function cards() {
  return [...document.querySelectorAll("[data-card]:has([data-fold])")];
}

function draw(card, isFolded) {
  card.classList.toggle("is-folded", isFolded);
  card.querySelector("[data-foldable]").hidden = isFolded;
  card.querySelector("[data-fold]").setAttribute("aria-expanded", String(!isFolded));
}

function drawAll(uids = folded()) {
  for (const card of cards()) draw(card, uids.has(card.dataset.card));
  const all = document.querySelector("[data-fold-all]");
  const isAll = cards().length > 0 && cards().every((card) => uids.has(card.dataset.card));
  all?.setAttribute("aria-pressed", String(isAll));
  // Fields that were not there have no height.
  window.dispatchEvent(new Event("resize"));
}

export function toggleFold(card) {
  const uids = folded();
  const { card: uid } = card.dataset;
  if (!uids.delete(uid)) uids.add(uid);
  remember(uids);
  drawAll(uids);
}

function toggleAll() {
  const uids = folded();
  const isAll = cards().every((card) => uids.has(card.dataset.card));
  const next = new Set(isAll ? [] : cards().map((card) => card.dataset.card));
  remember(next);
  drawAll(next);
}

onKey("f", () => {
  const card = activeCard();
  if (isBusy() || !card?.querySelector("[data-fold]")) return false;
  toggleFold(card);
  return true;
});

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-fold]");
  if (button) toggleFold(button.closest("[data-card]"));
  if (event.target.closest?.("[data-fold-all]")) toggleAll();
});

// --- dragging ---------------------------------------------------------------------------------------

let drag = null;

function chain() {
  return [...document.querySelectorAll("[data-card]:has([data-grip])")];
}

/** Returns how many of the other cards stand above the pointer. */
function placeAt(y) {
  const others = chain().filter((card) => card !== drag.card);
  return others.filter((card) => {
    const box = card.getBoundingClientRect();
    return box.top + box.height / 2 < y;
  }).length;
}

function drawDrop() {
  for (const card of document.querySelectorAll(".is-drop-above, .is-drop-below")) {
    card.classList.remove("is-drop-above", "is-drop-below");
  }
  if (!drag || drag.place === drag.from) return;
  const others = chain().filter((card) => card !== drag.card);
  if (drag.place < others.length) others[drag.place].classList.add("is-drop-above");
  else others.at(-1).classList.add("is-drop-below");
}

function scroll(y) {
  const pane = drag.card.closest(".pane");
  const { top, bottom } = pane.getBoundingClientRect();
  if (y < top + EDGE_PX) pane.scrollTop -= SCROLL_PX;
  else if (y > bottom - EDGE_PX) pane.scrollTop += SCROLL_PX;
}

function endDrag() {
  drag?.card.classList.remove("is-dragged");
  drag = null;
  drawDrop();
}

document.addEventListener("pointerdown", (event) => {
  const grip = event.target.closest?.("[data-grip]");
  if (!grip || event.button !== 0 || isBusy()) return;
  event.preventDefault();
  grip.setPointerCapture(event.pointerId);
  const card = grip.closest("[data-card]");
  const from = chain().indexOf(card);
  drag = { card, from, place: from };
  card.classList.add("is-dragged");
});

document.addEventListener("pointermove", (event) => {
  if (!drag) return;
  scroll(event.clientY);
  drag.place = placeAt(event.clientY);
  drawDrop();
});

document.addEventListener("pointerup", () => {
  if (!drag) return;
  const { card, from, place } = drag;
  endDrag();
  if (place !== from) post(card.querySelector("[data-move]").action, { place: place + 1 });
});

document.addEventListener("pointercancel", endDrag);
document.addEventListener("keydown", (event) => {
  if (drag && event.key === "Escape") endDrag();
});

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.elt?.id === "reasoning" || event.target.id === "reasoning") drawAll();
});
if (document.querySelector("[data-reasoning]")) drawAll();
