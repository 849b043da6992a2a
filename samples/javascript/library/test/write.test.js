"use strict";

const test = require("node:test");
const assert = require("node:assert");
const { writeRows } = require("../lib");

test("writes rows of fields", () => {
  assert.strictEqual(writeRows([["a", 1], ["", true]]), "a,1\n,true\n");
});

test("puts quotes only where they are needed", () => {
  assert.strictEqual(writeRows([["a b", "c,d", 'e"f', "g\nh"]]), 'a b,"c,d","e""f","g\nh"\n');
});
