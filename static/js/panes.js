// Evidence panes: a bar between them that moves, a button that gives one pane all the room,
// and tabs that follow the address.

const LIMITS = { min: 20, max: 80, step: 2, usual: 46.5 };
const EDIT_OF_STEP = /^step-\d+$/;
const EDIT_URL = /\/diff\/step-\d+\//;
const STORED = "retrace.left-pane";
const STORED_EXPANDED = "retrace.expanded-pane";

function store(key, value) {
  try {
    localStorage.setItem(key, value);
  } catch {
    // Storage may be refused; the panes then stay so until the page is left.
  }
}

function stored(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function setWidth(splitter, percent) {
  const width = Math.min(LIMITS.max, Math.max(LIMITS.min, percent));
  splitter.parentElement.style.setProperty("--left", `${width}%`);
  splitter.setAttribute("aria-valuenow", String(Math.round(width)));
  return width;
}

function widthOf(splitter) {
  return Number(splitter.dataset.width ?? LIMITS.usual);
}

function remember(splitter, percent) {
  const width = setWidth(splitter, percent);
  splitter.dataset.width = String(width);
  store(STORED, String(width));
}

// Give `pane` ("left" or "right") all the room, or both their share where it is "".
function expand(evidence, pane) {
  if (pane) evidence.dataset.expanded = pane;
  else delete evidence.dataset.expanded;
  for (const button of evidence.querySelectorAll("[data-expand]")) {
    button.setAttribute("aria-pressed", String(button.dataset.expand === pane));
  }
  store(STORED_EXPANDED, pane);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-expand]");
  if (!button) return;
  const isPressed = button.getAttribute("aria-pressed") === "true";
  expand(button.closest(".evidence"), isPressed ? "" : button.dataset.expand);
});

document.addEventListener("pointerdown", (event) => {
  const splitter = event.target.closest("[data-splitter]");
  if (!splitter || event.button !== 0) return;
  event.preventDefault();
  splitter.focus();
  splitter.setPointerCapture(event.pointerId);
  splitter.classList.add("is-dragged");
});

document.addEventListener("pointermove", (event) => {
  const splitter = document.querySelector("[data-splitter].is-dragged");
  if (!splitter) return;
  const box = splitter.parentElement.getBoundingClientRect();
  remember(splitter, ((event.clientX - box.left) / box.width) * 100);
});

for (const name of ["pointerup", "pointercancel"]) {
  document.addEventListener(name, () => {
    document.querySelector("[data-splitter].is-dragged")?.classList.remove("is-dragged");
  });
}

document.addEventListener("dblclick", (event) => {
  const splitter = event.target.closest("[data-splitter]");
  if (splitter) remember(splitter, LIMITS.usual);
});

document.addEventListener("keydown", (event) => {
  const splitter = event.target.closest("[data-splitter]");
  if (!splitter || event.ctrlKey || event.metaKey || event.altKey) return;
  const widths = {
    ArrowLeft: widthOf(splitter) - LIMITS.step,
    ArrowRight: widthOf(splitter) + LIMITS.step,
    Home: LIMITS.min,
    End: LIMITS.max,
    Enter: LIMITS.usual,
  };
  if (!(event.key in widths)) return;
  event.preventDefault();
  remember(splitter, widths[event.key]);
});

// The server names the page's new address in its answer; the tabs show what it says is open.
function followAddress() {
  const page = new URL(window.location.href);
  for (const tabs of document.querySelectorAll("[data-tabs]")) {
    const pane = tabs.dataset.tabs;
    const links = [...tabs.querySelectorAll("[data-tab]")];
    const open = links.find((link) => link.dataset.tab === tabNamed(page, pane)) ?? links[0];
    for (const link of links) {
      const address = new URL(page);
      address.searchParams.set(pane, link.dataset.tab);
      link.href = address.pathname + address.search;
      if (link === open) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
      if (link.dataset.tab === "step") followStep(link, page.searchParams.get("step"));
      if (link.dataset.tab === "files") followTree(link, page.searchParams.get("tree"));
      if (link.dataset.tab === "edit") followEdit(link, page.searchParams.get("step"));
    }
  }
}

// `right=step-8` is the tab of a step's edit.
function tabNamed(page, pane) {
  const name = page.searchParams.get(pane);
  return EDIT_OF_STEP.test(name ?? "") ? "edit" : name;
}

// "Edit" leads to what the step on the left changed.
function followEdit(link, number) {
  if (/^\d+$/.test(number ?? "")) followFragment(link, EDIT_URL, `/diff/step-${number}/`);
}

