// What a record says, made fit for the page: addresses that may be used, dates as people write them.

import { element } from "./dom.js";

const HOSTS = document.body.dataset.hosts.split(" ").filter(Boolean);
const THROUGH = `${document.body.dataset.base}/v2/`;
const NASA_PAGES = "https://apod.nasa.gov/apod/";
const FILE = /\.(jpe?g|png|gif|tiff?|webp|bmp)$/i;

/** Give NASA's address of a page or file, if it is one: never a script. */
export function webAddress(text) {
  const given = text.trim();
  const atNasa = given.startsWith(THROUGH) ? `https://${given.slice(THROUGH.length)}` : given;
  try {
    const url = new URL(atNasa, NASA_PAGES);
    return url.protocol === "https:" || url.protocol === "http:" ? url : null;
  } catch {
    return null;
  }
}

/** Give where this machine has the picture that a record names, or null. */
export function pictureAddress(record) {
  const text = record.url ?? "";
  const url = webAddress(text);
  const isOurs = url && HOSTS.includes(url.hostname) && FILE.test(url.pathname);
  const isPicture = record.media_type === "image" && text !== "";
  return isOurs && isPicture ? `/console/v2/${url.hostname}${url.pathname}${url.search}` : null;
}

/** Give the picture, or what stands in its place: a link, since nothing is loaded from elsewhere. */
export function pictureOrLink(record, attributes = {}) {
  const address = pictureAddress(record);
  if (address) {
    const image = element("img", { alt: record.title, decoding: "async", ...attributes, src: address });
    image.addEventListener("error", () => image.replaceWith(elsewhere(record, "The picture did not come.")));
    return image;
  }
  if (record.media_type === "video") return elsewhere(record, "A video");
  return elsewhere(record, record.url ? "A picture elsewhere" : "Neither picture nor video");
}

function elsewhere(record, words) {
  const url = record.url ? webAddress(record.url) : null;
  const to = url && element(
    "a", { href: url.href, target: "_blank", rel: "noopener noreferrer" }, `Open at ${url.hostname}`,
  );
  return element("p", { class: "elsewhere" }, element("span", {}, words), to);
}

const format = (options) => {
  const formatter = new Intl.DateTimeFormat("en-GB", { timeZone: "UTC", ...options });
  return (day) => formatter.format(new Date(`${day}T00:00:00Z`));
};

export const longDay = format({ day: "numeric", month: "long", year: "numeric" });
export const shortDay = format({ day: "numeric", month: "short", year: "numeric" });

/** Give the date that is so many days after another; both as in records. */
export function dayAfter(day, days) {
  const moment = new Date(`${day}T00:00:00Z`);
  moment.setUTCDate(moment.getUTCDate() + days);
  return moment.toISOString().slice(0, 10);
}
