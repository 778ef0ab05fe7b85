// What this process has counted, every two seconds while somebody looks.

import { byId, element } from "./dom.js";
import { tell } from "./exchange.js";

const EVERY_MS = 2000;

const TILES = [
  ["Requests", sum("requests_total")],
  ["Accepted", sum("attestations_total", (labels) => labels.result === "accepted")],
  ["Refused", sum("attestations_total", (labels) => labels.result === "refused")],
  ["NASA calls", sum("nasa_calls_total")],
  ["NASA quota left", least("nasa_quota_remaining")],
];

const TABLES = [
  ["Decisions", "attestations_total", ({ result, reason }) => reason || result],
  ["Answers came from", "cache_results_total", ({ result }) => result],
  ["NASA calls", "nasa_calls_total", ({ source, outcome }) => `${source} ${outcome}`],
  ["Sources of records", "breaker_open", ({ source }) => source],
  ["Requests", "requests_total", ({ route, status }) => `${status} ${route}`],
];

const WORDS = { breaker_open: (value) => (value ? "set aside" : "asked") };

let timer = null;
let tellOthers = () => {};

/** Begin; `tellSamples` is told of what has been counted, each time. */
export function startCounters(tellSamples) {
  tellOthers = tellSamples;
  document.addEventListener("visibilitychange", () => {
    clearTimeout(timer);
    if (!document.hidden) look();
  });
  look();
}

async function look() {
  let state = "since the start of this process";
  try {
    const samples = await tell("GET", "/console/counters");
    showTiles(samples);
    showTables(samples);
    tellOthers(samples);
  } catch (error) {
    state = error instanceof TypeError ? "no answer: is astropiks dev still running?" : error.message;
  }
  byId("counters-state").textContent = state;
  clearTimeout(timer);
  if (!document.hidden) timer = setTimeout(look, EVERY_MS);
}

function named(samples, name) {
  return samples.filter((sample) => sample.name === `astropiks_${name}`);
}

function sum(name, isCounted = () => true) {
  return (samples) => named(samples, name)
    .filter(({ labels }) => isCounted(labels))
    .reduce((all, { value }) => all + value, 0);
}

function least(name) {
  return (samples) => {
    const values = named(samples, name).map(({ value }) => value);
    return values.length ? Math.min(...values) : "–";
  };
}

function showTiles(samples) {
  for (const [title, count] of TILES) {
    const id = `tile-${title}`;
    const tile = byId(id) ?? byId("tiles").appendChild(element("dl", { id }, element("dt", {}, title), element("dd")));
    renew(tile.lastElementChild, String(count(samples)));
  }
}

function showTables(samples) {
  for (const [title, name, key] of TABLES) {
    const totals = new Map();
    for (const { labels, value } of named(samples, name)) {
      totals.set(key(labels), (totals.get(key(labels)) ?? 0) + value);
    }
    const table = byId(`table-${name}`) ?? byId("tables").appendChild(newTable(title, name));
    const most = Math.max(1, ...totals.values());
    for (const [text, value] of totals) {
      const id = `${name} ${text}`;
      const row = byId(id) ?? table.tBodies[0].appendChild(newRow(id, text));
      row.querySelector("td").style.setProperty("--share", value / most);
      renew(row.querySelector("td"), WORDS[name] ? WORDS[name](value) : String(value));
    }
    table.hidden = totals.size === 0;
  }
}

const newTable = (title, name) => element(
  "table", { id: `table-${name}` }, element("caption", {}, title), element("tbody"),
);

const newRow = (id, text) => element(
  "tr", { id }, element("th", { scope: "row" }, text), element("td"),
);

function renew(shown, text) {
  if (shown.textContent === text) return;
  const isNew = shown.textContent === "";
  shown.textContent = text;
  if (!isNew) shown.animate?.([{ opacity: 0.35 }, { opacity: 1 }], calmly({ duration: 600 }));
}

const calmly = (timing) => (
  matchMedia("(prefers-reduced-motion: reduce)").matches ? { duration: 0 } : timing
);
