/* The phone's page: pair, test, say that we are together or that the phone is put away, set up, remove.
   Rule 1: the token stays on this phone: in the browser's storage, and in the address only while an icon is made.
   Rule 2: what the laptop answers is shown as text, never as markup.
   Rule 3: it asks its own laptop and nobody else. */
"use strict";

const KEPT = "turntoward";
const PATIENCE = 10000;
const COPIED = 2000;
const UNREACHED =
  "Your laptop did not answer. Is it awake, is Turntoward running, and is this phone in the same Wi-Fi?";
const GONE = "Your laptop does not know this phone any more. Perhaps it was removed there.";
const FORGOTTEN =
  "This may be another browser than the one it was paired in, or the browser forgot. What you set up in Shortcuts, " +
  "MacroDroid or Tasker goes on as it was.";

let token = null;
let name = null;

const find = (id) => document.getElementById(id);

/* ---- what is kept on this phone ---- */

function recall() {
  const brought = new URLSearchParams(location.hash.slice(1));
  if (brought.get("token")) {
    keep(brought.get("token"), brought.get("name") || "");
    history.replaceState(null, "", location.pathname);
    return;
  }
  try {
    const kept = JSON.parse(localStorage.getItem(KEPT) || "{}");
    token = kept.token || null;
    name = kept.name || "";
  } catch {
    token = null;
  }
}

function keep(itsToken, itsName) {
  token = itsToken;
  name = itsName;
  try {
    localStorage.setItem(KEPT, JSON.stringify({ token, name }));
  } catch {
    say(
      find("kept-said"),
      "This browser keeps nothing, perhaps because the tab is private. Set everything up before you close it.",
      "failed",
    );
  }
}

function forget() {
  token = null;
  name = null;
  try {
    localStorage.removeItem(KEPT);
  } catch {
    /* Where nothing can be kept, nothing is there to forget. */
  }
}

/* ---- asking the laptop ---- */

