// The files tab: paths while one types, lines marked by a click on their number, and the names that
// `d` and `u` mean.
"use strict";

import { currentRow, moveTo } from "./cursor.js";
import { onKey, press } from "./keys.js";

// --- paths while one types ------------------------------------------------------------------------

const box = () => document.querySelector("[data-paths]");
const list = () => document.getElementById("path-list");
const options = () => [...list().querySelectorAll("[role=option]")];
const chosen = () => list().querySelector("[aria-selected=true]");

function showPaths(isOpen) {
  if (!box()) return;
  list().hidden = !isOpen;
  box().setAttribute("aria-expanded", String(isOpen));
  if (!isOpen) box().removeAttribute("aria-activedescendant");
}

function choose(option) {
  chosen()?.removeAttribute("aria-selected");
  option?.setAttribute("aria-selected", "true");
  option?.scrollIntoView({ block: "nearest" });
  if (option) box().setAttribute("aria-activedescendant", option.id);
  else box().removeAttribute("aria-activedescendant");
}

function open(option) {
  box().value = option.dataset.path;
  box().form.requestSubmit();
}

/** What a list box needs is said by script, since without script there is none. */
function dressPathBox() {
  const input = box();
  if (!input || input.getAttribute("role")) return;
  input.setAttribute("role", "combobox");
  input.setAttribute("aria-autocomplete", "list");
  input.setAttribute("aria-controls", "path-list");
  input.setAttribute("aria-expanded", "false");
}

document.addEventListener("keydown", (event) => {
  if (event.target !== box() || event.isComposing) return;
  const all = options();
  const at = all.indexOf(chosen());
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    if (!all.length) return;
    event.preventDefault();
    showPaths(true);
    choose(all[(at + (event.key === "ArrowDown" ? 1 : -1) + all.length) % all.length]);
  } else if (event.key === "Enter" && !list().hidden && at >= 0) {
    event.preventDefault();
    open(all[at]);
  } else if (event.key === "Escape") showPaths(false);
});

// Before the field loses the focus, which closes the list.
document.addEventListener("pointerdown", (event) => {
  const option = event.target.closest?.("#path-list [role=option]");
  if (!option) return;
  event.preventDefault();
  open(option);
});

document.addEventListener("focusout", (event) => {
  if (event.target === box()) showPaths(false);
});

document.addEventListener("input", (event) => {
  if (event.target === box() && !event.target.value) showPaths(false);
});

// --- after a swap -----------------------------------------------------------------------------------

// Who submits one of the forms goes on reading below: the caret does not stay in the field.
document.addEventListener("submit", (event) => {
  if (event.target.closest?.(".files-view")) document.getElementById("left-pane")?.focus({ preventScroll: true });
});

document.addEventListener("htmx:afterSwap", (event) => {
  const target = event.detail.target;
  if (target === list() && box()?.value && document.activeElement === box()) {
    choose(options()[0]);
    showPaths(true);
  }
  if (target.id !== "left-pane" || !target.querySelector(".files-view")) return;
  dressPathBox();
  const wanted = target.querySelector("tr[data-wanted]");
  const first = wanted ?? target.querySelector(".result-line[href]");
  const isFree = [document.body, target].includes(document.activeElement);
  if (isFree && wanted) moveTo(wanted, "center");
  else if (isFree && first) first.focus({ preventScroll: true });
});

// The outline that was opened shows where the reader is, and Tab goes on from there.
document.addEventListener("htmx:afterSwap", (event) => {
  if (!event.detail.target.matches?.(".outline-symbols")) return;
  const line = Number(document.querySelector("#left-pane tr[data-wanted]")?.dataset.line ?? 1);
  const symbols = [...event.detail.target.querySelectorAll(".symbol")];
  const here = symbols.findLast((symbol) => Number(symbol.dataset.begins) <= line) ?? symbols[0];
  event.detail.target.closest("details").scrollIntoView({ block: "nearest" });
  here?.querySelector("a").focus();
});

// --- lines ------------------------------------------------------------------------------------------

function markLines(table, first, last) {
  for (const row of table.querySelectorAll("tr[data-line]")) {
    const line = Number(row.dataset.line);
    row.classList.toggle("is-target", line >= first && line <= last);
  }
  const within = table.closest(".file").querySelector("[data-within]");
  if (within) {
    const [from, to] = within.dataset.within.split("-").map(Number);
    within.hidden = first < from || first > to;
  }
}

// A click on a line's number marks it and puts it into the address; Shift takes all lines between.
document.addEventListener("click", (event) => {
  const link = event.target.closest?.("[data-cite-kind=file] td.ln a");
  if (!link || event.ctrlKey || event.metaKey || event.altKey || event.button) return;
  event.preventDefault();
  const row = link.closest("tr");
  const table = row.closest("table");
  const line = Number(row.dataset.line);
  const other = event.shiftKey ? Number(table.querySelector("tr.is-target")?.dataset.line ?? line) : line;
  const [first, last] = [Math.min(line, other), Math.max(line, other)];
  markLines(table, first, last);
  const address = new URL(link.href);
  address.searchParams.set("line", first === last ? String(first) : `${first}-${last}`);
  history.replaceState(history.state, "", address);
  moveTo(row);
});

