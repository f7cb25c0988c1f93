// Pages by the address after `#`. A page is a function (parameters, { signal, show }) that calls `show` with its elements, as often as it likes.

import { h, replace, say } from "./dom.js";
import { t } from "./i18n.js";
import { ApiError } from "./api.js";
import { drawHead } from "./head.js";
import { tellFrame } from "./links.js";
import { learnTitle, loading, signedOut, trouble } from "./parts.js";
import { enter, inSite, knownSites, learnSites, siteHere, titleHere } from "./sites.js";

let leaving = new AbortController();
let guard = null; // of a page with unsent changes
let here = null; // the address that is shown

// What keeps a page from being left: `changed` tells whether something would be lost, `ask` resolves to true when it may be. Null: nothing.
export function beforeLeaving(what) {
  guard = what;
}

export function start(routes) {
  const open = async () => {
    if (location.hash === here) return;
    if (guard?.changed()) {
      const wanted = location.hash;
      history.replaceState(null, "", here);
      if (!(await guard.ask())) return drawHead(words()[0] ?? "");
      history.replaceState(null, "", wanted);
    }
    guard = null;
    const moved = here !== null;
    here = location.hash;
    tellFrame();
    await render(routes, moved);
  };
  addEventListener("hashchange", open);
  // A link to the page that is shown begins it anew.
  addEventListener("click", (event) => {
    if (event.target.closest?.("a")?.getAttribute("href") !== location.hash) return;
    here = "";
    open();
  });
  addEventListener("beforeunload", (event) => guard?.changed() && event.preventDefault());
  return open();
}

async function render(routes, moved) {
  leaving.abort();
  leaving = new AbortController();
  const { signal } = leaving;
  const main = document.getElementById("main");
  let shown = false;
  const show = (title, ...children) => {
    if (signal.aborted) return;
    const site = titleHere();
    document.title = [title, site, "Tool Sync"].filter(Boolean).join(" · ");
    const heading = h("h1", { tabindex: "-1" }, title, site ? h("span", { class: "of-site" }, ` · ${site}`) : null);
    // Whoever goes through the sites with the keyboard stays at their choice.
    const focus = shown ? document.activeElement?.matches("h1") : moved && !document.activeElement?.matches("#top select");
    main.dataset.address = location.hash;
    replace(main, h("div", { class: "page" }, h("div", { class: "title" }, heading), ...children));
    if (focus) heading.focus({ preventScroll: true });
    if (!shown) scrollTo(0, 0);
    shown = true;
  };
  const waits = setTimeout(() => shown || signal.aborted || replace(main, loading()), 250);
  try {
    const parts = await place(signal);
    const page = routes[`${parts[0] ?? ""}/${Math.max(parts.length - 1, 0)}`];
    if (!page) throw new ApiError(404, { detail: t("no_page") });
    if (parts[1]) await learnTitle(parts[1], signal);
    await page(parts.slice(1), { signal, show });
  } catch (error) {
    if (signal.aborted || error.name === "AbortError") return;
    if (!(error instanceof ApiError)) console.error(error);
    show(t("trouble"), error.status === 401 ? signedOut() : trouble(error));
    say(error.message);
  } finally {
    clearTimeout(waits);
  }
}

function decode(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

// The words of the address, and the site that the page is about: an address without one gets it, so that it can be passed on.
async function place(signal) {
  const parts = words();
  let known = true;
  try {
    if (!knownSites()) await learnSites(signal);
    known = enter(parts[1], new URLSearchParams(location.hash.split("?")[1]).get("site"));
  } finally {
    if (!signal.aborted) drawHead(parts[0] ?? "");
  }
  signal.throwIfAborted();
  if (!known) throw new ApiError(404, { detail: t("no_site") });
  if (!parts[1] && siteHere()) history.replaceState(null, "", `${location.hash.split("?")[0] || "#/"}${inSite()}`);
  here = location.hash;
  tellFrame();
  return parts;
}

const words = () => location.hash.replace(/^#\/?/, "").split("?")[0].split("/").filter(Boolean).map(decode);
