// Keeps focus and caret where they were when the part of the page around them is swapped.
"use strict";

let held = null;

/** What a person would call the element: its id, a field's name, its key, else the words on it. */
function nameOf(element) {
  return (
    element.id ||
    element.getAttribute("name") ||
    element.dataset.key ||
    element.textContent.trim().slice(0, 200)
  );
}

function sameNamed(root, tag, name) {
  return [...root.querySelectorAll(tag)].filter((element) => nameOf(element) === name);
}

/** The reasoning step around an element, or else the whole that is swapped. */
function surroundings(element, target) {
  return element.closest("[data-card]") ?? target;
}

function placeOf(element, target) {
  if (!element || !target?.contains(element) || element === target) return null;
  const around = surroundings(element, target);
  const [tag, name] = [element.tagName, nameOf(element)];
  return {
    target: target.id,
    card: around.dataset.card,
    tag,
    name,
    index: sameNamed(around, tag, name).indexOf(element),
    caret: element.selectionStart ?? null,
    end: element.selectionEnd ?? null,
  };
}

function focusAgain({ target, card, tag, name, index, caret, end }) {
  const around = card
    ? document.querySelector(`[data-card="${CSS.escape(card)}"]`)
    : document.getElementById(target);
  const element = around && sameNamed(around, tag, name)[index];
  if (element) {
    element.focus({ preventScroll: true });
    if (caret !== null) element.setSelectionRange(caret, end);
  } else if (around?.matches("[tabindex]")) around.focus({ preventScroll: true });
}

document.addEventListener("htmx:beforeSwap", (event) => {
  held = placeOf(document.activeElement, event.detail.target);
});

document.addEventListener("htmx:afterSwap", () => {
  const place = held;
  held = null;
  // What was swapped in may have taken the focus itself.
  if (place && document.activeElement === document.body) focusAgain(place);
});
