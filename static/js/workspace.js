// What the workspace runs: the evidence, and the reasoning beside it.

import "./evidence.js";
import "./autosave.js";
import "./active-time.js";
import "./cite.js";
import "./preview.js";
import "./judge.js";
import "./findings.js";
import "./keep-open.js";
import "./restructure.js";
import "./completion.js";
import "./cited.js";
import "./history.js";
import "./workspace-keys.js";
