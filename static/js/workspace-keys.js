// The keys of the workspace. None acts while a person types, in a dialog, or while a request runs.
"use strict";

import { activate, activeCard, cite } from "./cite.js";

const TYPING = "input, textarea, select, [contenteditable]:not([contenteditable='false'])";
const KINDS = {
  o: "observation",
  h: "hypothesis",
  e: "experiment",
  d: "decision",
  c: "change",
  v: "verification",
  x: "dead_end",
};

let isChoosingKind = false;

function isBusy(event) {
  return (
    event.defaultPrevented ||
    event.isComposing ||
    event.repeat ||
    document.querySelector("dialog[open]") ||
    document.querySelector("#reasoning.htmx-request")
  );
}

function open(id) {
  document.getElementById(id)?.showModal();
}

function neighbour(offset) {
  const cards = [...document.querySelectorAll("[data-card]")];
  const index = cards.indexOf(activeCard());
  const next = cards[Math.max(0, Math.min(cards.length - 1, index + offset))];
  if (next) activate(next.dataset.card, { focus: true });
}

function fold(button) {
  const body = button.closest("[data-card]").querySelector("[data-foldable]");
  body.hidden = !body.hidden;
  button.setAttribute("aria-expanded", String(!body.hidden));
}

function chooseKind(isOn) {
  isChoosingKind = isOn;
  const form = document.querySelector("[data-add-step]");
  form?.classList.toggle("is-choosing", isOn);
  if (isOn) form?.scrollIntoView({ block: "nearest" });
}

const ACTIONS = {
  n: () => chooseKind(true),
  c: cite,
  "[": () => neighbour(-1),
  "]": () => neighbour(1),
  f: () => {
    const button = activeCard()?.querySelector("[data-fold]");
    if (button) fold(button);
  },
  "?": () => open("keys"),
};

document.addEventListener("keydown", (event) => {
  if (isBusy(event)) return;
  if ((event.ctrlKey || event.metaKey) && event.key === "Enter") {
    event.preventDefault();
    open("submit");
    return;
  }
  if (event.altKey && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
    const offset = event.key === "ArrowUp" ? -1 : 1;
    const button = activeCard()?.querySelector(`[data-move] [value="${offset}"]`);
    if (button && !button.disabled) {
      event.preventDefault();
      button.click();
    }
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest?.(TYPING)) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  if (isChoosingKind) {
    chooseKind(false);
    const button = document.querySelector(`[data-add-step] [data-kind="${KINDS[event.key]}"]`);
    if (button) {
      event.preventDefault();
      button.click();
    }
    return;
  }
  const action = Object.hasOwn(ACTIONS, event.key) ? ACTIONS[event.key] : null;
  if (action) {
    event.preventDefault();
    action();
  }
});

document.addEventListener("click", (event) => {
  const opener = event.target.closest?.("[data-open-dialog]");
  if (opener) open(opener.dataset.openDialog);
  event.target.closest?.("[data-close-dialog]")?.closest("dialog").close();
  const folder = event.target.closest?.("[data-fold]");
  if (folder) fold(folder);
});

document.querySelector("[data-problems]")?.focus();
