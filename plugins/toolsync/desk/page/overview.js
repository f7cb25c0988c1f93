// What waits, what is in work, what came back; approvals first.

import { get, poll } from "./api.js";
import { chart, legend } from "./chart.js";
import { h, icon, redraw } from "./dom.js";
import { ago, known, moment, number, size, t } from "./i18n.js";
import { to } from "./links.js";
import { bar, linkButton, isUndo, notice, runState, simulated, titleOf, told } from "./parts.js";
import { drawHead } from "./head.js";
import { inSite, knownSites, learnSites, siteHere, withoutSite } from "./sites.js";

// Types in the order of work. What is not named here, types of yours, comes last.
const GROUPS = [
  ["courses", ["courses_check", "courses", "course_meta_links"]],
  ["people", ["users", "user_pictures"]],
  ["cohorts", ["cohorts", "cohort_bindings"]],
  ["in_courses", ["enrolments", "groups", "group_members"]],
  ["away", ["make_command_file", "courses_reset", "courses_delete", "courses_restore", "categories_clean", "undo"]],
  ["daily", ["all", "feeds", "export", "history", "cabinet_cleanup", "check"]],
];

// The types of an overview by group, in that order: [name of the group, types].
export function grouped(types) {
  const named = new Set(GROUPS.flatMap(([, names]) => names));
  const groups = [...GROUPS, ["others", types.map((dag) => dag.type).filter((type) => !named.has(type))]];
  return groups.map(([name, names]) => [name, names.map((type) => types.find((dag) => dag.type === type)).filter(Boolean)])
    .filter(([, found]) => found.length);
}

export async function overview(_, { signal, show }) {
  const [content, address] = [h("div", {}), `api/overview${inSite()}`];
  let last = "";
  const ask = async () => {
    const [found, changed] = await Promise.all([get(address, signal), learnSites(signal)]);
    if (changed && !signal.aborted) drawHead("");
    const text = JSON.stringify([found, knownSites()]);
    if (!last) show(t("overview"), content);
    if (text !== last) redraw(content, drawn(found));
    last = text;
  };
  await poll(ask, () => false, signal, { first: 4000, last: 15000 });
}

function drawn({ types, approvals }) {
  if (!types.length) return [notice("", "warning", h("p", {}, t("no_types")))];
  // Settings that are wrong for every type are told of once.
  const wrong = types.every((dag) => dag.wrong === types[0].wrong) ? types[0].wrong : null;
  const busy = types.some((dag) => dag.runs.length);
  return [
    approvals.length ? h("section", { class: "approvals", "aria-labelledby": "approvals" }, h("h2", { id: "approvals" }, t("approvals", { n: approvals.length })),
      h("ul", { class: "plain" }, approvals.map((each) => approval(each, types)))) : null,
    elsewhere(),
    wrong ? notice("bad", "warning", told(wrong, "p")) : null,
    busy ? legend() : null,
    grouped(types).map(([name, dags]) => h("section", { "aria-labelledby": `group-${name}` }, h("h2", { id: `group-${name}` }, t(`group.${name}`)),
      h("div", { class: "cards" }, dags.map((dag) => card(dag, wrong ? null : dag.wrong))))),
  ];
}

// What waits for an answer on other sites.
function elsewhere() {
  const waiting = knownSites().filter(({ name, approvals }) => approvals && name !== siteHere());
  if (!waiting.length) return null;
  return h("p", { class: "elsewhere" }, icon("hand"), t("other_sites"), " ", waiting.map(({ name, title, approvals }, place) =>
    [place ? ", " : null, h("a", { href: `#/${inSite(name)}`, data: { key: `site ${name}` } }, `${title} (${number(approvals)})`)]));
}

function approval(each, types) {
  const dag = types.find(({ dag_id }) => dag_id === each.dag_id);
  return h("li", { class: "approval" }, icon("hand"), h("div", {},
    h("strong", {}, [dag ? titleOf(dag) : each.dag_id, each.file].filter(Boolean).join(" · ")), told(each.subject, "p"), h("small", {}, t("waits_since", { when: ago(each.since) }))),
  each.claim && dag?.may.trigger ? linkButton(to("plans", each.dag_id, each.claim), "search", t(each.may_answer ? "see_and_decide" : "see_plan"), "primary") : null);
}

function card(dag, wrong) {
  const full = dag.inbox.count || dag.uploads.length || dag.work.length || dag.trybacks.count || dag.runs.length;
  return h("article", { class: full ? "card" : "card quiet", "aria-label": titleOf(dag), data: { type: dag.type } },
    h("header", {}, h("h3", {}, titleOf(dag)), schedule(dag)),
    wrong ? notice("bad", "warning", told(wrong, "p")) : null,
    full ? null : about(dag),
    dag.work.map((each) => atWork(dag, each)), rest(dag.work_count - dag.work.length),
    trybacks(dag), waiting(dag), uploads(dag),
    dag.runs.length ? [chart(dag), latest(dag)] : null,
    h("footer", {}, start(dag),
      dag.has_reports ? h("a", { href: to("reports", dag.dag_id) }, t("reports")) : null, h("a", { href: to("manual", dag.dag_id) }, t("manual"))));
}

