// Which place of the evidence is meant: what is selected, or the rows that the cursor stands on.
"use strict";

const CONTEXT_CHARS = 120;
const CITABLE = "[data-cite-kind]";
const NUMBERED = "[data-line], [data-old-line], [data-new-line]";

/** Returns the element that a node is, or stands in. */
export function elementOf(node) {
  return node?.nodeType === Node.ELEMENT_NODE ? node : node?.parentElement;
}

/** Returns the place that is selected: {kind, target, range, quote, before, after}, or null. */
export function selectedPlace() {
  const selection = document.getSelection();
  if (!selection?.rangeCount || selection.isCollapsed) return null;
  return placeOf(selection.getRangeAt(0));
}

/** Returns the place of rows of a file, a diff or an output, whole lines from first to last. */
export function placeOfRows(rows) {
  if (!rows.length) return null;
  const codes = rows.map((row) => row.querySelector(".code") ?? row);
  const range = document.createRange();
  range.setStart(codes[0], 0);
  range.setEnd(codes.at(-1), codes.at(-1).childNodes.length);
  return placeOf(range);
}

/** A selection that ends just outside (a triple click does) is cut to the element it began in. */
function placeOf(range) {
  const source = elementOf(range.startContainer)?.closest(CITABLE);
  if (!source) return null;
  let inside = range;
  if (!source.contains(elementOf(range.endContainer))) {
    inside = range.cloneRange();
    inside.setEnd(source, source.childNodes.length);
  }
  const target = targetOf(source, inside);
  return target && { kind: source.dataset.citeKind, target, range: inside, ...texts(source, inside) };
}

function targetOf(source, range) {
  const data = source.dataset;
  switch (data.citeKind) {
    case "file":
      return lines(source, range, { tree: data.tree, tree_id: data.treeId, path: data.path });
    case "patch":
      return diffLines(source, range, { which: data.which, path: data.path });
    case "issue":
      return {};
    case "thought":
      return { step: Number(data.step) };
    case "tool_call":
    case "observation":
      return { step: Number(data.step), index: Number(data.index) };
    case "test":
      return data.run ? { run: Number(data.run), test_id: data.testId } : null;
    default:
      return null;
  }
}

function rowsIn(source, range) {
  return [...source.querySelectorAll(NUMBERED)].filter(
    (row) => range.intersectsNode(row) && !isEdgeOnly(row, range),
  );
}

/** A selection that ends at the very start of a row does not mean that row. */
function isEdgeOnly(row, range) {
  const end = document.createRange();
  end.selectNodeContents(row);
  end.collapse(true);
  const isAtStart = range.compareBoundaryPoints(Range.START_TO_END, end) <= 0;
  return isAtStart && range.startContainer !== row && !row.contains(range.startContainer);
}

function lines(source, range, target) {
  const numbers = lineNumbers(source, range);
  return numbers.length ? withLines(target, numbers) : null;
}

/** Returns the numbers of the lines that a range covers. */
export function lineNumbers(source, range) {
  return rowsIn(source, range).map((row) => Number(row.dataset.line));
}

function withLines(target, numbers) {
  return { ...target, start_line: Math.min(...numbers), end_line: Math.max(...numbers) };
}

/** Lines of one side: the new one, unless only old lines were selected. */
function diffLines(source, range, target) {
  const rows = rowsIn(source, range);
  const sides = { old: [], new: [] };
  for (const { dataset } of rows) {
    const { side, line, oldLine, newLine } = dataset;
    if (oldLine) sides.old.push(Number(oldLine));
    if (newLine) sides.new.push(Number(newLine));
    if (!oldLine && !newLine && line) sides[side]?.push(Number(line));
  }
  const has = (test) => rows.some((row) => test(row.dataset));
  const hasNew = has(({ side, newLine }) => side === "new" || newLine);
  const hasRemoved = has(({ side, newLine }) => side === "old" && !newLine);
  const hasAdded = has(({ side, oldLine }) => side === "new" && !oldLine);
  const side = (hasRemoved && !hasAdded) || !hasNew ? "old" : "new";
  return sides[side].length ? withLines({ ...target, side }, sides[side]) : null;
}

function texts(source, range) {
  const before = document.createRange();
  before.setStart(source, 0);
  before.setEnd(range.startContainer, range.startOffset);
  const after = document.createRange();
  after.setStart(range.endContainer, range.endOffset);
  after.setEnd(source, source.childNodes.length);
  return {
    quote: range.toString(),
    before: before.toString().slice(-CONTEXT_CHARS),
    after: after.toString().slice(0, CONTEXT_CHARS),
  };
}
