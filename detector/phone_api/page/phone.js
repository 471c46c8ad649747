/* The phone's page: pair, test, start partner time, report that the phone is put away, set up, remove.
   Rule 1: the token stays on this phone: in the browser's storage, and in the address only while an icon is made.
   A link never takes the place of a token that is here already without asking.
   Rule 2: what the laptop responds is shown as text, never as markup.
   Rule 3: it sends requests to its own laptop and to nobody else. */
"use strict";

const STORAGE_KEY = "turntoward";
const REQUEST_TIMEOUT = 10000;
const COPIED_DURATION = 2000;
const UNREACHED_TEXT =
  "Your laptop did not answer. Is it awake, is Turntoward running, and is this phone in the same Wi-Fi?";
const REMOVED_TEXT = "Your laptop does not know this phone any more. Perhaps it was removed there.";
const UNKNOWN_TEXT =
  "This may be another browser than the one it was paired in, or the browser forgot. What you set up in Shortcuts, " +
  "MacroDroid or Tasker goes on as it was.";

const TOKEN = /^[A-Za-z0-9_-]{8,200}$/;
const HEARD_DELAY = 1500;

let token = null;
let name = null;
let offered = null;

const find = (id) => document.getElementById(id);

/* ---- the token, stored on this phone ---- */

function loadToken() {
  const fromAddress = new URLSearchParams(location.hash.slice(1));
  const linked = { token: fromAddress.get("token") || "", name: fromAddress.get("name") || "" };
  if (linked.token) history.replaceState(null, "", location.pathname);
  try {
    const stored = JSON.parse(localStorage.getItem(STORAGE_KEY) || "{}");
    token = stored.token || null;
    name = stored.name || "";
  } catch {
    token = null;
  }
  if (!TOKEN.test(linked.token) || linked.token === token) return;
  if (token) offered = linked;
  else storeToken(linked.token, linked.name);
}

function storeToken(newToken, newName) {
  token = newToken;
  name = newName;
  try {
    localStorage.setItem(STORAGE_KEY, JSON.stringify({ token, name }));
  } catch {
    showMessage(
      find("kept-message"),
      "This browser keeps nothing, perhaps because the tab is private. Set everything up before you close it.",
      "failed",
    );
  }
}

function deleteToken() {
  token = null;
  name = null;
  try {
    localStorage.removeItem(STORAGE_KEY);
  } catch {
    /* Without storage there is nothing to delete. */
  }
}

/* ---- requests to the laptop ---- */

async function send(method, path, body, withToken = true) {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), REQUEST_TIMEOUT);
  const headers = {};
  if (withToken) headers["Authorization"] = `Bearer ${token}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  try {
    const response = await fetch(path, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: "omit",
      cache: "no-store",
      referrerPolicy: "no-referrer",
      signal: controller.signal,
    });
    const text = await response.text();
    let content = {};
    try {
      content = JSON.parse(text || "{}") || {};
    } catch {
      /* Not JSON: the status says enough. */
    }
    return { status: response.status, content };
  } catch {
    return { status: 0, content: {} };
  } finally {
    clearTimeout(timer);
  }
}

function explainFailure({ status, content }) {
  if (status === 0) return UNREACHED_TEXT;
  if (status === 429) return "That was too often at once. Wait a minute, then try again.";
  const problems = Array.isArray(content.problems) ? content.problems.filter((one) => typeof one === "string") : [];
  return `Your laptop refused this: ${problems.join("; ") || status}.`;
}

/* ---- messages ---- */

function showMessage(element, words, state = "") {
  element.className = `message ${state}`;
  element.textContent = words;
}

async function submit(button, element, request, words) {
  if (button.disabled) return false;
  button.disabled = true;
  showMessage(element, "One moment …");
  const response = await send(...request);
  button.disabled = false;
  if (response.status === 200 || response.status === 204) {
    showMessage(element, words, "worked");
    return true;
  }
  if (response.status === 401) showUnpaired(REMOVED_TEXT);
  else showMessage(element, explainFailure(response), "failed");
  return false;
}

/* ---- sections ---- */

function show(section) {
  for (const one of ["pair", "replace", "unpaired", "paired"]) find(one).hidden = one !== section;
  scrollTo(0, 0);
}

function showUnpaired(why) {
  deleteToken();
  closeAll();
  if (location.hash) history.replaceState(null, "", location.pathname);
  fillValues();
  find("unpaired-why").textContent = why;
  show("unpaired");
  find("unpaired-title").focus();
}

function closeAll() {
  for (const element of document.querySelectorAll("#paired details[open]")) element.open = false;
  for (const element of document.querySelectorAll(".message")) showMessage(element, "");
}

function showPaired() {
  find("paired-name").textContent = name ? `Your laptop calls it “${name}”.` : "";
  fillValues();
  show("paired");
  find("paired-title").focus();
  showHeard();
}

function showReplace() {
  const words = (one) => (one ? `“${one}”` : "a phone without a name");
  find("replace-names").textContent =
    `It is ${words(name)} here. The link that was opened is of ${words(offered.name)}, or of somebody else's pairing.`;
  show("replace");
  find("replace-title").focus();
}

