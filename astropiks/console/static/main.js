// Starts each part of the page. One that breaks leaves the others alone.

import { startCounters } from "./counters.js";
import { byId, onCopy } from "./dom.js";
import { startGallery } from "./gallery.js";
import { showSetAside, startNasa } from "./nasa.js";
import { startSecrets } from "./secrets.js";
import { showFirst, startWho } from "./who.js";

for (const start of [startWho, () => startGallery(showFirst), startNasa, startSecrets, () => startCounters(showSetAside)]) {
  try {
    start();
  } catch (error) {
    console.error(error);
  }
}

for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = !navigator.clipboard;
  onCopy(button, () => byId(button.dataset.copy).textContent);
}
