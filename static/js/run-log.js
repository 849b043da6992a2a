// A run's log opens with the line that its address names.
"use strict";

const wanted = document.querySelector(".run-log [data-wanted]");
wanted?.scrollIntoView({ block: "center" });
