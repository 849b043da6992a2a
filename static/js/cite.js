// Select text in the evidence, press c or the button: the citation hangs on the active step.
"use strict";

import { flush } from "./autosave.js";

const CONTEXT_CHARS = 120;
const CITABLE = "[data-cite-kind]";

// --- where a selection is -------------------------------------------------------------------------

function elementOf(node) {
  return node?.nodeType === Node.ELEMENT_NODE ? node : node?.parentElement;
}

/** Returns what the server needs to find the selection again, or null where none can be cited. */
function selected() {
  const selection = document.getSelection();
  if (!selection?.rangeCount || selection.isCollapsed) return null;
  const range = selection.getRangeAt(0);
  const source = elementOf(range.startContainer)?.closest(CITABLE);
  if (!source || !source.contains(elementOf(range.endContainer))) {
    return selectedRows(range) ?? null;
  }
  return citation(source, range);
}

/** A selection that ends just outside (a triple click does) is cut to the element it began in. */
function selectedRows(range) {
  const source = elementOf(range.startContainer)?.closest(CITABLE);
  if (!source) return null;
  const inside = range.cloneRange();
  inside.setEnd(source, source.childNodes.length);
  return citation(source, inside);
}

function citation(source, range) {
  const kind = source.dataset.citeKind;
  const target = targetOf(kind, source, range);
  if (!target) return null;
  return { kind, target, range, ...texts(source, range) };
}

function targetOf(kind, source, range) {
  const data = source.dataset;
  switch (kind) {
    case "file":
      return lines(source, range, { tree: data.tree, tree_id: data.treeId, path: data.path });
    case "patch":
      return diffLines(source, range, { which: data.which, path: data.path });
    case "issue":
      return {};
    case "thought":
      return { step: Number(data.step) };
    case "tool_call":
    case "observation":
      return { step: Number(data.step), index: Number(data.index) };
    case "test":
      return data.run ? { run: Number(data.run), test_id: data.testId } : null;
    default:
      return null;
  }
}

function rowsIn(source, range) {
  return [...source.querySelectorAll("[data-line], [data-old-line], [data-new-line]")].filter(
    (row) => range.intersectsNode(row) && !isEdgeOnly(row, range),
  );
}

/** A selection that ends at the very start of a row does not mean that row. */
function isEdgeOnly(row, range) {
  const end = document.createRange();
  end.selectNodeContents(row);
  end.collapse(true);
  const isAtStart = range.compareBoundaryPoints(Range.START_TO_END, end) <= 0;
  return isAtStart && range.startContainer !== row && !row.contains(range.startContainer);
}

function lines(source, range, target) {
  const numbers = rowsIn(source, range).map((row) => Number(row.dataset.line));
  return numbers.length ? withLines(target, numbers) : null;
}

function withLines(target, numbers) {
  return { ...target, start_line: Math.min(...numbers), end_line: Math.max(...numbers) };
}

/** Lines of one side: the new one, unless only old lines were selected. */
function diffLines(source, range, target) {
  const sides = { old: [], new: [] };
  for (const row of rowsIn(source, range)) {
    const { side, line, oldLine, newLine } = row.dataset;
    if (oldLine) sides.old.push(Number(oldLine));
    if (newLine) sides.new.push(Number(newLine));
    if (!oldLine && !newLine && line) sides[side]?.push(Number(line));
  }
  const hasNew = rowsIn(source, range).some((row) => row.dataset.side === "new" || row.dataset.newLine);
  const hasRemoved = rowsIn(source, range).some(
    (row) => row.dataset.side === "old" && !row.dataset.newLine,
  );
  const hasAdded = rowsIn(source, range).some(
    (row) => row.dataset.side === "new" && !row.dataset.oldLine,
  );
  const side = (hasRemoved && !hasAdded) || !hasNew ? "old" : "new";
  return sides[side].length ? withLines({ ...target, side }, sides[side]) : null;
}

function texts(source, range) {
  const before = document.createRange();
  before.setStart(source, 0);
  before.setEnd(range.startContainer, range.startOffset);
  const after = document.createRange();
  after.setStart(range.endContainer, range.endOffset);
  after.setEnd(source, source.childNodes.length);
  return {
    quote: range.toString(),
    before: before.toString().slice(-CONTEXT_CHARS),
    after: after.toString().slice(0, CONTEXT_CHARS),
  };
}

// --- the active step ------------------------------------------------------------------------------

let active = "";

export function activate(uid, { focus = false } = {}) {
  active = uid ?? "";
  for (const card of document.querySelectorAll("[data-card]")) {
    const isActive = card.dataset.card === active;
    card.classList.toggle("is-active", isActive);
    if (isActive && focus) {
      card.scrollIntoView({ block: "nearest" });
      card.querySelector(".claim, a")?.focus({ preventScroll: true });
    }
  }
}

export function activeCard() {
  return document.querySelector("[data-card].is-active");
}

document.addEventListener("focusin", (event) => {
  const card = event.target.closest?.("[data-card]");
  if (card) activate(card.dataset.card);
});

// --- citing ---------------------------------------------------------------------------------------

let isCiting = false;

export async function cite() {
  const url = document.querySelector("[data-cite-url]")?.dataset.citeUrl;
  const found = selected();
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
  const found = selected();
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
  for (const row of document.querySelectorAll("[data-outline] [data-step]")) {
    const count = counts.get(row.dataset.step) ?? 0;
    const place = row.querySelector("[data-mark]");
    if (place) place.textContent = count ? `${count} cite${count > 1 ? "s" : ""}` : "";
    else row.classList.toggle("cited", count > 0);
  }
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
  activate(column.dataset.active || active, { focus: Boolean(column.dataset.active) });
  mark();
}

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.elt?.id === "reasoning" || event.target.id === "reasoning") settle();
  hideButton();
});
settle();