// As long as nobody has chosen another diff, the right pane shows what the step on the left changed.
function followStepRight(leftPane) {
  const edit = leftPane.querySelector("[data-step-edit]")?.dataset.stepEdit;
  const chosen = new URL(window.location.href).searchParams.get("right");
  const right = document.getElementById("right-pane");
  if (!edit || !right || (chosen && !EDIT_OF_STEP.test(chosen))) return;
  if (chosen && edit.endsWith(`/${chosen}/`)) return;
  window.htmx.ajax("GET", edit, { target: right, swap: "innerHTML" });
}

// "Step 8" leads back to the step that was read last.
function followStep(link, number) {
  if (!/^\d+$/.test(number ?? "")) return;
  link.textContent = `Step ${number}`;
  followFragment(link, /\d+\/$/, `${number}/`);
}

// "Files" leads back to the state of the code that was read last.
function followTree(link, tree) {
  if (/^[a-z][a-z0-9-]*$/.test(tree ?? "")) followFragment(link, /\/files\/[\w-]+\/$/, `/files/${tree}/`);
}

function followFragment(link, pattern, replacement) {
  link.setAttribute("hx-get", link.getAttribute("hx-get").replace(pattern, replacement));
  window.htmx.process(link);
}

for (const name of ["htmx:replacedInHistory", "htmx:pushedIntoHistory"]) {
  document.addEventListener(name, followAddress);
}

// A pane begins at its top, or with the line or file that was asked for.
function showWanted(pane) {
  const wanted = pane.querySelector("[data-wanted]");
  pane.scrollTop = 0;
  wanted?.scrollIntoView({ block: wanted.matches("tr, span") ? "center" : "start" });
}

// Where a key has led to, Tab and the arrows go on; a click has put the focus itself.
function takeFocus(pane, opener) {
  const hasFocus = opener?.contains(document.activeElement) || pane.contains(document.activeElement);
  if (!opener?.matches?.("[data-tab], [data-key='h']") || hasFocus) return;
  const wanted = pane.querySelector("tr[data-wanted], tr.hunk[data-wanted]");
  if (wanted) wanted.tabIndex = -1;
  (wanted ?? pane).focus({ preventScroll: true });
}

// What is opened in a pane that has no room at the moment is shown all the same.
function makeRoomFor(pane) {
  const evidence = pane.closest(".evidence");
  const expanded = evidence?.dataset.expanded;
  if (expanded && pane.closest("[data-pane]")?.dataset.pane !== expanded) expand(evidence, "");
}

// --- hits in the step that is open ----------------------------------------------------------------

const SEARCH = "trajectory-search";
let searched = null;

function stepShown() {
  return document.querySelector("#left-pane [data-step-shown]")?.dataset.stepShown;
}

/** A step that is fetched for its marks alone: what is open stays where it is. */
function isForMarks(event) {
  return event.detail.requestConfig?.elt?.id === SEARCH;
}

/** After a search, marks what was found in the step that is open, and no longer what was before. */
function markHits() {
  const pane = document.getElementById("left-pane");
  const steps = document.querySelector("[data-outline]")?.dataset.outline;
  const number = stepShown();
  if (!number || !steps) return;
  const url = `${steps}${number}/`;
  const isHit = document.querySelector(`#${SEARCH} a[hx-get^="${url}?"], #${SEARCH} [data-more-hits]`);
  if (!isHit && !pane.querySelector("mark")) return;
  const part = new URLSearchParams(window.location.search).get("part");
  const query = part ? `?part=${encodeURIComponent(part)}` : "";
  window.htmx.ajax("GET", url + query, { source: `#${SEARCH}`, target: pane, swap: "innerHTML" });
}

document.addEventListener("htmx:afterSwap", (event) => {
  const { target, xhr } = event.detail;
  if (target?.id !== SEARCH || xhr === searched) return;
  searched = xhr;
  markHits();
});

// Another step may have been opened meanwhile.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (!isForMarks(event) || event.detail.target?.id !== "left-pane") return;
  const path = event.detail.pathInfo?.requestPath ?? "";
  if (!path.includes(`/steps/${stepShown()}/`)) event.detail.shouldSwap = false;
});

// The lazy parts of a diff are swapped into themselves and leave the pane alone.
document.addEventListener("htmx:afterSwap", (event) => {
  const pane = event.detail.target;
  if (!pane?.matches?.(".pane-body") || isForMarks(event)) return;
  makeRoomFor(pane);
  showWanted(pane);
  if (pane.id === "left-pane") followStepRight(pane);
  takeFocus(pane, event.detail.requestConfig?.elt);
});

function start() {
  for (const splitter of document.querySelectorAll("[data-splitter]")) {
    splitter.dataset.width = String(setWidth(splitter, Number(stored(STORED)) || LIMITS.usual));
  }
  for (const button of document.querySelectorAll("[data-expand]")) {
    button.hidden = false;
    if (stored(STORED_EXPANDED) === button.dataset.expand) {
      expand(button.closest(".evidence"), button.dataset.expand);
    }
  }
  document.querySelectorAll(".pane-body").forEach(showWanted);
}

start();
