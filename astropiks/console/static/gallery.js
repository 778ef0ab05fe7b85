// Days back from the latest, a range at a time, as they are scrolled into view.

import { byId, element } from "./dom.js";
import { ask } from "./exchange.js";
import { showPicture } from "./picture.js";
import { provenance } from "./provenance.js";
import { dayAfter, pictureOrLink, shortDay } from "./record.js";

const APOD = "/planetary/apod";
const DAYS = 12;
const FIRST_DAY = "1995-06-16";
const AHEAD = "0px 480px 0px 0px";

let newest = null;
let isLoading = false;

/** Begin; `tellFirst` is told of the exchange that brought the latest picture. */
export function startGallery(tellFirst) {
  if (!byId("gallery")) return;
  const end = element("li", { class: "end" });
  byId("days").append(end);
  const watch = new IntersectionObserver(
    (entries) => { if (entries.at(-1).isIntersecting) more(end, watch); },
    { root: byId("strip"), rootMargin: AHEAD },
  );
  const scroll = (direction) => {
    const width = byId("strip").clientWidth * 0.8;
    const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    byId("strip").scrollBy({ left: direction * width, behavior: isCalm ? "instant" : "smooth" });
  };
  byId("gallery-earlier").addEventListener("click", () => scroll(1));
  byId("gallery-later").addEventListener("click", () => scroll(-1));
  byId("days").addEventListener("keydown", goThrough);
  latest(end, watch, tellFirst);
}

async function latest(end, watch, tellFirst) {
  const came = await attempt(end, () => latest(end, watch, tellFirst), () => ask(APOD));
  if (!came) return;
  tellFirst(came.answer);
  const from = provenance(came.answer.headers);
  showPicture(came.said, "Picture of the day", from);
  add([came.said], end, from);
  select(end.previousElementSibling);
  reach(end.previousElementSibling);
  newest = dayAfter(came.said.date, -1);
  watch.observe(end);
}

async function more(end, watch) {
  if (isLoading || newest === null || newest < FIRST_DAY) return;
  const first = dayAfter(newest, 1 - DAYS);
  const start = first < FIRST_DAY ? FIRST_DAY : first;
  isLoading = true;
  const target = `${APOD}?start_date=${start}&end_date=${newest}`;
  const came = await attempt(end, () => more(end, watch), () => ask(target));
  isLoading = false;
  if (!came) return;
  add(came.said.reverse(), end, provenance(came.answer.headers));
  newest = dayAfter(start, -1);
  byId("gallery-status").textContent = `Days back to ${shortDay(start)} are there.`;
  watch.unobserve(end); // it tells anew whether the end is near
  if (newest < FIRST_DAY) end.replaceChildren(element("p", {}, "Here it all began."));
  else watch.observe(end);
}

/** Give what `load` gives; if it fails, say so at the end of the strip and offer to try again. */
async function attempt(end, again, load) {
  end.replaceChildren(element("p", { class: "loading" }, "Loading…"));
  try {
    const came = await load();
    end.replaceChildren();
    return came;
  } catch (error) {
    const retry = element("button", { type: "button", click: again }, "Try again");
    end.replaceChildren(element("p", {}, error.message), retry);
    byId("gallery-status").textContent = error.message;
    return null;
  }
}

function add(records, end, from) {
  for (const record of records) {
    const shows = () => {
      const isLatest = end.parentElement.firstElementChild === card;
      showPicture(record, isLatest ? "Picture of the day" : "An earlier day", from);
      select(card);
      reach(card);
      byId("gallery-status").textContent = `Showing ${record.title.trim()}.`;
    };
    const card = element(
      "li", { class: "card", "data-day": record.date },
      element("div", { class: "thumb" }, pictureOrLink(record, { loading: "lazy", alt: "" })),
      element(
        "button", { type: "button", tabindex: -1, "aria-pressed": "false", click: shows },
        element("time", { datetime: record.date }, shortDay(record.date)),
        element("span", {}, record.title.trim()),
      ),
    );
    for (const link of card.querySelectorAll("a")) link.tabIndex = -1;
    end.before(card);
  }
}

/** The tab key stops at one day only: else it would lead back to 1995. Arrow keys go on. */
function goThrough(event) {
  const card = event.target.closest(".card");
  const to = {
    ArrowRight: card?.nextElementSibling,
    ArrowLeft: card?.previousElementSibling,
    Home: byId("days").firstElementChild,
    End: byId("days").lastElementChild.previousElementSibling,
  }[event.key];
  if (!card || !to?.matches(".card")) return;
  event.preventDefault();
  reach(to);
  to.querySelector("button").focus();
}

function reach(card) {
  for (const one of byId("days").querySelectorAll(".card [tabindex='0']")) one.tabIndex = -1;
  for (const one of card.querySelectorAll("a, button")) one.tabIndex = 0;
}

function select(card) {
  byId("days").querySelector("[aria-pressed=true]")?.setAttribute("aria-pressed", "false");
  card.querySelector("button").setAttribute("aria-pressed", "true");
}
