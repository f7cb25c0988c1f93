// What runs have changed and can be undone, and the courses that can be put back one by one.

import { get, post, query } from "./api.js";
import { h, redraw, replace, say } from "./dom.js";
import { day, moment, size, t } from "./i18n.js";
import { go, to } from "./links.js";
import { act, badge, button, notice, searchBox, table, titleOf, trouble } from "./parts.js";
import { siteHere, withoutSite } from "./sites.js";
import { bundleState, inWords, reportOf, undoChoice } from "./undoing.js";

const LIMIT = 50;
const WITH_COURSES = ["toolsync_courses", "toolsync_courses_delete", "toolsync_courses_reset"]; // types that keep bundles of courses, too

// :param dagId: the type to begin with; none: all.
export async function undo([dagId], { signal, show }) {
  const asked = { site: siteHere(), dag_id: dagId ?? "", q: "" };
  const [filters, empty, bottom] = [h("div", {}), h("div", {}), h("div", { class: "sending", hidden: true })];
  const ticked = () => { bottom.hidden = runs.chosen.size + courses.chosen.size === 0; };
  const runs = runsPart(asked, signal, ticked);
  const courses = coursesPart(asked, signal, ticked);
  bottom.append(runs.choice, courses.choice);
  let latest = 0;
  const draw = async (change = {}) => {
    Object.assign(asked, change);
    const mine = (latest += 1);
    const found = await Promise.all([runs.ask(), courses.ask()]);
    if (mine !== latest) return; // typed on meanwhile
    const [{ types, runs: listed }, { bundles }] = found;
    redraw(filters, choices(types, asked, again));
    const nothing = !listed.length && !bundles.length && !found[0].next;
    replace(empty, nothing ? (asked.q || asked.dag_id ? h("p", { class: "faint" }, t("nothing_found")) : notice("", "undo", h("p", {}, t("no_bundles")))) : null);
    runs.draw(found[0]);
    courses.draw(found[1]);
    if (asked.q) say(t("matching", { n: listed.length + bundles.length }));
  };
  const again = (change) => draw(change).catch((error) => signal.aborted || replace(empty, trouble(error)));
  await draw();
  show(t("undo"), h("p", { class: "faint" }, t("undo_about")), filters, empty, runs.element, courses.element, bottom);
}

function choices(types, asked, draw) {
  const named = types.map((dag) => [dag.dag_id, titleOf(dag)]).sort(([, one], [, other]) => one.localeCompare(other));
  return h("div", { class: "filters" },
    h("select", { "aria-label": t("type_of_run"), onchange: (event) => draw({ dag_id: event.target.value }), data: { key: "type" } },
      [["", t("all_types")], ...named].map(([value, text]) => h("option", { value, selected: value === asked.dag_id }, text))),
    searchBox(t("search_bundles"), asked.q, (q) => draw({ q })));
}

// The bundles of runs: ticked, they are undone together.
function runsPart(asked, signal, ticked) {
  const chosen = new Map(); // by claim
  const [list, names, choice] = [h("div", {}), h("p", {}), h("div", { hidden: true })];
  const element = h("section", { hidden: true }, h("h2", {}, t("undo_of_runs")), list);
  const ask = (before) => get(`api/undo/runs${query({ ...asked, limit: LIMIT, before })}`, signal);
  let buttons = null;
  const choose = (bundle, on) => {
    if (on) chosen.set(bundle.claim, bundle);
    else chosen.delete(bundle.claim);
    choice.hidden = chosen.size === 0;
    replace(names, [...chosen.values()].map(({ file }) => file).join(", "));
    buttons.name(chosen.size);
    ticked();
  };
  const draw = ({ dag_id: undoDag, runs, next }, shown = []) => {
    if (!buttons && undoDag) {
      buttons = undoChoice(undoDag, () => [...chosen.values()]);
      replace(choice, names, buttons.element);
    }
    const all = [...shown, ...runs];
    const place = h("div", {});
    const further = next ? button(null, t("older_runs"), () => act(further, place, async () => draw(await ask(next), all)), { data: { key: "older" } }) : null;
    const heads = [h("th", { scope: "col" }, h("span", { class: "unseen" }, t("choose"))), t("file"), t("when"), t("undo_would"), t("kept"), t("result")];
    element.hidden = !all.length && !next;
    redraw(list, all.length ? table(t("undo_of_runs"), heads, all.map((each) => runRow(each, chosen, choose)), { key: "runs" }) : h("p", { class: "faint" }, t("nothing_found")), further, place);
  };
  return { element, choice, chosen, ask, draw };
}

