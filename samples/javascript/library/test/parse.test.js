"use strict";

const test = require("node:test");
const assert = require("node:assert");
const { RowError, parseRows } = require("../lib");

test("reads rows of fields", () => {
  assert.deepStrictEqual(parseRows("a,b\n1,2\n"), [["a", "b"], ["1", "2"]]);
});

test("needs no line end at the end", () => {
  assert.deepStrictEqual(parseRows("a,b"), [["a", "b"]]);
});

test("reads both kinds of line end", () => {
  assert.deepStrictEqual(parseRows("a\r\nb\nc\r\n"), [["a"], ["b"], ["c"]]);
});

test("keeps empty fields and empty lines", () => {
  assert.deepStrictEqual(parseRows("a,,\n\n,b\n"), [["a", "", ""], [""], ["", "b"]]);
});

test("reads quoted fields", () => {
  assert.deepStrictEqual(parseRows('"a,b","say ""hi""",""\n'), [["a,b", 'say "hi"', ""]]);
});

test("reads other separators", () => {
  assert.deepStrictEqual(parseRows("a;b,c\n", { separator: ";" }), [["a", "b,c"]]);
});

test("refuses text after a closing quote", () => {
  assert.throws(() => parseRows('a\n"b"c\n'), { name: "RowError", line: 2 });
});

test("refuses a quote that is never closed", () => {
  assert.throws(() => parseRows('a\nb,"c'), new RowError("a quote is never closed", 2));
});
