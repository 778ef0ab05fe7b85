// The large picture.

import { byId } from "./dom.js";
import { longDay, pictureOrLink } from "./record.js";

/** Show a record; `kind` says what it is, `from` where it came from. */
export function showPicture(record, kind, from) {
  byId("picture-kind").textContent = kind;
  byId("picture-day").textContent = longDay(record.date);
  byId("picture-day").dateTime = record.date;
  byId("picture-title").textContent = record.title.trim();
  byId("picture-credit").textContent = record.copyright ? `© ${record.copyright.trim()}` : "";
  byId("picture-text").textContent = record.explanation;
  byId("picture-provenance").textContent = from?.words ?? "";
  byId("picture-provenance").dataset.kind = from?.kind ?? "";
  const shown = byId("picture-frame").querySelector("img");
  const next = pictureOrLink(record);
  const isThere = shown?.naturalWidth && shown.getAttribute("src") === next.getAttribute("src");
  if (!isThere) byId("picture-frame").replaceChildren(next);
}
