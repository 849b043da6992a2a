// Measures the time that a page is used: while it can be seen and keys, pointer or wheel move, with
// pauses up to the idle limit. The server counts; what it could not be told stays in this browser and
// is sent again. After a longer pause the person is asked whether they were working.
"use strict";

import { say } from "./messages.js";

const STORE = "retrace-time:";
const USED = "retrace-time-used:";
const TAB = crypto.randomUUID();
const TICK_MS = 1_000;
// Of what was kept while there was no connection, so much is sent at a time.
const MOST_SPANS = 200;
const ANSWER_MS = 20_000;
// What another window has left unsent for so long is sent from here.
const ORPHAN_MS = 60_000;
// Longer pauses are not asked about: they were a night.
const LONGEST_QUESTION_MS = 12 * 3600_000;
// Not scrolling: a page does that by itself where its content changes.
const USES = ["pointerdown", "pointermove", "keydown", "wheel", "touchmove", "input"];

const clock = document.querySelector("[data-clock]");
const question = document.querySelector("[data-clock-question]");

let stretch = null; // {start, end}: use without a longer pause, in this browser's milliseconds
let unsent = []; // [start, end] of stretches that are over
let lastUse = 0;
let pointer = ""; // where it was last
let nextBeat = 0;
let askedSince = 0; // since when it is asked about
let isSending = false;
let isOver = false; // handed in, or not ours to measure

// --- limits, and what windows share ---------------------------------------------------------------

function idleMs() {
  return Number(clock.dataset.idleSeconds) * 1000;
}

function beatMs() {
  return Number(clock.dataset.beatSeconds) * 1000;
}

function read(name) {
  try {
    return JSON.parse(localStorage.getItem(name));
  } catch {
    return null;
  }
}

function write(name, value) {
  try {
    if (value === null) localStorage.removeItem(name);
    else localStorage.setItem(name, JSON.stringify(value));
  } catch {
    // A full or forbidden store: what is open here is still sent.
  }
}

/** Returns when this person last used any window of the site. */
function usedAnywhere() {
  return Math.max(lastUse, read(USED + clock.dataset.person) ?? 0);
}

// --- use ------------------------------------------------------------------------------------------

function isAsking() {
  return Boolean(question?.open);
}

/** Tells whether a person did this: a page that changes under a resting pointer moves it, too. */
function isByHand(event) {
  if (!event.isTrusted) return false;
  if (event.type !== "pointermove") return true;
  const before = pointer;
  pointer = `${event.screenX} ${event.screenY}`;
  return before !== "" && before !== pointer;
}

function use() {
  if (isOver || isAsking() || document.visibilityState !== "visible") return;
  const now = Date.now();
  // A pause that is too long, or a clock that was put back.
  if (stretch && (now - stretch.end > idleMs() || now < stretch.end)) {
    if (now > stretch.end && asks(now)) return;
    close();
  }
  stretch ??= { start: now, end: now };
  stretch.end = lastUse = now;
}

/** Ends the stretch at its last use. */
function close() {
  if (stretch) unsent.push([stretch.start, stretch.end]);
  stretch = null;
}

/** Ends the stretch now: the page is left, which is a use of it. */
function leave() {
  const now = Date.now();
  if (stretch && now >= stretch.end && now - stretch.end <= idleMs()) stretch.end = lastUse = now;
  close();
}

// --- heartbeats -----------------------------------------------------------------------------------

function spans() {
  return stretch ? [...unsent, [stretch.start, stretch.end]] : [...unsent];
}

function keep() {
  const kept = spans();
  const { url, ticket } = clock.dataset;
  write(key(), kept.length ? { at: Date.now(), url, ticket, spans: kept } : null);
  if (lastUse) write(USED + clock.dataset.person, usedAnywhere());
}

function key() {
  return `${STORE}${clock.dataset.person}:${TAB}`;
}

function post(url, ticket, sent, keepalive = false) {
  const now = Date.now();
  const ago = sent.map((span) => span.map((moment) => Math.max(0, now - moment) / 1000));
  return fetch(url, {
    method: "POST",
    body: new URLSearchParams({ ticket, spans: JSON.stringify(ago), csrfmiddlewaretoken: token() }),
    headers: { Accept: "application/json" },
    credentials: "same-origin",
    redirect: "manual",
    keepalive,
    // An answer that never comes must not keep the next heartbeat waiting.
    signal: AbortSignal.timeout(ANSWER_MS),
  });
}

function token() {
  return question?.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "";
}

/** Sends what was used; what the server has taken is forgotten here. */
async function beat({ keepalive = false } = {}) {
  if (isSending && !keepalive) return;
  isSending = true;
  nextBeat = Date.now() + beatMs();
  const sent = spans().slice(0, MOST_SPANS);
  keep();
  try {
    const response = await post(clock.dataset.url, clock.dataset.ticket, sent, keepalive);
    if (response.ok) taken(await response.json(), sent);
    // A page that was opened too long ago, or that is not ours any more.
    else if ([404, 409].includes(response.status)) forget();
  } catch {
    // Kept, and sent with the next one.
  } finally {
    isSending = false;
  }
}

function taken(answer, sent) {
  unsent = unsent.filter((span) => !sent.includes(span));
  // What is told again is counted once; but from here on it is not told again.
  const [start, end] = sent.at(-1) ?? [];
  if (stretch && stretch.start === start) stretch.start = end;
  if (!unsent.length && (!stretch || stretch.start === stretch.end)) write(key(), null);
  else keep();
  show(answer.seconds);
  if (!answer.is_open) isOver = true;
}

