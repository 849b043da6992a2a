// What a page runs that shows a trajectory and its code side by side.

import "./outline.js";
import "./panes.js";
import "./address.js";
import "./code.js";
import "./diff.js";
import "./redraw.js";
