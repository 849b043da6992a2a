// Saves what is written: within a moment of rest, before anything is swapped or left, and again
// when it could not be sent. What has not reached the server stays in this browser.
"use strict";

const REST_MS = 1200;
const RETRY_MS = 5000;
// A draft this old that another window left behind is offered again here.
const ORPHAN_MS = 10_000;
const STORE = "retrace-draft:";
const TAB = crypto.randomUUID();
// What this window was called before it was reloaded: those drafts are its own.
const BEFORE_RELOAD = rename("retrace-window", TAB);

// Sent with what is written: who sends it, and what it was written on top of.
const BOOKKEEPING = new Set(["csrfmiddlewaretoken", "version", "base"]);

const timers = new Map(); // form → timer
const sending = new Map(); // form → promise of the save under way
const failing = new Set(); // forms whose last save did not reach the server
const edited = new WeakMap(); // form → number of changes so far

// --- what this browser keeps --------------------------------------------------------------------

function rename(name, value) {
  try {
    const before = sessionStorage.getItem(name);
    sessionStorage.setItem(name, value);
    return before;
  } catch {
    return null;
  }
}

function key(uid) {
  return `${STORE}${uid}:${TAB}`;
}

/** Keeps what is written; for a form that was swapped out, the one in its place does so. */
function keep(form) {
  if (!form.isConnected) return;
  const entries = [...new FormData(form)].filter(([name]) => name !== "csrfmiddlewaretoken");
  try {
    localStorage.setItem(key(form.dataset.autosave), JSON.stringify({ at: Date.now(), entries }));
  } catch {
    // A full or forbidden store: the server still gets every save.
  }
}

function forget(uid) {
  try {
    localStorage.removeItem(key(uid));
  } catch {
    // Nothing was kept.
  }
}

function names() {
  try {
    return Object.keys(localStorage).filter((name) => name.startsWith(STORE));
  } catch {
    return [];
  }
}

function drafts() {
  const found = [];
  for (const name of names()) {
    const [uid, tab] = name.slice(STORE.length).split(":");
    try {
      found.push({ name, uid, tab, ...JSON.parse(localStorage.getItem(name)) });
    } catch {
      localStorage.removeItem(name);
    }
  }
  return found;
}

let nextLook = 0;
let savedAt = new Date(document.querySelector("[data-save-state]")?.dataset.savedAt ?? Date.now());

/** Puts drafts that never reached the server back into their forms and saves them. */
function offerDrafts() {
  for (const draft of drafts()) {
    const form = formOf(draft.uid);
    if (!form) continue;
    if (![TAB, BEFORE_RELOAD].includes(draft.tab) && Date.now() - draft.at < ORPHAN_MS) {
      // Perhaps somebody is typing there: look again once it has rested.
      clearTimeout(nextLook);
      nextLook = setTimeout(offerDrafts, ORPHAN_MS);
      continue;
    }
    if (draft.tab !== TAB) localStorage.removeItem(draft.name);
    // Written while the column was being swapped, or in a window that is gone.
    if (differs(form, draft.entries)) {
      fill(form, draft.entries);
      changed(form);
    } else forget(draft.uid);
  }
}

function differs(form, entries) {
  const written = (pairs) => JSON.stringify(pairs.filter(([name]) => !BOOKKEEPING.has(name)));
  return written([...new FormData(form)]) !== written(entries);
}

function fill(form, entries) {
  const seen = {};
  for (const box of form.querySelectorAll("[type=checkbox]")) box.checked = false;
  for (const [name, value] of entries) {
    const index = (seen[name] = (seen[name] ?? -1) + 1);
    const fields = [...form.elements].filter((element) => element.name === name);
    if (fields[0]?.type === "radio") {
      for (const radio of fields) radio.checked = radio.value === value;
      continue;
    }
    if (fields[0]?.type === "checkbox") {
      for (const box of fields) box.checked ||= box.value === value;
      continue;
    }
    if (!fields[index] && name.startsWith("option_")) addOption(form);
    const field = [...form.elements].filter((element) => element.name === name)[index];
    if (field) field.value = value;
  }
}

// --- saving -------------------------------------------------------------------------------------

