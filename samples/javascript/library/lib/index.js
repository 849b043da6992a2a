"use strict";

const { RowError, parseRows } = require("./parse");
const { writeRows } = require("./write");

module.exports = { RowError, parseRows, writeRows };
