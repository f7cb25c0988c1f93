// What a file would take away, and the answer of whoever may give it.

import { get, path, post, query } from "./api.js";
import { h, redraw, replace, say } from "./dom.js";
import { known, moment, number, size, t } from "./i18n.js";
import { airflowLink, runInAirflow, to } from "./links.js";
import { act, answered, ask, badge, button, linkButton, notice, pager, searchBox, siteBadge, table, titleOf, told, trouble } from "./parts.js";

const LIMIT = 100;
const AMOUNTS = ["people", "activities", "files", "rows_gone", "bytes", "returned", "changed_back", "removed", "stay"];

export async function plan([dagId, claim], { signal, show }) {
  const address = path("dags", dagId, "plans", claim);
  const [decision, rows] = [h("div", {}), h("div", {})];
  const asked = { q: "", offset: 0, limit: LIMIT };
  let latest = 0;
  const load = async (change = {}) => {
    Object.assign(asked, { offset: 0 }, change);
    const mine = (latest += 1);
    const page = await get(`${address}${query(asked)}`, signal);
    if (mine === latest) redraw(rows, searchBox(t("search_plan"), asked.q, search), found(page), pager({ ...asked, matching: page.matching }, (offset) => search(undefined, offset)));
    return page;
  };
  const search = async (q = asked.q, offset = 0) => {
    try {
      say(t("matching", { n: (await load({ q, offset })).matching }));
    } catch (error) {
      if (!signal.aborted) replace(rows, trouble(error));
    }
  };
  const page = await load();
  const answer = async () => replace(decision, decided(await load(), address, answer, dagId));
  show(t("plan_of", { file: page.file }), h("p", { class: "badges" }, h("span", { class: "faint" }, titleOf({ dag_id: dagId })),
    page.run_id ? h("a", { href: to("runs", dagId, page.run_id) }, t("the_run")) : null,
    page.run_id ? airflowLink(runInAirflow(dagId, page.run_id), t("in_airflow")) : null, page.at ? h("span", { class: "faint" }, moment(page.at)) : null),
  notice("warn", "delete", told(page.total, "p", { class: "total" }), page.why.map((each) => told(each, "p"))),
  page.remarks.length ? h("ul", {}, page.remarks.map(({ line, column, message }) => told([line ? `${t("line")} ${number(line)}` : null, column, message].filter(Boolean).join(": "), "li"))) : null, decision, rows);
  replace(decision, decided(page, address, answer, dagId));
}

function found(page) {
  if (!page.rows.length) return h("p", { class: "faint" }, t("nothing_found"));
  const heads = page.columns.map((name) => h("th", { scope: "col", class: AMOUNTS.includes(name) ? "amount" : null }, known(`plan.${name}`, name)));
  return table(t("plan_rows"), heads, page.rows.map((row) => h("tr", {}, page.columns.map((name) => cell(name, row[name])))), { key: "plan" });
}

function cell(name, value) {
  if (name === "lastaccess") return h("td", {}, value ? (typeof value === "number" ? moment(value * 1000) : value) : t("never"));
  if (name === "bytes" && typeof value === "number") return h("td", { class: "amount" }, size(value));
  const amount = AMOUNTS.includes(name);
  return h("td", { class: amount ? "amount" : null }, amount && typeof value === "number" ? number(value) : (value ?? ""));
}

// Who answered, or the two buttons.
function decided(page, address, refresh, dagId) {
  if (page.answer) {
    return answered(page.answer, page.run_id ? linkButton(to("runs", dagId, page.run_id), "chart", t("the_run")) : null);
  }
  if (page.state !== "waiting") return null;
  if (!page.may_answer) return h("p", {}, badge("warn", "clock", t("awaits_answer")), " ", t("may_not_answer"));
  const place = h("div", {});
  const give = (approve, question) => async () => {
    const reply = await ask(question.title, [siteBadge(dagId), h("p", {}, question.about), told(page.total, "p", { class: "total" })], { yes: question.yes, kind: question.kind, field: t("reason") });
    if (!reply) return;
    await act(both, place, () => post(`${address}/answer`, { approve, reason: reply.text }));
    await refresh().catch(() => null);
  };
  const both = [
    button("approve", t("approve"), give(true, { title: t("approve_title"), about: t("approve_about"), yes: t("approve"), kind: "danger" }), { class: "button danger" }),
    button("cross", t("reject"), give(false, { title: t("reject_title"), about: t("reject_about"), yes: t("reject"), kind: "primary" })),
  ];
  return h("div", { class: "decision" }, siteBadge(dagId), h("div", { class: "actions" }, both), h("p", { class: "faint" }, t("answer_about")), place);
}
