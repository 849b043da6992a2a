// Keeps focus and caret where they were when the reasoning column is swapped for a newer one.
"use strict";

let held = null;

function isColumn(event) {
  return event.detail.target?.id === "reasoning";
}

/** What a person would call the element: a field's name, else the words on it. */
function nameOf(element) {
  return element.getAttribute("name") ?? element.textContent.trim();
}

function sameNamed(card, tag, name) {
  return [...card.querySelectorAll(tag)].filter((element) => nameOf(element) === name);
}

function placeOf(element) {
  const card = element?.closest?.("[data-card]");
  if (!card) return null;
  const [tag, name] = [element.tagName, nameOf(element)];
  return {
    card: card.dataset.card,
    tag,
    name,
    index: sameNamed(card, tag, name).indexOf(element),
    caret: element.selectionStart ?? null,
    end: element.selectionEnd ?? null,
  };
}

function focusAgain({ card: uid, tag, name, index, caret, end }) {
  const card = document.querySelector(`[data-card="${CSS.escape(uid)}"]`);
  const element = card && sameNamed(card, tag, name)[index];
  if (!element) return;
  element.focus({ preventScroll: true });
  if (caret !== null) element.setSelectionRange(caret, end);
}

document.addEventListener("htmx:beforeSwap", (event) => {
  if (isColumn(event)) held = placeOf(document.activeElement);
});

document.addEventListener("htmx:afterSwap", () => {
  const place = held;
  held = null;
  // A step that was just added has taken the focus itself.
  if (place && document.activeElement === document.body) focusAgain(place);
});