function about(dag) {
  if (dag.wrong) return null;
  const words = known(`about.${withoutSite(dag.dag_id)}`);
  return words ? h("p", { class: "faint" }, words) : told(dag.description, "p", { class: "faint" });
}

function schedule(dag) {
  if (dag.paused) return h("small", { class: "faint" }, icon("pause"), t("paused"));
  return dag.next_run ? h("small", { class: "faint" }, t("next_run", { when: moment(dag.next_run) })) : null;
}

function start(dag) {
  if (!dag.may.trigger || dag.wrong) return null;
  if (!dag.takes_files) return linkButton(to("start", dag.dag_id), "bolt", t("start"), "small");
  return linkButton(to("upload", dag.dag_id), "upload", t("upload_file"), "small");
}

function atWork(dag, { name, run_id, owner, step, progress, claim }) {
  const label = t("at_work", { name });
  return h("div", { class: "at-work" }, h("p", {}, icon("sync"), run_id ? h("a", { href: to("runs", dag.dag_id, run_id), data: { key: `work ${claim}` } }, name) : name, " ",
    h("small", {}, t(`step.${step}`))), progress ? bar(label, progress.done, progress.total) : null,
  progress ? h("small", { class: "faint" }, t("done_of", { done: progress.done, total: progress.total })) : null, run_id ? null : told(owner, "small", { class: "faint" }));
}

function trybacks(dag) {
  if (!dag.trybacks.count) return null;
  const { count, files } = dag.trybacks;
  const list = (some) => h("ul", { class: "plain" }, some.map(({ name, modified }) =>
    h("li", {}, dag.may.trigger ? h("a", { href: to("trybacks", dag.dag_id, name), data: { key: `tryback ${name}` } }, fileOf(name)) : fileOf(name), " ", h("small", { class: "faint" }, ago(modified)))));
  const others = files.slice(FIRST);
  return h("div", { class: "came-back" }, h("p", {}, icon("pencil"), h("strong", {}, isUndo(dag.dag_id) ? t("to_try_again", { n: count }) : t("to_correct", { n: count }))),
    list(files.slice(0, FIRST)),
    others.length ? h("details", { data: { key: `trybacks ${dag.dag_id}` } }, h("summary", {}, t("and_more", { n: others.length })), list(others)) : null,
    // Their reports lead to those that are not listed.
    count > files.length ? h("p", {}, h("a", { href: to("reports", dag.dag_id) }, t("and_more", { n: count - files.length }))) : null);
}

const FIRST = 3; // trybacks that are shown at once

// The file that a tryback comes from: its name without the number of the claim.
const fileOf = (name) => name.replace(/_\d{8}-\d{6}-\d{6}-[0-9a-f]{4}_tryback/, "");

function waiting(dag) {
  if (!dag.inbox.count) return null;
  const file = ({ name, size: bytes, waits }) => h("li", {}, icon("file"),
    dag.may.trigger ? h("a", { href: to("start", dag.dag_id, name) }, name) : name, " ", h("small", { class: "faint" }, size(bytes)),
    waits ? told(waits, "small", { class: "why" }) : null);
  return h("details", { data: { key: `inbox ${dag.dag_id}` } }, h("summary", {}, t("in_inbox", { n: dag.inbox.count })),
    h("ul", { class: "plain" }, dag.inbox.files.map(file)), rest(dag.inbox.count - dag.inbox.files.length));
}

function uploads(dag) {
  if (!dag.uploads.length) return null;
  const file = ({ id, name, by, at }) => h("li", {}, icon("upload"), dag.may.trigger ? h("a", { href: to("upload", dag.dag_id, id) }, name) : name,
    " ", h("small", { class: "faint" }, [by, ago(at)].filter(Boolean).join(" · ")));
  return h("details", { data: { key: `uploads ${dag.dag_id}` } }, h("summary", {}, t("uploaded", { n: dag.uploads.length })),
    h("ul", { class: "plain" }, dag.uploads.map(file)));
}

function latest(dag) {
  const [run] = dag.runs;
  return h("p", { class: "latest" }, runState(run), run.simulated ? simulated() : null, " ",
    h("a", { href: to("runs", dag.dag_id, run.run_id), data: { key: `latest ${dag.dag_id}` } }, ago(run.started ?? run.ended ?? new Date())),
    run.note ? told(run.note, "small") : null);
}

const rest = (count) => (count > 0 ? h("p", { class: "faint" }, t("and_more", { n: count, count: number(count) })) : null);