function runRow(bundle, chosen, choose) {
  const { file, claim, dag_id: dagId, at, until, state, may } = bundle;
  const tick = h("input", { type: "checkbox", checked: chosen.has(claim), "aria-label": t("choose_run", { name: file, when: moment(at) }), onchange: () => choose(bundle, tick.checked), data: { key: `run ${claim}` } });
  const open = may.undo && ["kept", "partly"].includes(state);
  return h("tr", { class: state === "undone" ? "over" : null }, h("td", {}, open ? tick : null),
    h("th", { scope: "row" }, h("a", { href: to("reports", dagId, claim) }, file), h("small", {}, titleOf({ dag_id: dagId }))),
    h("td", { class: "when" }, moment(at)), h("td", {}, inWords(bundle).map((each) => h("div", {}, each))), h("td", { class: "when" }, until ? day(until) : t("for_ever")),
    h("td", { class: "state" }, bundleState(bundle)));
}

// The bundles of courses: a file puts them back, one line each.
function coursesPart(asked, signal, ticked) {
  const chosen = new Map(); // by name
  const [list, place] = [h("div", {}), h("div", {})];
  const all = button("undo", " ", () => restore([...chosen.values()], all), { class: "button primary" });
  const choice = h("div", { hidden: true }, h("div", { class: "actions" }, all), h("p", { class: "faint" }, t("put_back_about")));
  const element = h("section", { hidden: true }, h("h2", {}, t("undo_of_courses")), h("p", { class: "faint" }, t("undo_of_courses_about")), list, place);
  const count = () => {
    choice.hidden = chosen.size === 0;
    all.lastChild.textContent = t("put_back_courses", { n: chosen.size });
    ticked();
  };
  const restore = (some, clicked) => act(clicked, place, async () => {
    const made = await post("api/undo/restore", { bundles: some.map(({ dag_id, name }) => ({ dag_id, name })) });
    go("upload", made.dag_id, made.upload);
  });
  const ask = async () => {
    if (asked.dag_id && !WITH_COURSES.includes(withoutSite(asked.dag_id))) return { bundles: [], more: false };
    return get(`api/undo${query({ ...asked, limit: LIMIT })}`, signal);
  };
  const draw = ({ bundles, more }) => {
    const heads = [h("th", { scope: "col" }, h("span", { class: "unseen" }, t("choose"))), t("course"), t("what_happened"), t("when"), t("size"), t("put_back")];
    element.hidden = !bundles.length;
    redraw(list, table(t("undo_of_courses"), heads, bundles.map((bundle) => courseRow(bundle, chosen, restore, count)), { key: "bundles" }), more ? h("p", { class: "faint" }, t("more_bundles")) : null);
  };
  return { element, choice, chosen, ask, draw };
}

function courseRow(bundle, chosen, restore, count) {
  const { shortname, fullname, what, at, put_back: back, put_back_by: by, claim, dag_id: dagId } = bundle;
  const tick = h("input", { type: "checkbox", checked: chosen.has(bundle.name), "aria-label": t("choose_course", { name: shortname }), onchange: () => {
    if (tick.checked) chosen.set(bundle.name, bundle);
    else chosen.delete(bundle.name);
    count();
  } });
  const one = button("undo", t("put_back"), () => restore([bundle], one), { class: "button quiet", "aria-label": t("put_back_course", { name: shortname }) });
  return h("tr", { class: back ? "over" : null }, h("td", {}, back ? null : tick), h("th", { scope: "row" }, shortname, fullname ? h("small", {}, fullname) : null),
    h("td", {}, claim ? h("a", { href: to("reports", dagId, claim) }, t(`undo.${what}`)) : t(`undo.${what}`)), h("td", { class: "when" }, moment(at)), h("td", {}, bundle.size === null ? "" : size(bundle.size)),
    h("td", {}, back ? reportOf(by, badge("good", "approve", t("was_put_back", { when: moment(back) }))) : one));
}
