// Undoing runs: what a bundle would put back, and the buttons that do it. Used by the report of a run and by the list of bundles.

import { h, icon, newId } from "./dom.js";
import { day, moment, number, size, t } from "./i18n.js";
import { go, to } from "./links.js";
import { act, badge, button, learnTitle, linkButton, notice, siteBadge, table } from "./parts.js";
import { trigger } from "./ready.js";

// What a run did to rows, and the colour of what an undo does to them.
const CHANGES = [["deleted", "created"], ["changed", "updated"], ["made", "deleted"]];

// How many rows an undo would put back, change back, take away: [kind, number] of each kind there is.
const sums = ({ tables }) => CHANGES.map(([change]) => [change, tables.reduce((sum, each) => sum + each[change], 0)]).filter(([, n]) => n);

const uncounted = ({ uncounted: n }) => (n ? [t("undo_uncounted", { n })] : []);

// The same in words; a run that did not end has counted nothing, and of a large one of earlier versions not all is looked into.
export const inWords = (bundle) => (bundle.tables === null ? [t("undo_not_counted")] : [...sums(bundle).map(([change, n]) => t(`does.${change}`, { n })), ...uncounted(bundle)]);

const kept = ({ until }) => (until ? t("kept_until", { when: day(until) }) : t("kept_for_ever"));

// What became of a bundle, where there is something to tell.
export function bundleState({ state, undone }) {
  if (state === "working") return badge("busy", "sync", t("state.running"));
  if (!undone) return null;
  const partly = state === "partly";
  const words = badge(partly ? "warn" : "good", partly ? "warning" : "approve", t(partly ? "undone_in_part" : "undone_wholly"));
  return [reportOf(undone, words), h("small", { class: "faint" }, moment(undone.at))];
}

// Words that lead to the report of the run that put something back, if it was noted.
export const reportOf = (undone, words) => (undone?.claim ? h("a", { href: to("reports", undone.dag_id, undone.claim) }, words) : words);

// The report's part about the undo of its run.
export function ofReport({ undo, dag_id: dagId }) {
  if (!undo) return null;
  const { state, bundle, by } = undo;
  if (!bundle) return h("p", { class: "faint" }, icon("undo"), " ", t(`unkept.${state}`));
  if (state === "undone") return undone(bundle, by);
  if (state === "working") return h("p", { class: "faint" }, icon("undo"), " ", t("undo_working"));
  return [
    state === "partly" ? undone(bundle, by) : null,
    h("details", { class: "options", data: { key: "undo" } }, h("summary", {}, icon("undo"), " ", t("undo_this"), " ", h("small", { class: "faint" }, inWords(bundle).join(", "))),
      h("div", { class: "undoing" }, figures(bundle), h("p", { class: "faint" }, [t("undo_since", { when: moment(bundle.at) }), kept(bundle), bundle.size === null ? null : size(bundle.size)].filter(Boolean).join(" · ")), byTable(bundle),
        bundle.may.undo ? undoChoice(undo.dag_id, () => [bundle]).element : h("p", {}, t("may_not_undo")),
        undo.by_course ? h("p", {}, t("by_course"), " ", linkButton(to("undo", dagId), "undo", t("undo_of_courses"), "quiet")) : null)),
  ];
}

function undone({ state, undone: { at, dag_id: dagId, claim } }, by) {
  const partly = state === "partly";
  return notice(partly ? "warn" : "good", partly ? "warning" : "approve",
    h("p", {}, by ? t(partly ? "partly_undone_by" : "undone_by", { by, when: moment(at) }) : t(partly ? "partly_undone" : "undone", { when: moment(at) })),
    claim ? linkButton(to("reports", dagId, claim), "file", t("report_of_undo")) : null);
}

const figures = (bundle) => (bundle.tables === null ? h("p", {}, t("undo_not_counted")) : h("ul", { class: "figures" }, sums(bundle).map(([change, n]) =>
  h("li", { class: CHANGES.find(([name]) => name === change)[1] }, t(`does.${change}`, { n }))), uncounted(bundle).map((words) => h("li", {}, words))));

function byTable({ tables }) {
  if (!tables?.length) return null;
  const amount = (n) => h("td", { class: "amount" }, n ? number(n) : "");
  const heads = [t("database_table"), ...CHANGES.map(([change]) => h("th", { scope: "col", class: "amount" }, t(`did.${change}`)))];
  return h("details", {}, h("summary", {}, t("by_table")), table(t("by_table"), heads,
    tables.map((each) => h("tr", {}, h("th", { scope: "row" }, h("code", {}, each.table)), CHANGES.map(([change]) => amount(each[change])))), { key: "tables" }));
}

// The two ways to undo, with what they need to know. Returns the element, and a function that says on the button how many runs are undone.
// :param undoDag: the DAG that does it. :param runs: gives the bundles.
export function undoChoice(undoDag, runs) {
  const [place, id] = [h("div", { "aria-live": "polite" }), newId()];
  const overwrite = h("input", { id, type: "checkbox", "aria-describedby": `${id}-about` });
  const start = (simulate) => () => act(both, place, async () => {
    await learnTitle(undoDag);
    await startUndo(undoDag, { runs: runs().map(({ dag_id, claim }) => ({ dag_id, claim })), overwrite_changes: overwrite.checked, simulate });
  });
  const both = [button("flask", t("simulate"), start(true), { class: "button simulation" }), button("undo", t("undo_it"), start(false), { class: "button real" })];
  const name = (n) => { both[1].lastChild.textContent = t("undo_runs", { n }); };
  const element = h("div", { class: "going" }, siteBadge(undoDag),
    h("div", { class: "field tick" }, overwrite, h("label", { for: id }, t("overwrite_changes")), h("p", { class: "faint", id: `${id}-about` }, t("overwrite_changes_about"))),
    h("div", { class: "actions" }, both), h("p", { class: "faint" }, t("undo_how")), place);
  return { element, name };
}

// Begins an undo and goes where it can be watched, unless the person does not want the DAG switched on.
export async function startUndo(undoDag, body) {
  const begun = await trigger(undoDag, body, {}, "api/undo/runs");
  if (begun) go("runs", begun.dag_id, begun.run_id);
}
