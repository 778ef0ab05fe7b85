// "Who asks": a request that can be chosen and changed, and the exact exchange that follows.

import { byId, element, onCopy } from "./dom.js";
import { prepared, sent, tell } from "./exchange.js";
import { answerNodes, curl, requestNodes } from "./message.js";
import { provenance } from "./provenance.js";

const LIMITED = 429;
const ACCEPTED = { decision: "accepted", reason: null };

/** What is said of an answer, by what the gate has decided. */
const DECISIONS = {
  public: () => "No token is needed for this path.",
  accepted: () => "",
  monitored: (reason) => `Only monitored: ${reason}.`,
  refused: (reason) => `Refused: ${reason}.`,
};

let last = null;
let turn = 0;

export function startWho() {
  const form = byId("who-form");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send();
  });
  for (const preset of form.querySelectorAll("[data-target]")) {
    preset.addEventListener("click", () => {
      byId("target").value = preset.dataset.target;
      complain("");
    });
  }
  byId("copy-curl").hidden = true;
  onCopy(byId("copy-curl"), () => curl(last));
}

/** Show the exchange that brought the picture, unless somebody has asked by now. */
export function showFirst(came) {
  if (turn === 0) show(came, ACCEPTED, "The picture of the day was asked for like this:");
}

async function send() {
  const target = cleaned(byId("target").value);
  if (target === null) return;
  const who = new FormData(byId("who-form")).get("who");
  const mine = ++turn;
  byId("exchange").setAttribute("aria-busy", "true");
  try {
    const asked = await prepared(who, target);
    // Before it is sent: what is signed is good for seconds, and an answer may take longer.
    const verdict = await tell("POST", "/console/verdict", { target, headers: asked.sent });
    const came = await sent(asked);
    if (mine === turn) show(came, verdict);
  } catch (error) {
    const isAway = error instanceof TypeError;
    const said = isAway ? "This server does not answer. Is astropiks dev still running?" : error.message;
    if (mine === turn) outcome("bad", "", said);
  }
  if (mine === turn) byId("exchange").removeAttribute("aria-busy");
}

/** Give path and query as a browser sends them, or null, and then say what is wrong. */
function cleaned(text) {
  let url = null;
  try {
    url = new URL(text.trim(), location.origin);
  } catch { /* said below */ }
  const isOurs = url !== null && url.origin === location.origin && text.trim().startsWith("/");
  complain(isOurs ? "" : "A path on this server is wanted, such as /planetary/apod.");
  return isOurs ? url.pathname + url.search : null;
}

function complain(text) {
  byId("target-problem").textContent = text;
  byId("target").setAttribute("aria-invalid", String(text !== ""));
  if (text) byId("target").focus();
}

function show(came, verdict, before = "") {
  last = came;
  byId("request").replaceChildren(...requestNodes(came));
  byId("answer").replaceChildren(...answerNodes(came));
  byId("copy-curl").hidden = !navigator.clipboard;
  const ms = came.ms < 10 ? came.ms.toFixed(1) : came.ms.toFixed(0);
  const from = provenance(came.headers);
  const isGood = came.status < 400;
  const said = `${came.status} ${came.statusText} in ${ms} ms.`;
  const kind = from?.kind ?? (isGood ? "good" : "bad");
  outcome(kind, before, said, from?.words ?? "", because(came, verdict));
  explain(came, verdict);
}

function because(came, verdict) {
  if (came.status === LIMITED) return "Too many requests: see Retry-After.";
  if (came.status >= 500) return ownWords(came);
  return DECISIONS[verdict.decision](verdict.reason);
}

/** Give what an answer says of itself, and when to come back. */
function ownWords({ body, headers }) {
  const seconds = headers.get("Retry-After");
  const later = seconds === null ? "" : `Again in ${seconds} s.`;
  try {
    return `${JSON.parse(body).detail ?? ""} ${later}`.trim();
  } catch {
    return later;
  }
}

function explain(came, verdict) {
  const isToken = verdict.reason !== null && came.status !== LIMITED;
  byId("reason").hidden = !isToken;
  if (!isToken) return;
  const [detail, ...more] = verdict.lines;
  byId("reason-code").textContent = verdict.reason;
  byId("reason-detail").textContent = detail;
  byId("reason-lines").replaceChildren(...more.map((line) => element("li", {}, ...withCode(line))));
}

/** Show what stands between backticks as code. */
function withCode(text) {
  return text.split("`").map((part, n) => (n % 2 ? element("code", {}, part) : part));
}

function outcome(kind, before, said, ...more) {
  byId("outcome").dataset.kind = kind;
  byId("outcome").replaceChildren(before, before && " ", element("b", {}, said), ` ${more.filter(Boolean).join(" ")}`);
}
