"use strict";

/** Return the text of rows; fields are put into quotes only where they need them. */
function writeRows(rows, { separator = ",", end = "\n" } = {}) {
  const written = (field) => {
    const text = String(field);
    const plain = !text.includes(separator) && !/["\r\n]/.test(text);
    return plain ? text : `"${text.replaceAll('"', '""')}"`;
  };
  return rows.map((row) => row.map(written).join(separator) + end).join("");
}

module.exports = { writeRows };
