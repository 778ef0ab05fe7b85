// A request or an answer as it went over the wire, for reading.

import { copyButton, element } from "./dom.js";

const MOST = 20000;
const TOKENS = /("(?:\\.|[^"\\])*")(\s*:)?|\b(?:true|false|null)\b|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/** Give the lines of a request. */
export function requestNodes({ target, sent, dropped, tokenHeader }) {
  const nodes = [
    line("first", element("b", {}, "GET"), ` ${target}`),
    header("Host", location.host),
    ...Object.entries(sent).map(([name, value]) => (
      name.toLowerCase() === tokenHeader.toLowerCase() ? tokenLine(name, value) : header(name, value)
    )),
  ];
  if (dropped.length) {
    nodes.push(line("note", `Browsers let no page send ${dropped.join(", ")}: left out here.`));
  }
  return nodes;
}

/** Give the lines of an answer. */
export function answerNodes({ status, statusText, headers, body, type }) {
  const head = [...headers].map(([name, value]) => header(name, value));
  const kind = status < 400 ? "good" : "bad";
  return [
    line("first", element("b", { class: kind }, String(status)), ` ${statusText}`),
    ...head,
    element("div", { class: "body" }, ...bodyNodes(body, type)),
  ];
}

/** Give a body: JSON indented, with its parts told apart. */
export function bodyNodes(body, type) {
  if (!type.includes("json")) return [cut(body)];
  let text = body;
  try {
    text = JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return [cut(body)];
  }
  const shown = cut(text);
  const nodes = [];
  let end = 0;
  for (const match of shown.matchAll(TOKENS)) {
    const [whole, string, colon] = match;
    const kind = string === undefined ? "value" : colon === undefined ? "string" : "key";
    nodes.push(shown.slice(end, match.index), element("span", { class: kind }, string ?? whole));
    if (colon !== undefined) nodes.push(colon);
    end = match.index + whole.length;
  }
  nodes.push(shown.slice(end));
  return nodes;
}

/** Give the same request as a line for a terminal. */
export function curl({ target, sent }) {
  const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
  const headers = Object.entries(sent).map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`);
  return ["curl -i", ...headers, quoted(location.origin + target)].join(" ");
}

function cut(text) {
  const more = text.length - MOST;
  return more > 0 ? `${text.slice(0, MOST)}\n… and ${more} characters more` : text;
}

function line(kind, ...children) {
  return element("div", { class: kind }, ...children);
}

function header(name, ...value) {
  return line("header", element("span", { class: "name" }, `${name}: `), ...value);
}

/** A token is long: its ends are enough to know it again. */
function tokenLine(name, value) {
  const short = value.length > 24 ? `${value.slice(0, 12)}…${value.slice(-6)}` : value;
  const text = element("span", { class: "token" }, short);
  const reveal = element("button", { type: "button", class: "small", "aria-expanded": "false" }, "Reveal");
  reveal.addEventListener("click", () => {
    const isShown = reveal.getAttribute("aria-expanded") === "true";
    reveal.setAttribute("aria-expanded", String(!isShown));
    reveal.textContent = isShown ? "Reveal" : "Shorten";
    text.textContent = isShown ? short : value;
  });
  return header(name, text, " ", reveal, " ", copyButton(() => value));
}