async function ask(method, path, body, asPhone = true) {
  const giveUp = new AbortController();
  const timer = setTimeout(() => giveUp.abort(), PATIENCE);
  const headers = {};
  if (asPhone) headers["Authorization"] = `Bearer ${token}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  try {
    const answer = await fetch(path, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: "omit",
      cache: "no-store",
      referrerPolicy: "no-referrer",
      signal: giveUp.signal,
    });
    const text = await answer.text();
    let said = {};
    try {
      said = JSON.parse(text || "{}") || {};
    } catch {
      /* What is no JSON says nothing to this page. */
    }
    return { status: answer.status, said };
  } catch {
    return { status: 0, said: {} };
  } finally {
    clearTimeout(timer);
  }
}

function whyNot({ status, said }) {
  if (status === 0) return UNREACHED;
  if (status === 429) return "That was too often at once. Wait a minute, then try again.";
  const problems = Array.isArray(said.problems) ? said.problems.filter((one) => typeof one === "string") : [];
  return `Your laptop refused this: ${problems.join("; ") || status}.`;
}

/* ---- saying what happened ---- */

function say(place, words, how = "") {
  place.className = `said ${how}`;
  place.textContent = words;
}

async function tell(button, place, request, words) {
  if (button.disabled) return false;
  button.disabled = true;
  say(place, "One moment …");
  const answer = await ask(...request);
  button.disabled = false;
  if (answer.status === 200 || answer.status === 204) {
    say(place, words, "worked");
    return true;
  }
  if (answer.status === 401) leave(GONE);
  else say(place, whyNot(answer), "failed");
  return false;
}

/* ---- what is shown ---- */

function show(section) {
  for (const one of ["pair", "unpaired", "paired"]) find(one).hidden = one !== section;
  scrollTo(0, 0);
}

function leave(why) {
  forget();
  closeAll();
  if (location.hash) history.replaceState(null, "", location.pathname);
  fill();
  find("unpaired-why").textContent = why;
  show("unpaired");
  find("unpaired-title").focus();
}

function closeAll() {
  for (const place of document.querySelectorAll("#paired details[open]")) place.open = false;
  for (const place of document.querySelectorAll(".said")) say(place, "");
}

function enter() {
  find("paired-name").textContent = name ? `Your laptop calls it “${name}”.` : "";
  fill();
  show("paired");
  find("paired-title").focus();
}

/* ---- pairing ---- */

function codeInAddress() {
  const found = /^\/pair\/([A-Za-z0-9_-]+)$/.exec(location.pathname);
  return found ? found[1] : null;
}

async function pair() {
  const button = find("pair-button");
  const place = find("pair-said");
  if (button.disabled) return;
  button.disabled = true;
  say(place, "One moment …");
  const answer = await ask("POST", "/pair", { code: codeInAddress() }, false);
  button.disabled = false;
  if (answer.status === 200 && typeof answer.said.token === "string") {
    say(place, "");
    history.replaceState(null, "", "/phone");
    keep(answer.said.token, typeof answer.said.name === "string" ? answer.said.name : "");
    enter();
    return;
  }
  if (answer.status === 401) {
    button.hidden = true;
    say(
      place,
      "This link was used already, or its five minutes are over. Run “turntoward phone pair” at your laptop again, " +
        "and open the new link.",
      "failed",
    );
    return;
  }
  say(place, whyNot(answer), "failed");
}

/* ---- the values to copy ---- */

function fill() {
  const words = { url: `${location.origin}/v1/phone`, token: token || "", category: find("category").value };
  for (const place of document.querySelectorAll("[data-text]")) {
    if (!place.firstChild) build(place);
    place.querySelector("code").textContent = place.dataset.text.replace(/\{(\w+)\}/g, (all, word) =>
      word in words ? words[word] : all,
    );
  }
}

function build(place) {
  const label = document.createElement("span");
  label.className = "label";
  label.textContent = place.dataset.label;
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Copy";
  button.setAttribute("aria-label", `Copy ${place.dataset.label}`);
  place.className = "value";
  const text = document.createElement("code");
  button.addEventListener("click", () => copy(button, text));
  place.append(label, text, button);
}

async function copy(button, place) {
  const worked = await copied(place.textContent);
  if (!worked) getSelection().selectAllChildren(place);
  button.textContent = worked ? "Copied" : "Selected";
  setTimeout(() => {
    button.textContent = "Copy";
  }, COPIED);
}

async function copied(text) {
  if (isSecureContext && navigator.clipboard) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      /* Where the clipboard is refused, the old way may still work. */
    }
  }
  /* Over plain HTTP there is no navigator.clipboard: only the old way is left. */
  const field = document.createElement("textarea");
  field.className = "copying";
  field.readOnly = true;
  field.value = text;
  const before = document.activeElement;
  document.body.append(field);
  field.focus({ preventScroll: true });
  field.setSelectionRange(0, text.length);
  let worked = false;
  try {
    worked = document.execCommand("copy");
  } catch {
    worked = false;
  }
  field.remove();
  if (before instanceof HTMLElement) before.focus({ preventScroll: true });
  return worked;
}

/* ---- the buttons ---- */

const ASKED = {
  start: (minutes) =>
    `Asked for ${minutes} min from now. If partner time is under way already, it stays as it is.`,
  extend: (minutes) => `Asked for ${minutes} min more. Where no partner time is under way, nothing changes.`,
  stop: () => "Asked to stop. Partner time is over.",
};

function listen() {
  find("pair-button").addEventListener("click", pair);
  find("category").addEventListener("change", fill);
  find("test-button").addEventListener("click", (event) =>
    tell(event.currentTarget, find("test-said"), ["POST", "/v1/test"], "It works: your laptop hears this phone."),
  );
  for (const button of document.querySelectorAll("[data-do]")) {
    const minutes = Number(button.dataset.minutes);
    const wish = { do: button.dataset.do, ...(minutes ? { minutes } : {}) };
    const words = ASKED[wish.do](minutes);
    button.addEventListener("click", () =>
      tell(button, find("together-said"), ["POST", "/v1/together", wish], words),
    );
  }
  find("away-button").addEventListener("click", (event) =>
    tell(
      event.currentTarget,
      find("away-said"),
      ["POST", "/v1/phone", { event: "put_away" }],
      "Your laptop was told that the phone is put away.",
    ),
  );
  find("remove-button").addEventListener("click", async (event) => {
    const request = ["DELETE", "/v1/phone"];
    if (await tell(event.currentTarget, find("remove-said"), request, "")) leave("It is removed, here and at your laptop.");
  });
  /* An icon on the home screen may have a storage of its own: the token travels in the address's fragment, which no
     browser sends anywhere, and only while the person is at it. */
  find("home").addEventListener("toggle", (event) => {
    const brought = new URLSearchParams({ token: token || "", name: name || "" });
    const fragment = event.currentTarget.open && token ? `#${brought}` : "";
    history.replaceState(null, "", location.pathname + fragment);
  });
}

find("told-again").append(...[...find("told").children].map((child) => child.cloneNode(true)));
listen();
recall();
if (codeInAddress()) show("pair");
else if (token) enter();
else leave(FORGOTTEN);
