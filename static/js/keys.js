// The keys of every page: one listener, one set of guards, and the map that `?` opens.
//
// A control takes a key by `data-key="b"`, or `data-key="g t"` for g and then t. The key clicks it,
// or puts the caret into it where it is a field. Of several controls with one key, the visible one
// nearest to the focus is meant. What has no control is registered with `onKey`.
"use strict";

const FIELD = "input:not([type=checkbox], [type=radio], [type=button], [type=submit]), textarea, select";
const TYPING = `${FIELD}, [contenteditable]:not([contenteditable='false'])`;
const PREFIX_MS = 4_000;

const actions = new Map();
let prefix = "";
let prefixTimer = 0;

/**
 * Registers what a key does where no control takes it. `run(event)` returns false if it had nothing
 * to do. A key that is held down acts again only where `repeats`.
 */
export function onKey(key, run, { repeats = false } = {}) {
  actions.set(key, { run, repeats });
}

/** Tells whether a control's request, or another one for the same place, is still under way. */
function isUnderWay(control) {
  const target = control.getAttribute("hx-target");
  return [...document.querySelectorAll(".htmx-request")].some(
    (busy) => busy === control || (target && busy.getAttribute("hx-target") === target),
  );
}

// What HTMX has put into the page but not taken into its care yet would be followed as without it.
const UNSETTLED = ".htmx-added, .htmx-settling";

/** Clicks a control, or focuses a field, unless its request is under way. */
export function press(control) {
  if (!control || isUnderWay(control)) return;
  if (control.closest(UNSETTLED)) {
    document.addEventListener("htmx:afterSettle", () => press(control), { once: true });
    return;
  }
  if (control.matches(FIELD)) {
    control.focus();
    control.select?.();
  } else control.click();
}

function isUsable(control) {
  return control.checkVisibility() && !control.disabled;
}

/** Returns the usable control of a key that shares the nearest ancestor with the focus. */
function controlOf(key) {
  const controls = [...document.querySelectorAll(`[data-key="${CSS.escape(key)}"]`)].filter(isUsable);
  let around = document.activeElement;
  while (around && controls.length > 1) {
    const inside = controls.find((control) => around.contains(control));
    if (inside) return inside;
    around = around.parentElement;
  }
  return controls[0];
}

function beginsCombination(key) {
  return document.querySelector(`[data-key^="${CSS.escape(key)} "]`) !== null;
}

/** Waits for the second key of a combination; pages show it by `data-key-prefix` on <html>. */
function setPrefix(key) {
  prefix = key;
  clearTimeout(prefixTimer);
  if (key) {
    document.documentElement.dataset.keyPrefix = key;
    prefixTimer = setTimeout(setPrefix, PREFIX_MS, "");
  } else delete document.documentElement.dataset.keyPrefix;
  document.dispatchEvent(new CustomEvent("keys:prefix", { detail: key }));
}

/** Acts on a key or combination; returns whether anything did. */
function act(key, event) {
  const control = controlOf(key);
  const action = actions.get(key);
  if (event.repeat && !action?.repeats) return Boolean(control || action);
  if (action && action.run(event) !== false) return true;
  if (control) press(control);
  return Boolean(control);
}

function isElsewhere(event) {
  return (
    event.defaultPrevented ||
    event.isComposing ||
    event.ctrlKey ||
    event.metaKey ||
    event.altKey ||
    document.querySelector("dialog[open]") !== null
  );
}

document.addEventListener("keydown", (event) => {
  if (isElsewhere(event)) return;
  if (event.target.closest?.(TYPING)) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  if (["Shift", "Tab", "Enter", " "].includes(event.key)) return;
  if (prefix) {
    const combination = `${prefix} ${event.key}`;
    setPrefix("");
    act(combination, event);
    event.preventDefault();
  } else if (beginsCombination(event.key)) {
    setPrefix(event.key);
    event.preventDefault();
  } else if (act(event.key, event)) event.preventDefault();
});

// --- the map --------------------------------------------------------------------------------------

function isThere(key) {
  return actions.has(key) || controlOf(key) !== undefined;
}

/** Opens the map; what has nothing to act on at the moment is drawn pale. */
function showMap() {
  const template = document.getElementById("keys-map");
  let dialog = document.getElementById("keys");
  if (!dialog) {
    document.body.append(template.content.cloneNode(true));
    dialog = document.getElementById("keys");
  }
  for (const row of dialog.querySelectorAll("[data-keys]")) {
    const keys = row.dataset.keys.split("|");
    row.classList.toggle("is-idle", !keys.some(isThere));
  }
  dialog.showModal();
}

onKey("?", showMap);

document.addEventListener("click", (event) => {
  if (event.target.closest?.("[data-show-keys]")) showMap();
  event.target.closest?.("[data-close-dialog]")?.closest("dialog").close();
});
