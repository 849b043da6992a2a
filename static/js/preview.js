// Shows a rationale as it will be read, and follows what is typed in it.
"use strict";

const REST_MS = 200;
const timers = new WeakMap(); // preview → timer
const asking = new WeakMap(); // preview → request under way

async function load(preview) {
  clearTimeout(timers.get(preview));
  asking.get(preview)?.abort();
  const request = new AbortController();
  asking.set(preview, request);
  const { rationale, csrfmiddlewaretoken } = preview.closest("form").elements;
  const place = preview.querySelector("[data-preview-text]");
  try {
    const response = await fetch(preview.dataset.preview, {
      method: "POST",
      body: new URLSearchParams({
        rationale: rationale.value,
        csrfmiddlewaretoken: csrfmiddlewaretoken.value,
      }),
      signal: request.signal,
    });
    if (!response.ok) throw new Error();
    place.innerHTML = await response.text();
    htmx.process(place);
  } catch {
    if (!request.signal.aborted) place.textContent = "The preview cannot be had at the moment.";
  }
}

function openPreview(element) {
  return element.closest?.("[data-card]")?.querySelector("[data-preview][open]");
}

document.addEventListener(
  "toggle",
  (event) => {
    const preview = event.target.closest?.("[data-preview]");
    if (preview?.open) load(preview);
  },
  true,
);

document.addEventListener("input", (event) => {
  const preview = event.target.matches?.("[name=rationale]") && openPreview(event.target);
  if (!preview) return;
  clearTimeout(timers.get(preview));
  timers.set(preview, setTimeout(load, REST_MS, preview));
});

// Another window's text came in by a save.
document.addEventListener("retrace:saved", (event) => {
  const preview = openPreview(event.target);
  if (preview) load(preview);
});

// Which previews are open outlives a swap of the column.
let open = new Set();

document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target?.id !== "reasoning") return;
  const previews = [...document.querySelectorAll("[data-preview][open]")];
  open = new Set(previews.map((preview) => preview.dataset.preview));
});

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.elt?.id !== "reasoning" && event.target.id !== "reasoning") return;
  for (const preview of document.querySelectorAll("[data-preview]")) {
    if (open.has(preview.dataset.preview)) preview.open = true;
  }
});
