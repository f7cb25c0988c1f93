// What a run changed on the site, or a simulation would change, value by value.

import { h } from "./dom.js";
import { number, t } from "./i18n.js";
import { loading, outcome, paged, searchBox, table, told } from "./parts.js";

const LIMIT = 100;

export function browseChanges(place, address, found, signal) {
  place.append(loading());
  const asked = { q: "", offset: 0, limit: LIMIT };
  return paged(place, `${address}/changes`, asked, signal, (page, load) => [
    h("p", { class: "faint" }, found.simulated ? t("changes_simulated") : t("changes_about")),
    h("div", { class: "filters" }, searchBox(t("search_changes"), asked.q, (q) => load({ q }))),
    rows(found, page),
  ]);
}

function rows(found, { rows: changes }) {
  if (!changes.length) return h("p", { class: "faint" }, t("nothing_found"));
  const heads = [found.unit === "image" ? t("entry") : t("line"), t("thing"), t("database_table"), t("column"), t("before"), t("after")];
  return table(t("changes"), heads, changes.map(row), { key: "changes" });
}

// A row that was made or taken away has no column; what it is, is said in English.
function row({ line, thing, table: name, column, before, after }) {
  const values = column ? [h("td", {}, before), h("td", {}, after)] : [told(before, "td"), told(after, "td")];
  return h("tr", {}, h("th", { scope: "row" }, line === null ? "" : number(line)), h("td", {}, thing), h("td", {}, h("code", {}, name)),
    h("td", {}, column ? h("code", {}, column) : outcome(after ? "created" : "deleted")), values);
}
