// `@` and some letters offer files, symbols, tests, steps and reasoning steps; what is chosen is
// written as a reference, and the place is cited on the reasoning step.
//
// The field keeps the focus and its own role: it is a text of several lines, which names the listbox
// (aria-controls) and the option that Enter takes (aria-activedescendant) while the list is open.
"use strict";

const REST_MS = 70;
const FIELDS = "#reasoning textarea, #reasoning input[name='option_title']";
// The `@` and what was typed after it, at the beginning or after what ends a word.
const MENTION = /(?:^|[\s([{"'“‘«–—,;/])@([^\s@`][^@`\n]{0,60})?$/;
const GLYPHS = { file: "▤", symbol: "ƒ", test: "✓", step: "▶", reasoning: "R" };
// What a mirror of the field needs to break its lines as the field does.
const LAYOUT = [
  "boxSizing", "borderWidth", "fontFamily", "fontSize", "fontWeight", "letterSpacing", "lineHeight",
  "paddingTop", "paddingRight", "paddingBottom", "paddingLeft", "tabSize", "wordSpacing",
];

let field = null; // the field that is written in, while the list is open or asked for
let start = -1; // where its `@` stands
let offers = [];
let chosen = 0;
let timer = 0;
let asking = null; // the request under way
let dismissed = null; // {field, start} of a list that was closed by Escape
let citing = Promise.resolve();

const list = document.createElement("ul");
list.id = "completion";
list.className = "completion";
list.setAttribute("role", "listbox");
list.setAttribute("aria-label", "What to mention");
list.hidden = true;
const status = document.createElement("p");
status.className = "visually-hidden";
status.setAttribute("role", "status");
document.querySelector("main").append(list, status);

function isOpen() {
  return !list.hidden;
}

function close() {
  clearTimeout(timer);
  asking?.abort();
  asking = null;
  list.hidden = true;
  status.textContent = "";
  for (const name of ["aria-controls", "aria-activedescendant", "aria-autocomplete", "aria-haspopup"]) {
    field?.removeAttribute(name);
  }
  field = null;
  offers = [];
}

/** Returns where the `@` before the caret stands and what follows it, or null. */
function mentionIn(element) {
  if (element.selectionStart !== element.selectionEnd) return null;
  const before = element.value.slice(0, element.selectionStart);
  const found = MENTION.exec(before);
  return found && { at: before.length - (found[1] ?? "").length - 1, typed: found[1] ?? "" };
}

function look(element) {
  const mention = mentionIn(element);
  if (!mention) {
    dismissed = null;
    return close();
  }
  if (dismissed?.field === element && dismissed.start === mention.at) return;
  if (field !== element) close();
  [field, start] = [element, mention.at];
  clearTimeout(timer);
  timer = setTimeout(ask, REST_MS, mention.typed);
}

async function ask(typed) {
  const column = document.querySelector("[data-complete-url]");
  if (!column || !field) return;
  asking?.abort();
  asking = new AbortController();
  const { signal } = asking;
  const step = field.closest("[data-card]")?.dataset.card ?? "";
  const query = new URLSearchParams({ q: typed, step });
  try {
    const response = await fetch(`${column.dataset.completeUrl}?${query}`, { signal });
    if (!response.ok) return;
    const answer = await response.json();
    if (!signal.aborted && field?.isConnected) show(answer.offers);
  } catch {
    // Asked anew meanwhile, or no connection: what is typed stays as it is.
  }
}

// --- the list -----------------------------------------------------------------------------------------

function show(found) {
  offers = found;
  chosen = 0;
  list.replaceChildren(...offers.map(optionOf));
  list.hidden = !offers.length;
  status.textContent = offers.length
    ? `${offers.length} to mention; arrows choose, Enter takes one`
    : "Nothing to mention fits";
  if (!offers.length) return field.removeAttribute("aria-activedescendant");
  field.setAttribute("aria-autocomplete", "list");
  field.setAttribute("aria-haspopup", "listbox");
  field.setAttribute("aria-controls", list.id);
  place();
  mark();
}

function optionOf(offer, index) {
  const option = document.createElement("li");
  option.id = `completion-${index}`;
  option.setAttribute("role", "option");
  option.dataset.kind = offer.kind;
  const part = (name, text, hidden = false) => {
    const span = document.createElement("span");
    span.className = `completion-${name}`;
    span.textContent = text;
    if (hidden) span.setAttribute("aria-hidden", "true");
    return span;
  };
  option.append(
    part("glyph", GLYPHS[offer.kind], true),
    part("label", offer.label),
    part("detail", offer.detail),
  );
  return option;
}

function mark() {
  [...list.children].forEach((option, index) => {
    option.setAttribute("aria-selected", String(index === chosen));
    if (index === chosen) option.scrollIntoView({ block: "nearest" });
  });
  field.setAttribute("aria-activedescendant", `completion-${chosen}`);
}

/** Returns where the `@` stands on the screen: a hidden copy of the field is measured. */
function placeOfMention() {
  const box = field.getBoundingClientRect();
  const copy = document.createElement("div");
  const style = getComputedStyle(field);
  for (const name of LAYOUT) copy.style[name] = style[name];
  copy.className = "completion-mirror";
  copy.style.width = `${box.width}px`;
  copy.textContent = field.value.slice(0, start);
  const at = document.createElement("span");
  at.textContent = "@";
  copy.append(at);
  document.body.append(copy);
  const found = {
    left: box.left + at.offsetLeft,
    top: box.top + at.offsetTop - field.scrollTop,
    height: at.offsetHeight,
  };
  copy.remove();
  return found;
}

function place() {
  const at = placeOfMention();
  // At the edge it would be measured narrower than it is.
  list.style.left = "8px";
  const { offsetWidth: width, offsetHeight: height } = list;
  const below = at.top + at.height + 2;
  const fits = below + height < innerHeight - 8;
  list.style.left = `${Math.max(8, Math.min(at.left, innerWidth - width - 8))}px`;
  list.style.top = `${fits ? below : Math.max(8, at.top - height - 2)}px`;
}

// --- choosing -----------------------------------------------------------------------------------------

function take(index) {
  const [offer, written, from] = [offers[index], field, start];
  const end = written.selectionStart;
  const isListOfTests = written.matches("[data-test-lines]");
  const text = isListOfTests ? offer.value || offer.label : offer.insert;
  close();
  written.focus();
  written.setSelectionRange(from, end);
  // As if it were typed, so that the browser's own undo takes it back.
  if (!document.execCommand("insertText", false, text)) {
    written.setRangeText(text, from, end, "end");
    written.dispatchEvent(new InputEvent("input", { bubbles: true }));
  }
  if (offer.value) citing = citing.then(() => cite(written, offer));
}

/** Cites the place of what was mentioned, one after the other; only the citations are swapped. */
async function cite(written, { kind, value }) {
  const uid = written.closest("[data-card]")?.dataset.card;
  const place = uid && document.getElementById(`cites-${uid}`);
  if (!place) return;
  await htmx.ajax("POST", place.dataset.mentionUrl, {
    target: place,
    swap: "innerHTML",
    values: { kind, value },
  });
  document.dispatchEvent(new CustomEvent("retrace:cited", { detail: uid }));
  written.form?.dispatchEvent(new Event("retrace:saved", { bubbles: true }));
}

const KEYS = {
  ArrowDown: () => move(1),
  ArrowUp: () => move(-1),
  Enter: () => take(chosen),
  Tab: () => take(chosen),
  Escape: () => {
    dismissed = { field, start };
    close();
  },
};

function move(offset) {
  chosen = (chosen + offset + offers.length) % offers.length;
  mark();
}

document.addEventListener("input", (event) => {
  if (event.isComposing || !event.target.matches?.(FIELDS)) return;
  look(event.target);
});

// Before the keys of the page and of other fields see them.
document.addEventListener(
  "keydown",
  (event) => {
    if (!isOpen() || event.target !== field || event.isComposing) return;
    if (event.ctrlKey || event.metaKey || event.altKey || (event.shiftKey && event.key !== "Tab")) return;
    const act = KEYS[event.key];
    if (!act || (event.key === "Tab" && event.shiftKey)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    act();
  },
  true,
);

document.addEventListener("keyup", (event) => {
  if (!isOpen() || event.target !== field) return;
  if (["ArrowLeft", "ArrowRight", "Home", "End"].includes(event.key)) look(field);
});

// Pressing an option must not take the focus out of the field.
list.addEventListener("mousedown", (event) => event.preventDefault());
list.addEventListener("click", (event) => {
  const option = event.target.closest("[role=option]");
  if (option) take([...list.children].indexOf(option));
});

document.addEventListener("focusout", (event) => {
  if (event.target === field) close();
});
document.addEventListener(
  "scroll",
  (event) => {
    if (isOpen() && event.target !== list) place();
  },
  true,
);
document.addEventListener("htmx:afterSwap", () => {
  if (field && !field.isConnected) close();
});

// The first name that is looked for should not wait until the tree has been read for names.
let isReady = false;
document.addEventListener("focusin", (event) => {
  const column = document.querySelector("[data-complete-url]");
  if (isReady || !column || !event.target.matches?.(FIELDS)) return;
  isReady = true;
  fetch(`${column.dataset.completeUrl}?q=`).catch(() => {});
});
