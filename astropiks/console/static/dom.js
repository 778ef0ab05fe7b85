// Elements and text. Nothing here, or anywhere else, takes text for HTML.

export const byId = (id) => document.getElementById(id);

/** Make an element; of its children, texts become text, and null or false is none. */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(key, value);
    else if (value === true) made.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child || child === ""));
  return made;
}

/** Make a button that copies what `text()` gives, where the browser lets a page copy. */
export function copyButton(text, label = "Copy") {
  const button = element("button", { type: "button", class: "small" }, label);
  if (!navigator.clipboard) button.hidden = true;
  onCopy(button, text);
  return button;
}

export function onCopy(button, text) {
  const label = button.textContent;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text());
      button.textContent = "Copied";
    } catch {
      button.textContent = "Not allowed";
    }
    setTimeout(() => { button.textContent = label; }, 1500);
  });
}