function showPair() {
  if (token) {
    find("pair-again").textContent = `This phone is paired already, as “${name}”. Pairing takes the place of that on this page.`;
    find("pair-again").hidden = false;
  }
  show("pair");
}

/* ---- what is heard of this phone ---- */

async function showHeard() {
  const asked = token;
  if (!asked) return;
  find("heard-host").textContent = location.host;
  const { status, content } = await send("GET", "/v1/phone");
  if (asked !== token) return;
  if (status === 401) {
    showUnpaired(REMOVED_TEXT);
    return;
  }
  const known = status === 200 && Array.isArray(content.hours);
  const times = content.heard_today === 1 ? "once" : `${content.heard_today} times`;
  const heard = content.heard_today ? `Today it was heard ${times}.` : "Today it was not heard so far.";
  const hours = known ? content.hours.map((pair) => pair.map((at) => new Date(at))) : [];
  find("heard-today").textContent = known ? heard : "Your laptop did not answer, so it is not known how often it was heard.";
  find("heard-hours-title").hidden = !hours.length;
  find("heard-hours").replaceChildren(...hours.map(([begins, ends]) => {
    const line = document.createElement("li");
    line.textContent = formatHours(begins, ends);
    return line;
  }));
  find("end-actions").hidden = !hours.some(([begins, ends]) => begins <= new Date() && new Date() < ends);
}

function formatHours(begins, ends) {
  const day = { weekday: "short", day: "numeric", month: "short" };
  const time = { hour: "2-digit", minute: "2-digit" };
  const sameDay = begins.toDateString() === ends.toDateString();
  return `${begins.toLocaleString([], { ...day, ...time })} – ${ends.toLocaleString([], sameDay ? time : { ...day, ...time })}`;
}

async function showFound() {
  const button = find("found-button");
  const element = find("found-message");
  const given = find("found-token").value.trim().replace(/^Bearer\s+/i, "");
  if (!TOKEN.test(given)) {
    showMessage(element, "This is not what stands after Bearer: that is one long word.", "failed");
    return;
  }
  button.disabled = true;
  showMessage(element, "One moment …");
  token = given;
  const response = await send("GET", "/v1/phone");
  button.disabled = false;
  if (response.status === 200) {
    find("found-token").value = "";
    showMessage(element, "");
    storeToken(given, typeof response.content.name === "string" ? response.content.name : "");
    showPaired();
    return;
  }
  token = null;
  showMessage(element, response.status === 401 ? REMOVED_TEXT : explainFailure(response), "failed");
}

/* ---- pairing ---- */

function codeInAddress() {
  const found = /^\/pair\/([A-Za-z0-9_-]+)$/.exec(location.pathname);
  return found ? found[1] : null;
}

async function pair() {
  const button = find("pair-button");
  const element = find("pair-message");
  if (button.disabled) return;
  button.disabled = true;
  showMessage(element, "One moment …");
  const response = await send("POST", "/pair", { code: codeInAddress() }, false);
  button.disabled = false;
  if (response.status === 200 && typeof response.content.token === "string") {
    showMessage(element, "");
    history.replaceState(null, "", "/phone");
    storeToken(response.content.token, typeof response.content.name === "string" ? response.content.name : "");
    showPaired();
    return;
  }
  if (response.status === 401) {
    button.hidden = true;
    showMessage(
      element,
      "This link was used already, or its five minutes are over. Run “turntoward phone pair” at your laptop again, " +
        "and open the new link.",
      "failed",
    );
    return;
  }
  showMessage(element, explainFailure(response), "failed");
}