function formOf(uid) {
  return document.querySelector(`form[data-autosave="${CSS.escape(uid)}"]`);
}

function card(form) {
  return form.closest("[data-card], [data-diagnosis], [data-whole], [data-judgements]");
}

function hasConflict(form) {
  return Boolean(card(form)?.querySelector("[data-merge], [data-whole-conflict]"));
}

function say(form, text, isBad = false) {
  const place = card(form)?.querySelector("[data-card-state]");
  if (place) {
    place.textContent = text;
    place.classList.toggle("card-state--bad", isBad);
  }
}

function sayAll(text, tone = "") {
  const place = document.querySelector("[data-save-state]");
  if (!place) return;
  place.textContent = text;
  place.className = `chip save-state ${tone && `chip--${tone}`}`;
}

function showTotal() {
  const kept = drafts().filter((draft) => draft.tab === TAB).length;
  const isFailing = [...failing].some((form) => form.isConnected);
  if (!isFailing && (sending.size || timers.size)) sayAll("saving …");
  else if (isFailing || kept) sayAll("not saved — kept in this browser", "bad");
  else {
    const time = { hour: "2-digit", minute: "2-digit", hour12: false };
    sayAll(`saved ${savedAt.toLocaleTimeString([], time)}`);
  }
}

function changed(form, rest = REST_MS) {
  edited.set(form, (edited.get(form) ?? 0) + 1);
  keep(form);
  if (hasConflict(form)) return;
  clearTimeout(timers.get(form));
  timers.set(form, setTimeout(() => save(form), rest));
  say(form, "");
  showTotal();
}

/** Sends one form; a save waits for every earlier one, since it needs its version. */
async function save(form, { keepalive = false } = {}) {
  clearTimeout(timers.get(form));
  timers.delete(form);
  // Several may wait for the same one: the first of them to wake goes next.
  while (sending.has(form)) await sending.get(form);
  if (!form.isConnected || hasConflict(form)) return showTotal();
  const promise = send(form, keepalive);
  sending.set(form, promise);
  try {
    await promise;
  } finally {
    sending.delete(form);
    showTotal();
  }
}

async function send(form, keepalive) {
  const before = edited.get(form);
  const sent = new FormData(form);
  let response;
  try {
    response = await fetch(form.action, {
      method: "POST",
      body: new URLSearchParams([...sent]),
      headers: { Accept: "application/json" },
      credentials: "same-origin",
      redirect: "manual",
      keepalive,
    });
  } catch {
    return failed(form, "no connection");
  }
  if (response.ok) return saved(form, await response.json(), sent, before);
  if (response.status === 409 && response.headers.get("Content-Type")?.includes("html")) {
    return conflict(form, await response.text());
  }
  if (response.status === 422) return refused(form, await response.json());
  if (response.status === 409) return failed(form, await response.text(), false);
  if (response.type === "opaqueredirect" || response.status === 403) {
    return failed(form, "signed out; sign in again in another window", true);
  }
  return failed(form, `the server answered ${response.status}`);
}

/** The column was swapped while a save was under way: the form in its place goes on from it. */
function handOver(form, answer, sent) {
  const next = formOf(form.dataset.autosave)?.elements;
  if (next?.base) next.base.value = sent.get("first_diagnosis");
  if (!next?.version) return;
  const isOurs = !answer.reload && !Object.keys(answer.merged).length;
  if (isOurs) next.version.value = answer.version;
}

async function saved(form, answer, sent, before) {
  failing.delete(form);
  savedAt = new Date(answer.saved_at);
  if (!form.isConnected) return handOver(form, answer, sent);
  if (form.elements.base) form.elements.base.value = sent.get("first_diagnosis");
  // Until everything that another window wrote is shown here, the next save is still made from
  // the old version: then the server compares, and nothing is overwritten unseen.
  else if (await takeOver(form, answer, sent)) form.elements.version.value = answer.version;
  if (edited.get(form) === before) forget(form.dataset.autosave);
  else keep(form);
  say(form, "");
  form.dispatchEvent(new Event("retrace:saved", { bubbles: true }));
}

