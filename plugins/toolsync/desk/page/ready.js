// A file before its run: what it is, how it will be read, with which Params; then Simulate or Run.

import { ApiError, get, path, post, query, remove } from "./api.js";
import { h, icon, redraw, replace, say } from "./dom.js";
import { known, moment, size, t } from "./i18n.js";
import { paramForm } from "./form.js";
import { drawInspection } from "./inspection.js";
import { go } from "./links.js";
import { act, ask, button, loading, notice, signedOut, siteBadge, titleOf, trouble } from "./parts.js";
import { withoutSite } from "./sites.js";

export const ENCODINGS = [["utf-8", "UTF-8"], ["iso-8859-1", "ISO-8859-1"], ["windows-1252", "Windows-1252"]];
const READING = ["delimiter", "encoding"]; // Params that are chosen beside the first rows

// An uploaded file.
export async function givenFile([dagId, id], { signal, show }) {
  const address = path("dags", dagId, "uploads", id);
  const content = h("div", {});
  const first = await get(`${address}/inspect`, signal);
  const { name } = first.upload;
  show(name, h("p", { class: "chosen" }, icon("file"), h("small", { class: "faint" }, [size(first.upload.size), first.upload.by, moment(first.upload.at)].filter(Boolean).join(" · ")), gone(dagId, address, name)), content);
  let seen = first;
  const source = {
    name,
    inspect: async ({ delimiter, encoding }) => {
      const found = seen ?? (await get(`${address}/inspect${query({ delimiter, encoding })}`, signal));
      seen = null;
      return found;
    },
    ready: async () => ({ upload: id }),
  };
  await bench(content, source, { dagId, signal, fixed: true });
}

function gone(dagId, address, name) {
  const place = h("span", {});
  const question = { yes: t("remove"), kind: "danger" };
  const away = async () => {
    if (!(await ask(t("remove_upload", { name }), [siteBadge(dagId), h("p", {}, t("remove_upload_about"))], question))) return;
    const done = await act([], place, () => remove(address).then(() => true));
    if (done) go();
  };
  return [button("delete", t("remove"), away, { class: "button quiet" }), place];
}

// A file of the inbox, which is not looked at beforehand.
export async function inboxFile([dagId, name], { signal, show }) {
  const content = h("div", {});
  show(name, notice("", "file", h("p", {}, t("from_inbox"))), content);
  await bench(content, { name, ready: async () => ({ files: name }) }, { dagId, signal, fixed: true });
}

// A DAG that takes no file.
export async function withoutFile([dagId], { signal, show }) {
  const content = h("div", {});
  const dag = await get(path("dags", dagId, "form"), signal);
  show(titleOf({ dag_id: dagId, ...dag }), content);
  await bench(content, { name: null, ready: async () => ({}) }, { dagId, signal, fixed: true });
}

// :param source: what is run: its name, `inspect` (choices → what is found) if it can be looked at, `ready` (→ what a run is told of it).
export async function bench(content, source, { dagId, signal, fixed = false }) {
  const chosen = { dagId, delimiter: "auto", encoding: "" };
  const [type, look, options, going] = [h("div", {}), h("div", {}), h("div", {}), h("div", { class: "going" }, loading())];
  const body = h("div", { class: "bench" }, type, look, options, going);
  content.append(body);
  // While a file is sent, another choice would draw a second start.
  const hold = (on) => { look.inert = options.inert = on; };
  let shownFor = null;
  let form = null;

  async function inspect() {
    const found = source.inspect ? await source.inspect(chosen) : null;
    if (signal.aborted) return;
    if (found && !fixed) chosen.dagId ??= found.dag_id;
    if (found) redraw(look, choices(found, chosen, fixed, update), drawInspection(found));
    say(found?.rejected.length ? t("would_be_rejected") : "");
    await askParams(found);
  }

  async function askParams(found) {
    if (!chosen.dagId) {
      replace(going, found.candidates.length ? notice("warn", "warning", h("p", {}, t("choose_type"))) : null);
      return;
    }
    if (shownFor !== chosen.dagId) {
      const dag = { dag_id: chosen.dagId, ...(await get(path("dags", chosen.dagId, "form"), signal)) };
      form = { dag, ...paramForm(dag.params, { without: READING, given: form?.values() ?? {} }) };
      shownFor = chosen.dagId;
      replace(type, dag.takes_files ? h("h2", {}, titleOf(dag)) : null);
      replace(options, dag.params.length ? h("details", { class: "options", open: !dag.takes_files }, h("summary", {}, t("options")), form.element) : null);
    }
    replace(going, buttons(form, source, () => ({ ...form.values(), ...reading(form.dag, chosen, found) }), chosen.dagId, hold));
  }

  async function update() {
    try {
      await inspect();
    } catch (error) {
      if (signal.aborted || error.name === "AbortError") return;
      replace(going, error.status === 401 ? signedOut() : trouble(error));
    }
  }
  await update();
}

