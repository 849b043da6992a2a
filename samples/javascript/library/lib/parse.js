"use strict";

/** A text that cannot be read. `line` counts from 1. */
class RowError extends Error {
  constructor(message, line) {
    super(`line ${line}: ${message}`);
    this.name = "RowError";
    this.line = line;
  }
}

/** Return the rows of a text, each an array of strings. */
function parseRows(text, { separator = "," } = {}) {
  const lines = text.split(/\r?\n/);
  if (lines[lines.length - 1] === "") lines.pop();
  return lines.map((line, index) => parseLine(line, index + 1, separator));
}

function parseLine(line, number, separator) {
  const fields = [];
  let at = 0;
  for (;;) {
    const field = line[at] === '"' ? quoted(line, at, number) : bare(line, at, separator);
    fields.push(field.value);
    if (field.end === line.length) return fields;
    if (line[field.end] !== separator) throw new RowError("text after a closing quote", number);
    at = field.end + 1;
  }
}

function bare(line, at, separator) {
  const found = line.indexOf(separator, at);
  const end = found === -1 ? line.length : found;
  return { value: line.slice(at, end), end };
}

function quoted(line, at, number) {
  let value = "";
  for (let i = at + 1; i < line.length; i++) {
    if (line[i] !== '"') value += line[i];
    else if (line[i + 1] === '"') value += line[i++];
    else return { value, end: i + 1 };
  }
  throw new RowError("a quote is never closed", number);
}

module.exports = { RowError, parseRows };