/** Shows what another window changed; false where that was typed over here meanwhile. */
async function takeOver(form, answer, sent) {
  let isAll = true;
  for (const [name, value] of Object.entries(answer.merged)) {
    const field = form.elements[name];
    // Of another kind than the one shown here: it comes with the lists.
    if (!field) continue;
    if (field.value === unix(sent.get(name) ?? "")) {
      field.value = value;
      grow(field);
    } else isAll = false;
  }
  return answer.reload ? (await takeOverLists(form, answer.version, sent)) && isAll : isAll;
}

function unix(text) {
  return text.replace(/\r\n/g, "\n");
}

function lists(data) {
  const texts = new Set([...BOOKKEEPING, "claim", "rationale"]);
  return JSON.stringify([...data].filter(([name]) => !texts.has(name)));
}

/** Takes kind, its fields and lists from the stored card; claim and rationale stay untouched. */
async function takeOverLists(form, version, sent) {
  const { url } = document.querySelector("[data-reasoning]").dataset;
  let html = "";
  try {
    html = await (await fetch(url, { headers: { "HX-Request": "true" } })).text();
  } catch {
    return false;
  }
  const stored = new DOMParser().parseFromString(html, "text/html").getElementById(form.id);
  if (stored?.elements.version.value !== String(version)) return false;
  if (lists(new FormData(form)) !== lists(sent)) return false;
  if (form.elements.kind) form.elements.kind.value = stored.elements.kind.value;
  const parts = ".kind-fields, .options, .covers, .relations";
  for (const part of form.querySelectorAll(parts)) part.remove();
  form.querySelector("[data-foldable]").append(...stored.querySelectorAll(parts));
  growAll(form.parentElement);
  return true;
}

function refused(form, { errors }) {
  failing.delete(form);
  const [[sentence]] = Object.values(errors);
  say(form, sentence, true);
}

function failed(form, reason, mayRetry = true) {
  failing.add(form);
  say(form, `not saved: ${reason}`, true);
  if (mayRetry) timers.set(form, setTimeout(() => save(form), RETRY_MS));
  keep(form);
}

function conflict(form, html) {
  failing.delete(form);
  keep(form);
  const place = card(form).querySelector("[data-conflict]");
  place.innerHTML = html;
  const box = place.querySelector("[data-whole-conflict]");
  if (box) box.dataset.of = form.dataset.autosave;
  say(form, "changed in another window", true);
  place.scrollIntoView({ block: "nearest" });
}

/** Saves everything that waits; resolves when all of it has been answered. */
export async function flush(options) {
  const forms = [...document.querySelectorAll("form[data-autosave]")];
  await Promise.all(
    forms.filter((form) => timers.has(form) || sending.has(form)).map((form) => save(form, options)),
  );
}

function refresh() {
  const column = document.querySelector("[data-reasoning]");
  if (column) htmx.ajax("GET", column.dataset.url, { target: "#reasoning", swap: "outerHTML" });
}

// --- merging ------------------------------------------------------------------------------------

document.addEventListener("click", (event) => {
  const take = event.target.closest?.("[data-take]");
  if (!take) return;
  const text = take.closest("div:not(.row)").querySelector("pre").textContent;
  const field = take.closest("form").elements[take.dataset.take];
  field.value = text;
  field.focus();
});

// What was written of the whole stays in its form; a conflict there only asks whose is kept.
document.addEventListener("click", (event) => {
  const box = event.target.closest?.("[data-whole-conflict]");
  if (!box) return;
  const form = formUnder(box);
  const keeps = event.target.closest("[data-keep-mine]");
  if (keeps) {
    box.remove();
    form.elements.version.value = keeps.dataset.version;
    changed(form, 0);
  } else if (event.target.closest("[data-take-theirs]")) {
    forget(form.dataset.autosave);
    box.remove();
    refresh();
  }
});

function formUnder(box) {
  return document.querySelector(`form[data-autosave="${CSS.escape(box.dataset.of)}"]`);
}

