// `y` copies the address of what is selected, of the row under the cursor, or of what is shown. The
// address is of the page where anybody who may see the trajectory reads it.
"use strict";

import { currentRow, takenRows } from "./cursor.js";
import { onKey } from "./keys.js";
import { say } from "./messages.js";
import { elementOf, lineNumbers, placeOfRows, selectedPlace } from "./place.js";

const PANES = {
  left: ["left", "step", "part", "open", "tree", "path", "line", "all", "blame", "look", "code"],
  right: ["right", "file", "at", "opened", "test", "outcome", "match", "within", "rows"],
};

function span(first, last) {
  return first === last ? String(first) : `${first}-${last}`;
}

/** Returns the query parameters of a place by the pane they belong to, or null. */
function parametersOf(place) {
  const { kind, target } = place;
  switch (kind) {
    case "file": {
      const line = span(target.start_line, target.end_line);
      return { left: "files", tree: target.tree, path: target.path, line };
    }
    case "patch":
      return { right: target.which, file: target.path, at: `${target.side[0]}${target.start_line}` };
    case "issue":
      return { left: "issue" };
    case "thought":
      return { left: "step", step: target.step, part: withLines("thought", place) };
    case "tool_call":
      return { left: "step", step: target.step, part: withLines(`call-${target.index}`, place) };
    case "observation":
      return { left: "step", step: target.step, part: withLines(`output-${target.index}`, place) };
    case "test":
      return { right: "tests", test: target.test_id };
    default:
      return null;
  }
}

/** Returns a part of a step with the lines of it that are meant. */
function withLines(part, { range }) {
  const source = elementOf(range.startContainer).closest("[data-cite-kind]");
  const numbers = lineNumbers(source, range).filter(Boolean);
  return numbers.length ? `${part}.${span(Math.min(...numbers), Math.max(...numbers))}` : part;
}

/** Returns the place that is meant: a selection, rows, or the nearest thing around the focus. */
function meantPlace() {
  const row = currentRow();
  const rows = row?.matches(".hunk, [data-hunk]") ? changedRowsOf(row) : takenRows();
  return selectedPlace() ?? placeOfRows(rows) ?? placeOfRows(focusedSource());
}

/** A hunk's address is its first changed line. */
function changedRowsOf(hunk) {
  const rows = [...(hunk.closest("tbody")?.querySelectorAll("tr") ?? [])];
  const isChanged = (row) => row.matches(".diff-line--added, .diff-line--removed")
    || row.querySelector(".diff-line--added, .diff-line--removed");
  return rows.filter(isChanged).slice(0, 1);
}

function focusedSource() {
  const source = document.activeElement?.closest?.("[data-cite-kind='test'], [data-cite-kind='issue']");
  return source ? [source] : [];
}

/** Returns the address of a place, or of the page as it is where there is none. */
export function addressOf(place) {
  const column = place && elementOf(place.range.startContainer).closest("[data-column]");
  const around = column ?? document.querySelector(".evidence");
  const reading = around?.dataset.readingUrl;
  const url = new URL(reading ?? location.pathname, location.origin);
  // Beside another attempt a place is one of its own attempt, and the page shows nothing else of it.
  const query = new URLSearchParams(column ? "" : location.search);
  const isHere = place?.kind === "patch" && document.querySelector(".beside");
  const changes = place && (reading || isHere) ? parametersOf(place) : null;
  if (changes) {
    for (const name of PANES["left" in changes ? "left" : "right"]) query.delete(name);
    for (const [name, value] of Object.entries(changes)) query.set(name, value);
  }
  url.search = query;
  return url.href;
}

/** An element may name its own address, such as a line of a log. */
function ownAddress() {
  const own = document.activeElement?.closest?.("[data-address]")?.dataset.address;
  return own ? new URL(own, location.href).href : "";
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Without TLS a browser offers no clipboard to write to: the address is shown to be copied.
    say(`The browser refuses to copy. The address is ${text}`);
    return;
  }
  say(`Copied: ${text.slice(location.origin.length)}`);
}

onKey("y", () => {
  void copy(ownAddress() || addressOf(meantPlace()));
});
