// A run: what each file is at, how far, and in the end what became of it.

import { get, path, poll, query } from "./api.js";
import { h, icon, redraw, replace, say } from "./dom.js";
import { duration, moment, number, t } from "./i18n.js";
import { airflowLink, go, runInAirflow, to } from "./links.js";
import { act, bar, button, figures, inShort, learnTitle, linkButton, notice, real, refusal, runState, simulated, siteBadge, state, table, titleOf, told, trybackLink } from "./parts.js";
import { trigger } from "./ready.js";
import { startUndo } from "./undoing.js";

const STEPS = ["checking", "planning", "awaiting approval", "executing", "reporting"];
const ENDED = ["success", "failed"];
const SHOWN = 10; // failed lines on this page

export async function run([dagId, runId], { signal, show }) {
  const content = h("div", {});
  const going = h("div", {});
  const failures = new Map();
  let titled = false;
  const ask = async () => {
    const found = await get(path("dags", dagId, "runs", runId), signal);
    await Promise.all([...found.files.map((file) => addFailures(failures, found, file, signal)), ...found.children.map((each) => learnTitle(each.dag_id, signal))]);
    const title = found.files.length === 1 ? found.files[0].name : titleOf({ dag_id: dagId });
    if (titled !== title) show(title, content, going);
    titled = title;
    redraw(content, drawn(found, failures));
    say(spoken(found));
    return found;
  };
  const done = (found) => {
    if (!ENDED.includes(found.state)) return false;
    replace(going, after(found));
    return true;
  };
  await poll(ask, done, signal);
}

// The first failed and the first incomplete lines of a file that is done, asked for once. The report knows an incomplete line by its remark.
async function addFailures(failures, { dag_id: dagId, may }, { claim, report }, signal) {
  if (!report || failures.has(claim) || !may.trigger) return;
  failures.set(claim, []);
  const address = path("dags", dagId, "reports", claim, "lines");
  const first = (count, outcome) => (count ? get(`${address}${query({ outcome, limit: SHOWN })}`, signal).catch(() => null) : null);
  failures.set(claim, await Promise.all([first(report.counts.failed, "failed"), first(report.counts.incomplete, "remarked")]));
}

function drawn(found, failures) {
  const title = titleOf({ dag_id: found.dag_id });
  return [
    h("p", { class: "badges" }, runState(found), found.simulated ? simulated() : real(), h("span", { class: "faint" }, title),
      found.started ? h("span", { class: "faint" }, moment(found.started)) : null, airflowLink(runInAirflow(found.dag_id, found.run_id), t("in_airflow"))),
    found.messages.map((each) => notice(found.state === "failed" ? "bad" : "", "warning", told(each, "p"))),
    found.files.length ? found.files.map((file) => card(found, file, failures.get(file.claim))) : waits(found),
    found.children.map((each) => child(found, each)),
    found.written.length ? h("section", {}, h("h2", {}, t("written", { n: found.written.length })),
      h("ul", {}, found.written.map((each) => h("li", {}, h("code", {}, each))))) : null,
  ];
}

function waits(found) {
  if (ENDED.includes(found.state)) return found.messages.length && !found.written.length ? null : notice("", "file", h("p", {}, found.note ? told(found.note) : t("no_files")));
  return h("div", { class: "card" }, h("p", {}, begun(found)), bar(begun(found)));
}

// Of a run that has no file, or none yet.
const begun = ({ state: name }) => (name === "queued" ? t("waits_to_begin") : t(`state.${name}`));

// A run that the day's work has started.
function child(found, each) {
  const of = { ...found, ...each, may: { trigger: false } }; // its own page has the rest
  return h("section", { class: "child" }, h("h2", {}, h("a", { href: to("runs", each.dag_id, each.run_id), data: { key: each.dag_id } }, titleOf(each)), " ", state(each.state)),
    each.files.map((file) => card(of, file, [], "h3")));
}

function card(found, file, failures, heading = found.files.length > 1 ? "h2" : null) {
  return h("article", { class: "card run" }, heading ? h(heading, {}, file.name) : null, steps(file),
    file.progress && file.step === "executing" ? progress(file) : null,
    file.step === "awaiting approval" ? notice("warn", "hand", h("p", {}, t("awaits_approval")),
      found.may.trigger ? linkButton(to("plans", found.dag_id, file.claim), "search", t("see_plan"), "primary") : null) : null,
    file.message ? notice("bad", "warning", told(file.message, "p")) : null,
    file.report ? result(found, file.report, failures) : null);
}

