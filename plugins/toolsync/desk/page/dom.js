// Elements are built here, and nowhere from text: what a file says is never markup.

const SVG = "http://www.w3.org/2000/svg";

// An element: h("a", { href, class, onclick, data: {…} }, …children). Values of false, null and undefined are left out, in children too.
export function h(tag, properties = {}, ...children) {
  return furnish(document.createElement(tag), properties, children);
}

// The same for SVG.
export function s(tag, properties = {}, ...children) {
  return furnish(document.createElementNS(SVG, tag), properties, children);
}

function furnish(element, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "data") Object.assign(element.dataset, value);
    else if (name === "value" || name === "checked" || name === "indeterminate") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export function replace(element, ...children) {
  element.replaceChildren(...children.flat(Infinity).filter(Boolean));
  return element;
}

// Like `replace`, for what is drawn again while somebody reads it: keeps the focus, open details and scrolled tables, found by their `data-key`.
export function redraw(element, ...children) {
  const focused = element.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
  const open = keyed(element, "details[open]");
  const scrolled = [...element.querySelectorAll(".scroll[data-key]")].map((each) => [each.dataset.key, each.scrollLeft, each.scrollTop]);
  replace(element, ...children);
  for (const key of open) find(element, key)?.setAttribute("open", "");
  for (const [key, left, top] of scrolled) find(element, key)?.scrollTo(left, top);
  if (focused) find(element, focused)?.focus({ preventScroll: true });
  return element;
}

const keyed = (element, selector) => [...element.querySelectorAll(`${selector}[data-key]`)].map((each) => each.dataset.key);
const find = (element, key) => element.querySelector(`[data-key="${CSS.escape(key)}"]`);

let ids = 0;
export const newId = () => `id${(ids += 1)}`;

const PATHS = {
  approve: "M5 12.5l4.5 4.5L19 7.5",
  back: "M15 5l-7 7 7 7",
  bolt: "M13 3L5 14h6l-1 7 8-11h-6z",
  book: "M5 4h11a3 3 0 0 1 3 3v13H8a3 3 0 0 1-3-3zM5 17a3 3 0 0 1 3-3h11",
  chart: "M5 20V10M12 20V4M19 20v-7",
  clock: "M12 7v5l3 2M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0z",
  cross: "M6 6l12 12M18 6L6 18",
  delete: "M4 7h16M9 7V4h6v3M6.5 7l1 13h9l1-13M10 11v5M14 11v5",
  download: "M12 4v11m0 0l-4.5-4.5M12 15l4.5-4.5M5 20h14",
  file: "M7 3h7l5 5v13H7zM14 3v5h5",
  flask: "M9 3h6M10 3v6L4.8 18.2A2 2 0 0 0 6.5 21h11a2 2 0 0 0 1.7-2.8L14 9V3M7.5 15h9",
  hand: "M8 12V6a1.5 1.5 0 0 1 3 0v5-7a1.5 1.5 0 0 1 3 0v7-5a1.5 1.5 0 0 1 3 0v8a7 7 0 0 1-7 7c-3 0-4.5-1.5-6-4.5L3.5 13a1.5 1.5 0 0 1 2.6-1.5L8 14",
  pause: "M8 5v14M16 5v14",
  pencil: "M4 20l1-4L16.5 4.5a2 2 0 0 1 3 3L8 19z",
  search: "M16 16l5 5M18 10.5a7.5 7.5 0 1 1-15 0 7.5 7.5 0 0 1 15 0z",
  site: "M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0zM3.6 9h16.8M3.6 15h16.8M12 3c-4.5 5.2-4.5 12.8 0 18M12 3c4.5 5.2 4.5 12.8 0 18",
  sync: "M4 9a8 8 0 0 1 13.5-3.5L20 8M20 3v5h-5M20 15a8 8 0 0 1-13.5 3.5L4 16M4 21v-5h5",
  undo: "M8 5L3.5 9.5 8 14M4 9.5h10a6 6 0 0 1 0 12h-4",
  upload: "M12 19V7m0 0l-5 5m5-5l5 5M5 3.5h14",
  warning: "M12 4L2.5 20h19zM12 10v4.5M12 17.5v.1",
};

export function icon(name) {
  return s("svg", { class: "icon", viewBox: "0 0 24 24", "aria-hidden": "true" }, s("path", { d: PATHS[name] }));
}

// Tells those who hear the page what those who see it see change.
export function say(text) {
  const said = document.getElementById("said");
  if (said.textContent !== text) said.textContent = text;
}
