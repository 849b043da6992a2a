// Light, dark or the system's theme; remembered in this browser.
"use strict";

const KEY = "retrace-theme";
const NEXT = { system: "light", light: "dark", dark: "system" };

function stored() {
  try {
    return localStorage.getItem(KEY) ?? "system";
  } catch {
    return "system";
  }
}

function apply(theme) {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  for (const button of document.querySelectorAll("[data-theme-button]")) {
    button.querySelector("[data-theme-name]").textContent = theme;
  }
}

document.addEventListener("click", (event) => {
  if (!event.target.closest?.("[data-theme-button]")) return;
  const theme = NEXT[stored()] ?? "system";
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // A browser that keeps nothing shows the theme until the next page.
  }
  apply(theme);
});

apply(stored());
