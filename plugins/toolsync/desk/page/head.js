// What stands above every page: the navigation, and the choice of the site where there are several.

import { h, icon, redraw } from "./dom.js";
import { t } from "./i18n.js";
import { to } from "./links.js";
import { inSite, knownSites, siteHere } from "./sites.js";

const OF_SITES = ["upload", "undo", "manual"]; // pages that there are for each site, besides the overview

// :param page: the first word of the address.
export function drawHead(page) {
  const link = (name, pages, picture) => h("a", { href: to(...(name ? [name] : [])), data: { key: `to ${name}` }, "aria-current": pages.includes(page) ? "page" : null },
    icon(picture), h("span", {}, t({ "": "overview", manual: "manuals" }[name] ?? name)));
  const skip = h("a", { class: "skip", href: "#main", onclick: toMain }, t("skip"));
  redraw(document.getElementById("top"), skip, h("a", { class: "brand", href: to(), data: { key: "brand" } }, icon("sync"), "Tool Sync"),
    h("nav", { "aria-label": t("navigation") }, link("", ["", "runs", "reports", "trybacks", "plans", "start"], "chart"), link("upload", ["upload"], "upload"),
      link("undo", ["undo"], "undo"), link("manual", ["manual"], "book")), choice(page));
}

function choice(page) {
  const sites = knownSites() ?? [];
  if (sites.length < 2) return null;
  const other = (event) => {
    location.hash = `#/${OF_SITES.includes(page) ? page : ""}${inSite(event.target.value)}`;
  };
  const named = ({ name, title, approvals }) =>
    h("option", { value: name, selected: name === siteHere() }, approvals ? `${title} · ${t("approvals", { n: approvals })}` : title);
  return h("label", { class: "site" }, icon("site"), h("span", { class: "unseen" }, t("site")),
    h("select", { onchange: other, data: { key: "site" } }, siteHere() ? null : h("option", { value: "", selected: true, disabled: true }, "…"), sites.map(named)));
}

function toMain(event) {
  event.preventDefault();
  document.querySelector("#main h1")?.focus();
}