document.addEventListener("submit", async (event) => {
  const merge = event.target.closest?.("form[data-merge]");
  if (!merge) return;
  event.preventDefault();
  const response = await fetch(merge.action, {
    method: "POST",
    body: new URLSearchParams([...new FormData(merge)]),
    headers: { Accept: "application/json" },
  });
  if (response.ok) {
    forget(merge.dataset.merge);
    merge.remove();
    refresh();
    showTotal();
  } else if (response.status === 409) {
    merge.parentElement.innerHTML = await response.text();
  } else {
    merge.querySelector("p").textContent = "Not saved; the server did not take it. Try again.";
  }
});

// --- the fields ---------------------------------------------------------------------------------

function grow(field) {
  if (field?.tagName !== "TEXTAREA" || !field.closest("[data-autosave]")) return;
  field.style.height = "auto";
  field.style.height = `${field.scrollHeight + 2}px`;
}

function growAll(root) {
  for (const field of root.querySelectorAll("[data-autosave] textarea")) grow(field);
}

function addOption(form) {
  const list = form.querySelector("[data-options]");
  const last = list?.querySelector("[data-option]:last-child");
  if (!last) return;
  const row = last.cloneNode(true);
  for (const input of row.querySelectorAll("input, textarea")) {
    if (input.type === "radio") {
      input.value = String(list.children.length);
      input.checked = false;
    } else input.value = "";
  }
  list.append(row);
  row.querySelector("[name=option_title]").focus();
}

document.addEventListener("input", (event) => {
  grow(event.target);
  const form = event.target.form;
  if (form?.matches("[data-autosave]")) changed(form);
});

document.addEventListener("change", (event) => {
  const form = event.target.form;
  if (!form?.matches("[data-autosave]")) return;
  const changesLayout = event.target.matches("[name=kind], [name=relation_to], [data-changes-layout]");
  if (event.target.matches("select, [type=radio], [type=checkbox], [data-covers]")) {
    changed(form, 0);
    if (changesLayout) setTimeout(() => save(form).then(() => !hasConflict(form) && refresh()), 0);
  }
});

document.addEventListener("focusout", (event) => {
  const form = event.target.form;
  if (form?.matches("[data-autosave]") && timers.has(form)) save(form);
});

document.addEventListener("submit", (event) => {
  const form = event.target.closest?.("form[data-autosave]");
  if (!form) return;
  if (event.submitter?.name === "commit") {
    // The commit carries the text itself.
    clearTimeout(timers.get(form));
    timers.delete(form);
    return;
  }
  event.preventDefault();
  save(form);
});

document.addEventListener("click", (event) => {
  const add = event.target.closest?.("[data-add-option]");
  if (add) addOption(add.form ?? add.closest("form"));
  const cover = event.target.closest?.("[data-cover-current]");
  if (cover) coverCurrent(cover.closest("form"));
});

function coverCurrent(form) {
  const current = document.querySelector("[data-outline] li[aria-current]")?.dataset.step;
  const field = form.elements.covers;
  if (!current) return;
  field.value = field.value.trim() ? `${field.value.trim()}, ${current}` : current;
  field.dispatchEvent(new Event("change", { bubbles: true }));
}

// --- before anything is swapped, hidden or left ---------------------------------------------------

document.addEventListener("htmx:confirm", (event) => {
  const isOurs = ["reasoning", "judgements"].includes(event.detail.target?.id);
  if (!isOurs || (!timers.size && !sending.size)) return;
  event.preventDefault();
  flush().then(() => event.detail.issueRequest(true));
});

document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden") flush({ keepalive: true });
});
window.addEventListener("pagehide", () => flush({ keepalive: true }));

document.addEventListener("submit", async (event) => {
  const form = event.target.closest?.("form[data-submit-annotation]");
  if (!form || form.dataset.flushed || (!timers.size && !sending.size)) return;
  event.preventDefault();
  const submitter = event.submitter;
  await flush();
  form.dataset.flushed = "yes";
  form.requestSubmit(submitter);
});

function settle(root) {
  growAll(root);
  offerDrafts();
}

document.addEventListener("htmx:afterSwap", (event) => {
  if (["reasoning", "judgements"].includes(event.detail.elt?.id) || event.target.querySelector?.("[data-autosave]")) {
    settle(document);
  }
});
window.addEventListener("online", () => flush());
window.addEventListener("resize", () => growAll(document));
settle(document);
showTotal();
