// What every page runs. One script per page, whose imports the browser fetches after the page's own
// first bytes: a dozen scripts named in the head would be asked for before the stylesheet is here.

import "./theme.js";
import "./messages.js";
import "./keys.js";
import "./keep-focus.js";
import "./busy.js";
import "./zone.js";
