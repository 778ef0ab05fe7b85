// The switchboard of the stand-in for NASA.

import { byId } from "./dom.js";
import { tell } from "./exchange.js";

const PATH = "/console/conditions";

export function startNasa() {
  if (!byId("nasa")) return;
  for (const select of selects()) select.addEventListener("change", () => change(select, faults()));
  for (const input of inputs()) {
    input.addEventListener("change", () => change(input, { [input.id]: valueOf(input) }));
  }
  byId("nasa-form").addEventListener("submit", (event) => event.preventDefault());
  byId("nasa-well").addEventListener("click", () => attempt(null, () => tell("DELETE", PATH)));
  // A second shell may have changed them meanwhile.
  window.addEventListener("focus", look);
  look();
}

/** Say which sources the service leaves alone for now, by what has been counted. */
export function showSetAside(samples) {
  if (!byId("nasa")) return;
  const isAside = ({ name, labels, value }) => (
    name === "astropiks_breaker_open" && value && byId(`fault-${labels.source}`)
  );
  const names = samples.filter(isAside).map(({ labels }) => labelOf(byId(`fault-${labels.source}`)));
  byId("nasa-aside").textContent = names.length
    ? `Set aside: ${names.join(", ")}. One request in half a minute or more tries again whether it is well.`
    : "";
}

const selects = () => byId("nasa-form").querySelectorAll("[data-api]");
const inputs = () => byId("nasa-form").querySelectorAll("[data-kind]");
const look = () => attempt(null, () => tell("GET", PATH));
const change = (control, changes) => attempt(control, () => tell("PATCH", PATH, changes));

/** Do it and show what is then; if it cannot be done, say so beside the control. */
async function attempt(control, act) {
  try {
    const conditions = await act();
    for (const input of control ? [control] : inputs()) complain(input, "");
    show(conditions, control);
  } catch (error) {
    if (control) complain(control, error.message.replace(`${control.id}: `, ""));
    say("bad", `Nothing has been changed. ${error.message}.`);
  }
}

function complain(control, text) {
  control.setAttribute("aria-invalid", String(text !== ""));
  const problem = byId(`${control.id}-problem`);
  if (problem) problem.textContent = text;
}

function faults() {
  const chosen = [...selects()].filter((select) => select.value);
  return { faults: Object.fromEntries(chosen.map((select) => [select.dataset.api, select.value])) };
}

/** Give what is typed in, as the stand-in wants it; nothing is all well. */
function valueOf(input) {
  const text = input.value.trim();
  if (input.dataset.kind === "days") return text.split(/[\s,]+/).filter(Boolean);
  return text === "" ? 0 : text;
}

function show(conditions, changed) {
  for (const select of selects()) select.value = conditions.faults[select.dataset.api] ?? "";
  for (const input of inputs()) {
    const isWrong = input.getAttribute("aria-invalid") === "true" && input !== changed;
    if (!isWrong && document.activeElement !== input) input.value = written(conditions[input.id]);
  }
  const troubles = [...selects()].filter((one) => one.value).map((one) => `${labelOf(one)}: ${one.value}`);
  const typed = [...inputs()].filter((one) => written(conditions[one.id]));
  troubles.push(...typed.map((one) => `${labelOf(one)}: ${written(conditions[one.id])}`));
  say(troubles.length ? "stale" : "good", troubles.length ? `${troubles.join(". ")}.` : "All is well.");
}

const labelOf = (control) => control.labels[0].firstChild.textContent;

const written = (value) => (Array.isArray(value) ? value.toSorted().join(", ") : value ? String(value) : "");

function say(kind, text) {
  byId("nasa-status").dataset.kind = kind;
  byId("nasa-status").textContent = text;
}
