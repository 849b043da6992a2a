// What was unfolded stays so when its surroundings are drawn again: <details id="…" data-keep-open>.
"use strict";

let open = [];

document.addEventListener("htmx:beforeSwap", () => {
  open = [...document.querySelectorAll("details[data-keep-open][open]")].map((element) => element.id);
});
document.addEventListener("htmx:afterSwap", () => {
  for (const id of open) {
    const element = document.getElementById(id);
    if (element) element.open = true;
  }
});
