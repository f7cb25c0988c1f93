// The manual of each type, with a sample.

import { get, path } from "./api.js";
import { h } from "./dom.js";
import { t } from "./i18n.js";
import { to } from "./links.js";
import { downloadLink, linkButton, titleOf } from "./parts.js";
import { grouped } from "./overview.js";
import { inSite } from "./sites.js";

// What a manual may consist of; everything else is shown as its text.
const TAGS = new Set("A BLOCKQUOTE BR CODE DD DEL DL DT EM H1 H2 H3 H4 H5 H6 HR LI OL P PRE STRONG TABLE TBODY TD TH THEAD TR UL".split(" "));

export async function manual([dagId], { signal, show }) {
  const { types } = await get(`api/overview${inSite()}`, signal);
  const groups = grouped(types);
  const chosen = types.find((dag) => dag.dag_id === dagId);
  const list = h("nav", { class: "types", "aria-label": t("manuals") }, groups.map(([name, dags]) => [h("h2", {}, t(`group.${name}`)), h("ul", { class: "plain" }, dags.map((dag) =>
    h("li", {}, h("a", { href: to("manual", dag.dag_id), "aria-current": dag === chosen ? "page" : null }, titleOf(dag)))))]));
  if (!dagId) {
    show(t("manuals"), h("p", { class: "faint" }, t("manuals_about")), list);
    return;
  }
  const found = await get(path("dags", dagId, "manual"), signal);
  const actions = h("div", { class: "actions" }, found.sample ? downloadLink(path("dags", dagId, "sample"), t("sample", { name: found.sample })) : null,
    chosen?.may.trigger && chosen.takes_files ? linkButton(to("upload", dagId), "upload", t("upload_file")) : null);
  show(titleOf({ dag_id: dagId, ...found }), h("div", { class: "book" }, list, h("article", { class: "manual", lang: "en" }, actions, safe(found.html))));
}

// The server's HTML, rebuilt from the elements that a manual needs and nothing else.
function safe(html) {
  const rebuilt = (node) => {
    if (node.nodeType === Node.TEXT_NODE) return node.textContent;
    if (node.nodeType !== Node.ELEMENT_NODE) return null;
    const children = [...node.childNodes].map(rebuilt);
    if (!TAGS.has(node.tagName)) return children;
    if (node.tagName === "TH" && !node.textContent.trim()) return h("td");
    if (node.tagName === "TABLE") return h("div", { class: "scroll", tabindex: "0" }, h("table", {}, children));
    if (node.tagName === "PRE") return h("pre", { class: "scroll", tabindex: "0" }, children);
    return h(node.tagName === "H1" ? "h2" : node.tagName, { href: node.tagName === "A" ? address(node) : null }, children);
  };
  const body = new DOMParser().parseFromString(html, "text/html").body;
  return [...body.childNodes].map(rebuilt);
}

const address = (node) => (/^https?:/.test(node.getAttribute("href") ?? "") ? node.getAttribute("href") : null);
