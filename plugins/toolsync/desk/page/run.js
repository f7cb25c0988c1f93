// A run: what each file is at, how far, and in the end what became of it.

import { get, path, poll, query } from "./api.js";
import { h, icon, redraw, replace, say } from "./dom.js";
import { duration, moment, number, t } from "./i18n.js";
import { airflowLink, go, runInAirflow, to } from "./links.js";
import { act, badge, bar, button, figures, linkButton, notice, real, sentence, simulated, siteBadge, state, table, titleOf, told } from "./parts.js";
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
    await Promise.all(found.files.map((file) => addFailures(failures, dagId, file, signal)));
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

// The first failed lines of a file that is done, asked for once.
async function addFailures(failures, dagId, { claim, report }, signal) {
  if (!report || failures.has(claim) || !(report.counts.failed || report.counts.incomplete)) return;
  failures.set(claim, null);
  const address = path("dags", dagId, "reports", claim, "lines");
  failures.set(claim, await get(`${address}${query({ outcome: "failed", limit: SHOWN })}`, signal).catch(() => null));
}

function drawn(found, failures) {
  const title = titleOf({ dag_id: found.dag_id });
  return [
    h("p", { class: "badges" }, state(found.state), found.simulated ? simulated() : real(), h("span", { class: "faint" }, title),
      found.started ? h("span", { class: "faint" }, moment(found.started)) : null, airflowLink(runInAirflow(found.dag_id, found.run_id), t("in_airflow"))),
    found.messages.map((each) => notice(found.state === "failed" ? "bad" : "", "warning", told(each, "p"))),
    found.files.length ? found.files.map((file) => card(found, file, failures.get(file.claim))) : waits(found),
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

function card(found, file, failures) {
  const many = found.files.length > 1;
  return h("article", { class: "card run" }, many ? h("h2", {}, file.name) : null, steps(file),
    file.progress && file.step === "executing" ? progress(file) : null,
    file.step === "awaiting approval" ? notice("warn", "hand", h("p", {}, t("awaits_approval")), linkButton(to("plans", found.dag_id, file.claim), "search", t("see_plan"), "primary")) : null,
    file.message ? notice("bad", "warning", told(file.message, "p")) : null,
    file.report ? result(found, file.report, failures) : null);
}

function steps(file) {
  const at = STEPS.indexOf(file.step);
  const over = file.step === "done";
  const shown = STEPS.filter((step) => !["planning", "awaiting approval"].includes(step) || step === file.step);
  return h("ol", { class: "steps" }, shown.map((step) => {
    const is = over || STEPS.indexOf(step) < at ? "done" : step === file.step ? "now" : "";
    return h("li", { class: is, "aria-current": is === "now" ? "step" : null }, is === "done" ? icon("approve") : null, t(`step.${step}`));
  }), file.step === "failed" ? h("li", { class: "failed" }, icon("cross"), t("step.failed")) : null);
}

function progress({ name, progress: { done, total: all, a_second, left_seconds } }) {
  const words = [t("done_of", { done, total: all }), a_second ? t("a_second", { n: Math.round(a_second) }) : null,
    left_seconds ? t("left", { time: duration(left_seconds) }) : null].filter(Boolean).join(" · ");
  return h("div", {}, bar(t("at_work", { name }), done, all), h("p", { class: "faint" }, words));
}

function result(found, report, failures) {
  const links = [linkButton(to("reports", found.dag_id, report.claim), "file", t("whole_report"))];
  if (report.tryback && !found.simulated) links.unshift(linkButton(to("trybacks", found.dag_id, report.tryback), "pencil", t("correct_lines"), "primary"));
  return [
    report.rejected.length ? notice("bad", "cross", h("strong", {}, t("rejected")), h("ul", {}, report.rejected.map((each) => told(each, "li")))) : null,
    report.refused ? badge("warn", "hand", t("refused")) : null,
    report.failed_over ? notice("bad", "warning", told(report.failed_over, "p")) : null,
    report.rejected.length ? null : figures(report.counts),
    failures?.rows.length ? failed(failures, found.files.length > 1 ? "h3" : "h2") : null,
    h("div", { class: "actions" }, links),
  ];
}

function failed({ rows, matching }, heading) {
  const row = ({ line, remarks }) => h("tr", {}, h("th", { scope: "row" }, number(line)),
    h("td", {}, remarks.map(({ column, value, message }) =>
      h("p", {}, column ? [h("code", {}, column), " "] : null, value ? h("q", {}, value) : null, " ", told(message)))));
  return h("section", {}, h(heading, {}, t("failed_lines", { n: matching })),
    table(t("failed_lines", { n: matching }), [t("line"), t("message")], rows.map(row), { key: "failed" }));
}

// After a simulation of an upload, which is still there: the same for real, with the same Params, or with others. So, too, of an undo.
function after(found) {
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
  const parts = found.files.map(({ name, step, report }) => `${name}: ${report ? sentence(report.counts) : t(`step.${step}`)}`);
  return parts.join(". ") || begun(found);
}
