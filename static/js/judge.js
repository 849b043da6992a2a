// Judges the agent's steps by keys: 1, 2, 3 and 0 the step that is shown; with Alt also all steps
// since the last one that was judged; x says that it was decided there.
"use strict";

import { onKey } from "./keys.js";

const JUDGEMENTS = { 1: "productive", 2: "neutral", 3: "misstep", 0: "" };

function form() {
  return document.querySelector("[data-judge]");
}

function currentStep() {
  const row = document.querySelector("[data-outline] li[aria-current]");
  return row ? Number(row.dataset.step) : 0;
}

/** Returns the step after the nearest judged one before `step`. */
function firstOpen(step) {
  const judged = [...document.querySelectorAll("[data-judged]")].map((mark) =>
    Number(mark.dataset.judged),
  );
  return Math.max(0, ...judged.filter((number) => number < step)) + 1;
}

let last = Promise.resolve();

function post(steps, judgement) {
  const values = { steps, judgement };
  return htmx.ajax("POST", form().action, { target: "#judgements", swap: "outerHTML", values });
}

function judge(judgement, { since = false } = {}) {
  const step = currentStep();
  if (!form() || !step) return false;
  // One after the other: the next may be typed while one is under way.
  last = last.then(() => post(since ? `${firstOpen(step)}-${step}` : String(step), judgement));
  return true;
}

for (const [key, judgement] of Object.entries(JUDGEMENTS)) onKey(key, () => judge(judgement));
onKey("x", () => judge("toggle_decisive"));

// By the key's place: with Alt some layouts type another character.
document.addEventListener("keydown", (event) => {
  const digit = /^Digit([0-3])$/.exec(event.code)?.[1];
  if (!digit || !event.altKey || event.ctrlKey || event.metaKey || event.repeat) return;
  if (event.target.closest("input, textarea, select, dialog")) return;
  if (judge(JUDGEMENTS[digit], { since: true })) event.preventDefault();
});
