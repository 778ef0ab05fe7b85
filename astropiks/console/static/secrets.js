// Runtime secrets: plain, and sealed to a key of this page.

import { byId, element } from "./dom.js";
import { ask, exchange } from "./exchange.js";
import { canOpen, headerOf, makeKeys, open } from "./jwe.js";
import { bodyNodes } from "./message.js";

const PARTS = ["header", "key", "nonce", "sealed text", "tag"];

const NO_CRYPTO = "Browsers decrypt only at http://127.0.0.1, http://localhost or https. Open the "
  + "console at one of these to open what is sealed.";

export function startSecrets() {
  if (byId("secrets")) list();
}

async function list() {
  try {
    const { said } = await ask("/secrets");
    const items = said.secrets.map(item);
    byId("secret-list").replaceChildren(...items);
    if (!items.length) say("", "There is none that this app may have.");
  } catch (error) {
    const again = element("button", { type: "button", click: list }, "Try again");
    byId("secret-list").replaceChildren(element("li", {}, error.message, " ", again));
  }
}

function item({ name, version, sealed }) {
  const plain = element("button", { type: "button", click: () => attempt(() => fetchPlain(name)) }, "Plain");
  const locked = element("button", { type: "button", click: () => attempt(() => fetchSealed(name)) }, "Sealed");
  plain.setAttribute("aria-label", `Fetch ${name} plain`);
  locked.setAttribute("aria-label", `Fetch ${name} sealed`);
  locked.disabled = !canOpen();
  if (!canOpen()) say("stale", NO_CRYPTO);
  return element(
    "li", {},
    element("span", {}, element("code", {}, name), element("small", {}, `version ${version ?? "unknown"}`)),
    element("span", { class: "actions" }, plain, locked, sealed && element("small", {}, "sealed only")),
  );
}

async function attempt(act) {
  byId("secret-steps").replaceChildren();
  try {
    await act();
  } catch (error) {
    say("bad", error.message);
  }
}

async function fetchPlain(name) {
  const answer = await delivered(name, null);
  step("The answer", element("div", { class: "message" }, ...bodyNodes(answer.body, answer.type)));
  say("good", `${name} came plain: whoever looks into the connection has read it too.`);
}

async function fetchSealed(name) {
  const keys = await makeKeys();
  const answer = await delivered(name, keys.recipient);
  const jwe = answer.body.trim();
  const header = headerOf(jwe);
  const value = await open(jwe, keys.privateKey);
  step("Sent: Secret-Recipient, the public key, to which the token is bound", element("div", { class: "message" }, keys.recipient));
  step("Came: the secret as a JWE", element("div", { class: "message jwe", id: "secret-jwe" }, ...jweNodes(jwe)));
  step("Its header can be read, but not changed", element("div", { class: "message" }, ...bodyNodes(JSON.stringify(header), "json")));
  step("Opened here", element("div", { class: "message opened", id: "secret-opened" }, ...bodyNodes(value, "json")));
  say("good", `${name} came sealed and was opened in this page.`);
}

/** Give the delivery of a secret. Throws an Error with the answer's words if it is refused. */
async function delivered(name, recipient) {
  const answer = await exchange("genuine", `/secrets/${encodeURIComponent(name)}`, recipient);
  if (answer.status === 200) return answer;
  throw new Error(`${answer.status}: ${JSON.parse(answer.body).detail}`);
}

function jweNodes(jwe) {
  const parts = jwe.split(".");
  return parts.flatMap((part, n) => [
    n ? "." : null, element("span", { class: `part-${n}`, title: PARTS[n] }, part),
  ]).filter(Boolean);
}

function step(title, shown) {
  shown.tabIndex = 0;
  shown.setAttribute("role", "region");
  shown.setAttribute("aria-label", title);
  byId("secret-steps").append(element("h3", {}, title), shown);
}

function say(kind, text) {
  byId("secret-status").dataset.kind = kind;
  byId("secret-status").textContent = text;
}
