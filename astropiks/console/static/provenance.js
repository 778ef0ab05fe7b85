// Where an answer came from, by Cache-Status (RFC 9211) and Age, in words.

/** Write seconds as people say them. */
export function duration(seconds) {
  if (seconds < 1) return "less than a second";
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 2 * 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 2 * 86400) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86400)} days`;
}

/** Give `{ kind, words }` for an answer's headers, or null if they do not tell. */
export function provenance(headers) {
  const status = headers.get("Cache-Status");
  if (status === null) return null;
  const age = headers.get("Age");
  const old = age === null ? "" : `, ${duration(Number(age))} old`;
  if (status.includes("detail=stale-if-error")) {
    return { kind: "stale", words: `Stale: NASA is down. From memory${old}.` };
  }
  if (status.includes("detail=stale-while-revalidate")) {
    return { kind: "stale", words: `From memory${old}. NASA is being asked for a fresh one.` };
  }
  if (/;\s*hit\b/.test(status)) return { kind: "memory", words: `From memory${old}.` };
  if (status.includes("collapsed")) {
    return { kind: "asked", words: "Shared a call of NASA that was under way." };
  }
  if (status.includes("fwd=stale")) {
    return { kind: "asked", words: "Asked NASA just now: what was held had grown old." };
  }
  if (status.includes("fwd=")) return { kind: "asked", words: "Asked NASA just now." };
  return null;
}
