// What the keys of the workspace do where no control takes them.
"use strict";

import { activeCard, cite, goTo, write } from "./cite.js";
import { onKey } from "./keys.js";

function isBusy() {
  return document.querySelector("dialog[open], #reasoning.htmx-request") !== null;
}

function unlessBusy(run) {
  return () => (isBusy() ? false : run());
}

function neighbour(offset) {
  const cards = [...document.querySelectorAll("[data-card]")];
  const index = cards.indexOf(activeCard());
  const next = cards[Math.max(0, Math.min(cards.length - 1, index + offset))];
  if (next) goTo(next.dataset.card);
}

onKey("c", unlessBusy(cite));
onKey("[", unlessBusy(() => neighbour(-1)));
onKey("]", unlessBusy(() => neighbour(1)));

document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.defaultPrevented || !event.target.matches?.("[data-card]")) return;
  event.preventDefault();
  write(event.target);
});

function open(id) {
  document.getElementById(id)?.showModal();
}

function moveCard(event) {
  const offset = event.key === "ArrowUp" ? -1 : 1;
  const button = activeCard()?.querySelector(`[data-move] [value="${offset}"]`);
  if (!button || button.disabled) return;
  event.preventDefault();
  button.click();
}

// With Ctrl and Alt they act while one types, too.
document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing || event.repeat || isBusy()) return;
  if ((event.ctrlKey || event.metaKey) && event.key === "Enter") {
    event.preventDefault();
    open("submit");
  } else if (event.altKey && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
    moveCard(event);
  }
});

// After `n` the kinds of a new reasoning step are offered, each with its letter.
document.addEventListener("keys:prefix", (event) => {
  const form = document.querySelector("[data-add-step]");
  form?.classList.toggle("is-choosing", event.detail === "n");
  if (event.detail === "n") form?.scrollIntoView({ block: "nearest" });
});

document.addEventListener("click", (event) => {
  const opener = event.target.closest?.("[data-open-dialog]");
  if (opener) open(opener.dataset.openDialog);
});

document.querySelector("[data-problems]")?.focus();