function steps(file) {
  const at = STEPS.indexOf(file.step);
  const refused = file.step === "refused";
  const over = refused || file.step === "done";
  const shown = refused ? ["checking", "planning"] : STEPS.filter((step) => !["planning", "awaiting approval"].includes(step) || step === file.step);
  return h("ol", { class: "steps" }, shown.map((step) => {
    const is = over || STEPS.indexOf(step) < at ? "done" : step === file.step ? "now" : "";
    return h("li", { class: is, "aria-current": is === "now" ? "step" : null }, is === "done" ? icon("approve") : null, t(`step.${step}`));
  }), file.step === "failed" ? h("li", { class: "failed" }, icon("cross"), t("step.failed")) : null, refused ? h("li", { class: "refused" }, icon("hand"), t("refused")) : null);
}

function progress({ name, progress: { done, total: all, a_second, left_seconds } }) {
  const words = [t("done_of", { done, total: all }), a_second ? t("a_second", { n: Math.round(a_second) }) : null,
    left_seconds ? t("left", { time: duration(left_seconds) }) : null].filter(Boolean).join(" · ");
  return h("div", {}, bar(t("at_work", { name }), done, all), h("p", { class: "faint" }, words));
}

function result(found, report, failures) {
  const links = [linkButton(to("reports", found.dag_id, report.claim), "file", t("whole_report"))];
  if (report.tryback && found.may.trigger) links.unshift(trybackLink(report));
  if (report.refused && found.may.trigger) links.push(linkButton(to("plans", found.dag_id, report.claim), "search", t("see_plan")));
  return [
    report.rejected.length ? notice("bad", "cross", h("strong", {}, t("rejected")), h("ul", {}, report.rejected.map((each) => told(each, "li")))) : null,
    refusal(report),
    report.failed_over ? notice("bad", "warning", told(report.failed_over, "p")) : null,
    report.rejected.length || report.refused || report.place ? null : figures(report.counts),
    lines(failures, report, found.files.length > 1 ? "h3" : "h2"),
    h("div", { class: "actions" }, links),
  ];
}

// Lines that came back: what the report tells of them.
function lines([failed, remarked] = [], { counts }, heading) {
  const exact = remarked?.matching === counts.incomplete; // else some of them have a remark and are done all the same
  return [
    failed?.rows.length ? listed(t("failed_lines", { n: failed.matching }), failed, heading) : null,
    remarked?.rows.length ? listed(t(exact ? "incomplete_lines" : "remarked_lines", { n: remarked.matching }), remarked, heading) : null,
  ];
}

function listed(title, { rows }, heading) {
  const row = ({ line, remarks }) => h("tr", {}, h("th", { scope: "row" }, number(line)),
    h("td", {}, remarks.map(({ column, value, message }) =>
      h("p", {}, column ? [h("code", {}, column), " "] : null, value ? h("q", {}, value) : null, " ", told(message)))));
  return h("section", {}, h(heading, {}, title), table(title, [t("line"), t("message")], rows.map(row)));
}

// After a simulation of an upload, which is still there: the same for real, with the same Params, or with others. So, too, of an undo.
function after(found) {
  if (!found.may.trigger) return null;
  if (found.undoes.length) return undoForReal(found);
  if (!found.simulated || !found.upload) return null;
  const place = h("div", {});
  const rejected = found.files.some(({ report }) => report?.rejected.length);
  const body = { upload: found.upload.id, simulate: false, params: found.params };
  const again = button("bolt", t("run_for_real"), () => act(again, place, async () => {
    const begun = await trigger(found.dag_id, body);
    if (begun) go("runs", found.dag_id, begun.run_id);
  }), { class: "button real" });
  return h("section", { class: "going" }, siteBadge(found.dag_id), h("p", {}, icon("flask"), t("was_simulation")),
    h("div", { class: "actions" }, rejected ? null : again, linkButton(to("upload", found.dag_id, found.upload.id), "back", t("change_options"))), place);
}

function undoForReal({ dag_id: dagId, undoes, params }) {
  const place = h("div", {});
  const body = { runs: undoes, overwrite_changes: params.overwrite_changes === true, simulate: false };
  const again = button("bolt", t("run_for_real"), () => act(again, place, () => startUndo(dagId, body)), { class: "button real" });
  return h("section", { class: "going" }, siteBadge(dagId), h("p", {}, icon("flask"), t("simulation_about")), h("div", { class: "actions" }, again), h("p", { class: "faint" }, t("undo_how")), place);
}

function spoken(found) {
  const files = [...found.files, ...found.children.flatMap((each) => each.files)];
  const parts = files.map(({ name, step, report }) => `${name}: ${report ? inShort(report) : t(`step.${step}`)}`);
  return parts.join(". ") || begun(found);
}