/* ---- the values to copy ---- */

function fillValues() {
  const words = { url: `${location.origin}/v1/phone`, token: token || "", category: find("category").value };
  for (const element of document.querySelectorAll("[data-text]")) {
    if (!element.firstChild) buildValue(element);
    element.querySelector("code").textContent = element.dataset.text.replace(/\{(\w+)\}/g, (all, word) =>
      word in words ? words[word] : all,
    );
  }
}

function buildValue(element) {
  const label = document.createElement("span");
  label.className = "label";
  label.textContent = element.dataset.label;
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Copy";
  button.setAttribute("aria-label", `Copy ${element.dataset.label}`);
  element.className = "value";
  const text = document.createElement("code");
  button.addEventListener("click", () => copy(button, text));
  element.append(label, text, button);
}

async function copy(button, element) {
  const worked = await copyText(element.textContent);
  if (!worked) getSelection().selectAllChildren(element);
  button.textContent = worked ? "Copied" : "Selected";
  setTimeout(() => {
    button.textContent = "Copy";
  }, COPIED_DURATION);
}

async function copyText(text) {
  if (isSecureContext && navigator.clipboard) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      /* Where the clipboard is refused, execCommand may still work. */
    }
  }
  /* Over plain HTTP there is no navigator.clipboard, only execCommand. */
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

const CONFIRMATIONS = {
  start: (minutes) =>
    `Asked for ${minutes} min from now. If partner time is under way already, it stays as it is.`,
  extend: (minutes) => `Asked for ${minutes} min more. Where no partner time is under way, nothing changes.`,
  stop: () => "Asked to stop. Partner time is over.",
};

function attachHandlers() {
  find("pair-button").addEventListener("click", pair);
  find("category").addEventListener("change", fillValues);
  find("test-button").addEventListener("click", (event) =>
    submit(event.currentTarget, find("test-message"), ["POST", "/v1/test"], "It works: your laptop hears this phone."),
  );
  for (const button of document.querySelectorAll("[data-do]")) {
    const minutes = Number(button.dataset.minutes);
    const request = { do: button.dataset.do, ...(minutes ? { minutes } : {}) };
    const words = CONFIRMATIONS[request.do](minutes);
    button.addEventListener("click", async () => {
      await submit(button, find("together-message"), ["POST", "/v1/together", request], words);
      setTimeout(showHeard, HEARD_DELAY);
    });
  }
  find("end-button").addEventListener("click", async (event) => {
    await submit(event.currentTarget, find("end-message"), ["POST", "/v1/together", { do: "stop" }], CONFIRMATIONS.stop());
    setTimeout(showHeard, HEARD_DELAY);
  });
  find("keep-button").addEventListener("click", showPaired);
  find("replace-button").addEventListener("click", () => {
    storeToken(offered.token, offered.name);
    showPaired();
  });
  find("found-button").addEventListener("click", showFound);
  find("away-button").addEventListener("click", (event) =>
    submit(
      event.currentTarget,
      find("away-message"),
      ["POST", "/v1/phone", { event: "put_away" }],
      "Your laptop was told that the phone is put away.",
    ),
  );
  find("remove-button").addEventListener("click", async (event) => {
    const request = ["DELETE", "/v1/phone"];
    if (await submit(event.currentTarget, find("remove-message"), request, "")) showUnpaired("It is removed, here and at your laptop.");
  });
  /* An icon on the home screen may have a storage of its own: the token travels in the address's fragment, which no
     browser sends anywhere, and only while the person is at it. */
  find("home").addEventListener("toggle", (event) => {
    const fromAddress = new URLSearchParams({ token: token || "", name: name || "" });
    const fragment = event.currentTarget.open && token ? `#${fromAddress}` : "";
    history.replaceState(null, "", location.pathname + fragment);
  });
}

find("privacy-again").append(...[...find("privacy").children].map((child) => child.cloneNode(true)));
attachHandlers();
loadToken();
if (codeInAddress()) showPair();
else if (offered) showReplace();
else if (token) showPaired();
else showUnpaired(UNKNOWN_TEXT);
