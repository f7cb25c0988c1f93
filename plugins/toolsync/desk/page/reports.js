// The reports of a type, newest first.

import { get, path, query } from "./api.js";
import { h, replace } from "./dom.js";
import { known, moment, t } from "./i18n.js";
import { to } from "./links.js";
import { act, button, inShort, notice, OUTCOMES, real, simulated, table, titleOf, total } from "./parts.js";

export async function reports([dagId], { signal, show }) {
  const content = h("div", {});
  const rows = [];
  const more = async (before) => {
    const found = await get(`${path("dags", dagId, "reports")}${query({ limit: 50, before })}`, signal);
    rows.push(...found.reports.map((each) => row(dagId, each)));
    const place = h("div", {});
    const next = found.more ? button(null, t("older"), () => act(next, place, () => more(found.reports.at(-1).claim))) : null;
    const heads = [t("file"), t("when"), t("result"), t("kind")];
    replace(content, rows.length ? table(t("reports"), heads, rows) : notice("", "file", h("p", {}, t("no_reports"))), next, place);
  };
  await more("");
  show(t("reports_of", { title: titleOf({ dag_id: dagId }) }), content);
}

function row(dagId, report) {
  return h("tr", {}, h("th", { scope: "row" }, h("a", { href: to("reports", dagId, report.claim) }, report.file)),
    h("td", {}, moment(report.at), report.by ? h("small", { class: "faint" }, ` · ${report.by}`) : null), h("td", {}, verdict(report), share(report.counts)),
    h("td", {}, report.simulated ? simulated() : real()));
}

function verdict(report) {
  const bad = report.rejected.length > 0;
  return bad || report.refused ? h("span", { class: bad ? "outcome failed" : "outcome" }, inShort(report)) : inShort(report);
}

// The share of each outcome, as a thin bar; the words stand beside it.
function share(counts) {
  const all = total(counts);
  if (!all) return null;
  const part = (name) => {
    const element = h("i", { class: name, title: known(`outcome.${name}`, name) });
    element.style.flexGrow = counts[name];
    return element;
  };
  return h("div", { class: "share", "aria-hidden": "true" }, OUTCOMES.filter((name) => counts[name]).map(part));
}
