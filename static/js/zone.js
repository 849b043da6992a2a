// Tells the server in which time zone this browser is, for pages that show when somebody worked.
"use strict";

const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
if (timeZone) document.cookie = `zone=${timeZone}; path=/; max-age=31536000; SameSite=Lax`;