// How the file will be read, to be told to the run as it was shown here.
function reading(dag, chosen, found) {
  const values = { delimiter: chosen.delimiter, encoding: chosen.encoding || found?.encoding };
  return Object.fromEntries(dag.params.filter(({ name, default: value }) => READING.includes(name) && values[name] && values[name] !== value)
    .map(({ name }) => [name, values[name]]));
}

function choices(found, chosen, fixed, update) {
  const change = (name) => (event) => {
    chosen[name] = event.target.value;
    update();
  };
  const select = (name, label, values, value) => h("label", { class: "field" }, h("span", {}, label),
    h("select", { onchange: change(name), data: { key: name } }, values.map(([key, text]) => h("option", { value: key, selected: key === value }, text))));
  const types = found.candidates.map((each) => [each.dag_id, known(`types.${withoutSite(each.dag_id)}`, each.title)]);
  const type = fixed || !types.length ? null : select("dagId", t("type"), chosen.dagId ? types : [["", t("choose")], ...types], chosen.dagId ?? "");
  // An archive has neither.
  const reading = found.encoding ? [select("delimiter", t("delimiter"), delimiters(found, chosen), chosen.delimiter),
    select("encoding", t("encoding"), ENCODINGS, chosen.encoding || found.encoding)] : null;
  return h("div", { class: "choices" }, type, reading);
}

function delimiters(found, chosen) {
  const names = { ",": t("comma"), ";": t("semicolon"), tab: t("tab"), "|": "|" };
  const detected = chosen.delimiter === "auto" && found.delimiter ? t("detected", { what: names[found.delimiter] ?? found.delimiter }) : t("automatic");
  return [["auto", detected], ...Object.entries(names)];
}

// The two ways to go on, told apart by colour, word and icon.
function buttons({ dag, valid }, source, values, dagId, hold) {
  const place = h("div", { "aria-live": "polite" });
  const start = (simulate) => async () => {
    if (!valid()) return;
    hold(true);
    await act(both, place, async () => {
      const run = await trigger(dagId, { ...(await source.ready(dagId, place)), simulate, params: values() }, dag);
      if (run) go("runs", dagId, run.run_id);
    });
    hold(false);
  };
  const simulate = dag.simulate && button("flask", t("simulate"), start(true), { class: "button simulation" });
  const run = button("bolt", simulate ? t("run_type", { title: titleOf({ dag_id: dagId, ...dag }) }) : t("start"), start(false), { class: "button real" });
  const both = [simulate, run].filter(Boolean);
  return [siteBadge(dagId), h("div", { class: "actions" }, both), simulate ? h("p", { class: "faint" }, t("simulate_about"), " ", t(dag.destructive ? "run_about_destructive" : "run_about")) : null, place];
}

// Triggers a run. A DAG that is switched off would never begin it: the person is asked. Null when they don't want that.
export async function trigger(dagId, body, dag = {}, address = path("dags", dagId, "runs")) {
  try {
    return await post(address, body);
  } catch (error) {
    if (!(error instanceof ApiError) || !error.paused) throw error;
    const next = dag.schedule ? h("p", {}, t("unpause_schedule")) : null;
    const answer = await ask(t("paused_title", { title: titleOf({ dag_id: dagId, ...dag }) }), [siteBadge(dagId), h("p", {}, t("unpause_about")), next], { yes: t("unpause_and_go") });
    return answer ? post(address, { ...body, unpause: true }) : null;
  }
}
