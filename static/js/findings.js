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

document.addEventListener("toggle", (event) => {
  if (event.target.matches?.("[data-findings-list]")) isOpen = event.target.open;
}, true);
document.addEventListener("retrace:saved", () => ask());
document.addEventListener("htmx:afterSwap", (event) => {
  const id = event.detail.elt?.id;
  if (id === "findings") {
    const list = place().querySelector("[data-findings-list]");
    if (list) list.open = isOpen;
    spread();
  } else if (id === "reasoning") ask(0);
  else if (id === "judgements") ask();
});
ask(0);
