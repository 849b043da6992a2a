// Puts what the checks found beside the step that it is about, and asks again after each save.
"use strict";

const REST_MS = 700;

function place() {
  return document.querySelector("#findings");
}

let timer = 0;
// Whether the list is unfolded: it is drawn again after each save.
let isOpen = false;

function ask(rest = REST_MS) {
  clearTimeout(timer);
  timer = setTimeout(() => {
    const url = place()?.dataset.url;
    if (url) htmx.ajax("GET", url, { target: "#findings", swap: "outerHTML" });
  }, rest);
}

/** Shows each finding on its card, too. */
function spread() {
  for (const list of document.querySelectorAll("[data-findings-of]")) {
    const own = document.querySelectorAll(
      `#findings li[data-card-of="${CSS.escape(list.dataset.findingsOf)}"]`,
    );
    list.replaceChildren(
      ...[...own].map((item) => {
        const line = document.createElement("li");
        line.className = item.className;
        line.textContent = item.querySelector("[data-message]").textContent;
        return line;
      }),
    );
    list.hidden = !own.length;
  }
}

// Reasons that are being typed: the list is drawn again under them.
let reasons = new Map();

function waiversIn(list) {
  return [...list.querySelectorAll("form:has([name=reason])")].map((form) => {
    const { check_id: check, place, reason } = form.elements;
    return { key: `${check.value}|${place.value}`, reason, menu: form.closest("details") };
  });
}

function keepReasons() {
  const open = waiversIn(place()).filter(({ menu }) => menu.open);
  reasons = new Map(open.map(({ key, reason }) => [key, reason]));
}

/** Puts what was typed, with the caret, beside the findings that are still there. */
function restoreReasons() {
  for (const { key, reason, menu } of waiversIn(place())) {
    const typed = reasons.get(key);
    if (!typed) continue;
    menu.open = true;
    reason.value = typed.value;
    if (typed !== hadFocus) continue;
    reason.focus({ preventScroll: true });
    reason.setSelectionRange(typed.selectionStart, typed.selectionEnd);
  }
  reasons.clear();
}

let hadFocus = null;

document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target?.id !== "findings" || !event.detail.shouldSwap) return;
  hadFocus = document.activeElement;
  keepReasons();
});

document.addEventListener("toggle", (event) => {
  if (event.target.matches?.("[data-findings-list]")) isOpen = event.target.open;
}, true);
document.addEventListener("retrace:saved", () => ask());
document.addEventListener("htmx:afterSwap", (event) => {
  const id = event.detail.elt?.id;
  if (id === "findings") {
    const list = place().querySelector("[data-findings-list]");
    if (list) list.open = isOpen;
    restoreReasons();
    spread();
  } else if (id === "reasoning") ask(0);
  else if (id === "judgements") ask();
});
ask(0);
