// What became of a file: totals, lines with filter and search, downloads.

import { get, path } from "./api.js";
import { browseChanges } from "./changes.js";
import { h, icon, replace } from "./dom.js";
import { known, moment, number, t } from "./i18n.js";
import { airflowLink, runInAirflow, to } from "./links.js";
import { downloadLink, linkButton, loading, notice, outcome, OUTCOMES, paged, real, refusal, searchBox, simulated, table, tabs, titleOf, told, total, trybackLink } from "./parts.js";
import { ofReport } from "./undoing.js";

const LIMIT = 100;

export async function report([dagId, claim], { signal, show }) {
  const address = path("dags", dagId, "reports", claim);
  const found = await get(address, signal);
  const lines = h("div", {}, found.rejected.length ? null : loading());
  show(found.file, head(found), h("div", { class: "actions" }, ahead(found)), verdict(found), ofReport(found), lines, notes(found), text(found), downloads(address, found));
  if (found.rejected.length) return;
  if (found.may.trigger) await tables(lines, address, found, signal);
  else replace(lines, notice("", "file", h("p", {}, t("lines_hidden")), plainCounts(found)));
}

// Lines, and beside them what was changed if anything was.
function tables(place, address, found, signal) {
  if (!found.files.some(({ what }) => what === "changes")) return browse(place, address, found, signal);
  const both = tabs(t("result"), [[t("lines"), (panel) => browse(panel, address, found, signal)], [t("changes"), (panel) => browseChanges(panel, address, found, signal)]]);
  replace(place, both.element);
  return both.open(0);
}

function head(found) {
  return h("p", { class: "badges" }, found.simulated ? simulated() : real(), h("a", { href: to("reports", found.dag_id) }, titleOf(found)),
    h("span", { class: "faint" }, [moment(found.at), found.by].filter(Boolean).join(" · ")),
    found.run_id ? h("a", { href: to("runs", found.dag_id, found.run_id) }, t("the_run")) : null,
    found.run_id ? airflowLink(runInAirflow(found.dag_id, found.run_id), t("in_airflow")) : null);
}

function ahead(found) {
  const links = [];
  if (found.tryback && found.may.trigger) links.push(trybackLink(found));
  if (found.files?.some(({ what }) => what === "plan")) links.push(linkButton(to("plans", found.dag_id, found.claim), "search", t("see_plan")));
  return links;
}

function verdict(found) {
  return [
    found.rejected.length ? notice("bad", "cross", h("strong", {}, t("rejected")), h("ul", {}, found.rejected.map((each) => told(each, "li")))) : null,
    refusal(found),
    found.failed_over ? notice("bad", "warning", told(found.failed_over, "p")) : null,
    found.simulated ? notice("simulation", "flask", h("p", {}, t("simulation_about"))) : null,
  ];
}

const plainCounts = ({ counts }) => h("ul", { class: "figures" }, OUTCOMES.filter((name) => counts[name]).map((name) =>
  h("li", { class: name }, h("strong", {}, number(counts[name])), " ", t(`outcome.${name}`, { n: counts[name] }))));

// The table of lines.
function browse(place, address, found, signal) {
  const asked = { outcome: found.counts.failed ? "failed" : "", q: "", offset: 0, limit: LIMIT };
  return paged(place, `${address}/lines`, asked, signal, (page, load) => [filters(found, asked, load), rows(found, page)]);
}

function filters({ counts }, asked, load) {
  const chip = (name, text, amount) => h("button", { type: "button", class: `chip ${name}`, "aria-pressed": String(asked.outcome === name), data: { key: `chip ${name}` },
    onclick: () => load({ outcome: name }) }, text, " ", h("strong", {}, number(amount)));
  return h("div", { class: "filters" }, h("div", { class: "chips", role: "group", "aria-label": t("filter") }, chip("", t("all"), total(counts)),
    OUTCOMES.filter((name) => counts[name]).map((name) => chip(name, t(`outcome.${name}`, { n: counts[name] }), counts[name])),
    counts.incomplete ? chip("remarked", t("outcome.incomplete", { n: counts.incomplete }), counts.incomplete) : null),
  searchBox(t("search_lines"), asked.q, (q) => load({ q })));
}

function rows(found, { rows: lines, header }) {
  if (!lines.length) return h("p", { class: "faint" }, t("nothing_found"));
  const cells = lines.some((line) => line.cells);
  const heads = [found.unit === "image" ? t("entry") : t("line"), t("outcome"), t("message"),
    ...(cells ? header.map(({ name, secret }) => h("th", { scope: "col" }, name, secret ? h("small", {}, " ", t("secret")) : null)) : [])];
  return table(t("lines"), heads, lines.map((line) => row(line, cells ? header : [])), { key: "lines", kind: "lines" });
}

function row(line, header) {
  const wrong = new Set(line.remarks.map(({ column }) => column?.toLowerCase()));
  const cell = ({ name, secret }, place) => {
    const value = line.cells?.[place];
    return h("td", { class: wrong.has(name.toLowerCase()) && line.cells ? "wrong" : null }, line.cells && (secret || value === null) ? h("span", { class: "faint" }, "•••") : (value ?? ""));
  };
  return h("tr", {}, h("th", { scope: "row" }, number(line.line)), h("td", {}, outcome(line.outcome)), h("td", { class: "remarks" }, line.remarks.map(remark)), header.map(cell));
}

const remark = ({ column, value, message }) =>
  h("p", {}, column ? [h("code", {}, column), " "] : null, value ? [h("q", {}, value), " "] : null, told(message));

const notes = ({ notes: found }) => (found?.length ? h("section", {}, h("h2", {}, t("notes")), h("ul", {}, found.map((each) => told(each, "li")))) : null);

const text = ({ text: found }) =>
  found ? h("details", {}, h("summary", {}, t("as_text")), h("pre", { class: "scroll", tabindex: "0", lang: "en" }, found)) : null;

function downloads(address, { files }) {
  if (!files?.length) return null;
  return h("section", {}, h("h2", {}, icon("download"), t("downloads")), h("div", { class: "actions" },
    files.map(({ what, size }) => downloadLink(`${address}/files/${encodeURIComponent(what)}`, known(`download.${what}`, what), size))));
}