function forget() {
  isOver = true;
  unsent = [];
  stretch = null;
  write(key(), null);
}

/** Sends what a window that is gone has left, or this one before it was reloaded. */
async function sendOrphans() {
  const mine = `${STORE}${clock.dataset.person}:`;
  let names = [];
  try {
    names = Object.keys(localStorage).filter((name) => name.startsWith(mine) && name !== key());
  } catch {
    return;
  }
  for (const name of names) {
    const left = read(name);
    if (left && Date.now() - left.at < ORPHAN_MS) continue;
    if (!left) write(name, null);
    else if (!(await sendOrphan(name, left))) return;
  }
}

/** Sends what was left under a name; returns false where the server cannot be told now. */
async function sendOrphan(name, { at, url, ticket, spans: left }) {
  const sent = left.slice(0, MOST_SPANS);
  const rest = left.slice(MOST_SPANS);
  try {
    const response = await post(url, ticket, sent);
    if (!response.ok && ![404, 409].includes(response.status)) return false;
  } catch {
    return false;
  }
  write(name, rest.length ? { at, url, ticket, spans: rest } : null);
  return true;
}

/** Writes seconds as the server does: <1 min, 29 min, 1 h 12 min. */
function hours(seconds) {
  if (seconds > 0 && seconds < 60) return "<1 min";
  const minutes = Math.floor(seconds / 60);
  const whole = Math.floor(minutes / 60);
  return whole ? `${whole} h ${minutes % 60} min` : `${minutes} min`;
}

function show(seconds) {
  clock.querySelector("[data-clock-total]").textContent = hours(seconds);
}

// --- the question ---------------------------------------------------------------------------------

/** Asks about the time since the last use, where it was long enough; returns whether it does. */
function asks(now) {
  const since = usedAnywhere();
  if (!question || now - since <= idleMs() || now - since > LONGEST_QUESTION_MS) return false;
  close();
  askedSince = since;
  question.querySelector("[data-clock-error]").hidden = true;
  describe(now);
  question.showModal();
  return true;
}

/** Goes on asking, unless that was answered in another window. */
function askOn(now) {
  if (usedAnywhere() <= askedSince) return describe(now);
  askedSince = 0;
  question.close();
}

function describe(now) {
  const time = { hour: "2-digit", minute: "2-digit", hour12: false };
  put("[data-clock-from]", new Date(askedSince).toLocaleTimeString([], time));
  put("[data-clock-length]", hours((now - askedSince) / 1000));
}

/** Changes a text only where it differs, so that it is read out no more often than it changes. */
function put(selector, text) {
  const place = question.querySelector(selector);
  if (place.textContent !== text) place.textContent = text;
}

async function claim(reason) {
  const form = question.querySelector("form");
  const body = new URLSearchParams([...new FormData(form)]);
  body.set("reason", reason);
  body.set("seconds_ago", (Date.now() - askedSince) / 1000);
  let problem = "The server cannot be reached. Try again in a moment.";
  try {
    const headers = { Accept: "application/json" };
    const options = { method: "POST", body, headers, credentials: "same-origin", redirect: "manual" };
    const response = await fetch(form.action, options);
    if (response.ok) return answered((await response.json()).done);
    if (response.status === 422) problem = await response.text();
    else if (response.status) problem = `The server answered ${response.status}. Try again.`;
    else problem = "You are signed out; sign in again in another window.";
  } catch {
    // As said.
  }
  const place = question.querySelector("[data-clock-error]");
  place.textContent = problem;
  place.hidden = false;
}

function answered(text) {
  askedSince = 0;
  question.close();
  question.querySelector("form").reset();
  if (text) say(text);
  use();
  beat();
}

question?.addEventListener("submit", (event) => {
  event.preventDefault();
  claim(event.target.elements.reason.value);
});
question?.addEventListener("click", (event) => {
  const { clockWas } = event.target.dataset;
  if (clockWas) claim(clockWas);
  else if (event.target.closest("[data-clock-decline]")) question.close();
});
// Escape is “no”, too: what is not claimed here can be on the page of the entries.
question?.addEventListener("close", () => {
  if (askedSince) answered("Not counted. You can still claim it: follow your active time.");
});

// --- what drives it -------------------------------------------------------------------------------

function tick() {
  if (isOver || document.visibilityState !== "visible") return;
  const now = Date.now();
  if (isAsking()) askOn(now);
  else if (lastUse && now - lastUse > idleMs()) {
    if (!asks(now)) close();
  }
  // A pause within the limit is told of, too: the server vouches for nothing that it heard nothing of.
  const isInUse = stretch && now - lastUse <= idleMs();
  if (now >= nextBeat && (isInUse || unsent.length)) beat();
}

function visibility() {
  if (document.visibilityState === "visible") {
    if (lastUse && asks(Date.now())) return;
    use();
  } else if (!isOver) {
    leave();
    beat({ keepalive: true });
  }
}

if (clock) {
  const listen = { capture: true, passive: true };
  for (const name of USES) addEventListener(name, (event) => isByHand(event) && use(), listen);
  document.addEventListener("visibilitychange", visibility);
  addEventListener("pagehide", () => {
    if (isOver || document.visibilityState !== "visible") return;
    leave();
    beat({ keepalive: true });
  });
  addEventListener("online", () => {
    beat();
    sendOrphans();
  });
  setInterval(tick, TICK_MS);
  setInterval(sendOrphans, ORPHAN_MS);
  use();
  sendOrphans();
}