// --- names ------------------------------------------------------------------------------------------

const NAME = /[\p{L}_$][\p{L}\p{N}_$]*/gu;
const COMMON = new Set(
  ("and as assert async await break case catch class const continue def del do elif else enum except export extends false " +
    "False finally fn for from func function global if impl implements import in int interface is lambda let match mod mut new " +
    "nil None nonlocal not null or package pass private protected pub public raise return self static struct super switch this " +
    "throw throws trait true True try type typeof use var void while with yield").split(" "),
);

/** The one name that is selected; more than a name says nothing. */
function selectedName() {
  const text = String(document.getSelection()).trim();
  return /^[\p{L}_$][\p{L}\p{N}_$.:]*$/u.test(text) && text.length <= 200 ? text : "";
}

function namesOn(row) {
  const code = row?.querySelector(".code") ?? row;
  return [...new Set(code?.textContent.match(NAME) ?? [])].filter((name) => !COMMON.has(name));
}

/** The state of the code that an element is of: a file says it, a diff shows its new side. */
function treeOf(element) {
  const source = element?.closest?.("[data-tree], [data-which]");
  const which = source?.dataset.tree ?? source?.dataset.which ?? "";
  return { test: "tests", "model-gold": "gold" }[which] ?? which;
}

function pathOf(element) {
  return element?.closest?.("[data-cite-kind][data-path]")?.dataset.path ?? "";
}

/** Finds a name from wherever the person is: in a file, a diff or a step. */
function find(kind, name, from) {
  const tab = document.querySelector("[data-tab=files][hx-get]");
  if (!tab) return;
  const tree = treeOf(from);
  let url = tab.getAttribute("hx-get");
  if (tree) url = url.replace(/\/files\/[\w-]+\//, `/files/${tree}/`);
  const query = new URLSearchParams({ look: kind, code: name });
  if (pathOf(from)) query.set("path", pathOf(from));
  document.getElementById("left-pane")?.focus({ preventScroll: true });
  void window.htmx.ajax("GET", `${url}?${query}`, { target: "#left-pane", source: "#left-pane" });
}

/** Lets a person choose among the names of a line, at the line: by arrows, Enter, or a letter. */
function offer(kind, names, row) {
  document.querySelector("[data-name-list]")?.remove();
  const place = document.createElement("ul");
  place.className = "name-list";
  place.dataset.nameList = "";
  place.setAttribute("aria-label", kind === "uses" ? "Uses of which name?" : "Definition of which name?");
  for (const name of names) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = name;
    button.addEventListener("click", () => find(kind, name, row));
    const item = document.createElement("li");
    item.append(button);
    place.append(item);
  }
  (row.closest(".pane-body") ?? document.body).append(place);
  const line = (row.querySelector(".code") ?? row).getBoundingClientRect();
  place.style.setProperty("left", `${line.left}px`);
  place.style.setProperty("top", `${Math.max(0, Math.min(line.bottom, innerHeight - place.offsetHeight))}px`);
  place.querySelector("button").focus({ preventScroll: true });
  place.origin = row;
}

function closeNames(place) {
  // Losing the focus removes the list.
  if (place.origin?.isConnected) moveTo(place.origin);
  else document.activeElement.blur();
}

document.addEventListener("keydown", (event) => {
  const place = event.target.closest?.("[data-name-list]");
  if (!place || event.ctrlKey || event.metaKey || event.altKey) return;
  const buttons = [...place.querySelectorAll("button")];
  const at = buttons.indexOf(event.target);
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    buttons[(at + (event.key === "ArrowDown" ? 1 : -1) + buttons.length) % buttons.length].focus();
  } else if (event.key === "Escape") closeNames(place);
  else if (event.key.length === 1 && event.key !== " ") {
    const after = [...buttons.slice(at + 1), ...buttons];
    after.find((button) => button.textContent.toLowerCase().startsWith(event.key.toLowerCase()))?.focus();
  } else return;
  // No other key means anything while the list is open.
  event.preventDefault();
});

document.addEventListener("focusout", (event) => {
  const place = event.target.closest?.("[data-name-list]");
  if (place && !place.contains(event.relatedTarget)) place.remove();
});

function wantedRow() {
  const row = currentRow();
  return row ?? document.querySelector("#left-pane tr[data-wanted]");
}

/** The selected name; else the only name of the line; else a choice of its names; else the field. */
function seek(kind) {
  return () => {
    const selected = selectedName();
    if (selected) {
      find(kind, selected, document.getSelection().anchorNode?.parentElement);
      return true;
    }
    const row = wantedRow();
    const names = row ? namesOn(row) : [];
    if (names.length === 1) find(kind, names[0], row);
    else if (names.length) offer(kind, names, row);
    else if (document.getElementById("name-box")) press(document.getElementById("name-box"));
    else return false;
    return true;
  };
}

onKey("d", seek("definition"));
onKey("u", seek("uses"));

dressPathBox();
