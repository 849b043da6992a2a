// Shows the saved rationale as it will be read: when its preview is opened, and after each save.
"use strict";

import { flush } from "./autosave.js";

function load(preview) {
  const place = preview.querySelector("[data-preview-text]");
  return htmx.ajax("GET", preview.dataset.preview, { target: place, swap: "innerHTML" });
}

document.addEventListener(
  "toggle",
  async (event) => {
    const preview = event.target.closest?.("[data-preview]");
    if (!preview?.open) return;
    await flush();
    load(preview);
  },
  true,
);

document.addEventListener("retrace:saved", (event) => {
  const preview = event.target.closest("[data-card]")?.querySelector("[data-preview]");
  if (preview?.open) load(preview);
});
