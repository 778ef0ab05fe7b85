// One request through the proxy, as somebody sends it, and what came of it.

const OWN = { "Content-Type": "application/json", "Console-Request": "1" };

/** Ask the console itself. Gives the parsed body; throws an Error that says what is wrong. */
export async function tell(method, path, body) {
  const given = body === undefined ? {} : { body: JSON.stringify(body) };
  const response = await fetch(path, { method, headers: OWN, cache: "no-store", ...given });
  const type = response.headers.get("Content-Type") ?? "";
  const said = type.includes("json") ? await response.json() : { error: (await response.text()).trim() };
  if (!response.ok) {
    throw new Error(said.error || said.detail || `The console answered ${response.status}.`);
  }
  return said;
}

/** Send GET `target` as `who`, and give what `sent` does. */
export async function exchange(who, target, recipient = null) {
  return sent(await prepared(who, target, recipient));
}

/**
 * Make the request GET `target` of `who`. The browser's own cache is left out: it would answer by
 * itself.
 *
 * Gives `{ request, target, sent, dropped, tokenHeader }`; `sent` and `dropped` are headers that go
 * out, and that browsers do not let pages send.
 */
export async function prepared(who, target, recipient = null) {
  const wanted = await tell("POST", "/console/headers", { who, target, recipient });
  const request = new Request(target, {
    headers: wanted.headers, cache: "no-store", credentials: "omit", redirect: "manual",
  });
  const all = Object.entries(wanted.headers);
  return {
    request,
    target,
    sent: Object.fromEntries(all.filter(([name]) => request.headers.has(name))),
    dropped: all.filter(([name]) => !request.headers.has(name)).map(([name]) => name),
    tokenHeader: wanted.token_header,
  };
}

/** Send what is `prepared`; gives it with `{ status, statusText, headers, body, type, ms }`. */
export async function sent({ request, ...asked }) {
  const began = performance.now();
  const response = await fetch(request);
  const type = response.headers.get("Content-Type") ?? "";
  const isText = /^(text\/|application\/)/.test(type) || type === "";
  const body = isText ? await response.text() : `(${(await response.blob()).size} bytes)`;
  return {
    ...asked,
    status: response.status,
    statusText: response.statusText,
    headers: response.headers,
    body,
    type,
    ms: performance.now() - began,
  };
}

/** Ask as the genuine app for JSON. Throws an Error with the answer's own words. */
export async function ask(target) {
  const answer = await exchange("genuine", target);
  let said = null;
  try {
    said = JSON.parse(answer.body);
  } catch {
    throw new Error(`The answer (${answer.status}) is no JSON.`);
  }
  if (answer.status !== 200) throw new Error(said.detail ?? `The answer was ${answer.status}.`);
  return { said, answer };
}
