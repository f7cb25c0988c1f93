// What several pages show alike.

import { get, path, query } from "./api.js";
import { h, icon, newId, redraw, replace, say } from "./dom.js";
import { known, moment, number, size, t } from "./i18n.js";
import { login, to } from "./links.js";
import { titleOfSite, withoutSite, withoutTitle } from "./sites.js";

// The outcomes of lines, in the order in which they are shown. `incomplete` counts lines that stand and came back all the same.
export const OUTCOMES = ["created", "updated", "deleted", "unchanged", "failed"];

export const total = (counts) => OUTCOMES.reduce((sum, outcome) => sum + (counts?.[outcome] ?? 0), 0);

const titles = new Map(); // what Airflow calls the DAGs

// What a type is called: in the person's language if it is one of ours.
export function titleOf(dag) {
  if (dag.title) titles.set(dag.dag_id, withoutTitle(dag.title, dag.dag_id));
  return known(`types.${withoutSite(dag.dag_id)}`, titles.get(dag.dag_id) ?? dag.dag_id);
}

// Asks what a DAG is called, once. Whoever may not know sees its id.
export async function learnTitle(dagId, signal) {
  if (known(`types.${withoutSite(dagId)}`) || titles.has(dagId)) return;
  titleOf({ dag_id: dagId, title: (await get(path("dags", dagId, "form"), signal).catch(() => null))?.title ?? dagId });
}

// A sentence of the server's, which are English.
export const told = (text, tag = "span", properties = {}) => h(tag, { lang: "en", ...properties }, text);

export const badge = (kind, iconName, text) => h("span", { class: `badge ${kind}` }, icon(iconName), text);
// The site that a DAG works for, beside the buttons that start something and in the questions before; nothing where there is only one.
export function siteBadge(dagId) {
  const title = titleOfSite(dagId);
  return title ? h("div", { class: "badges" }, badge("site", "site", title)) : null;
}

export const simulated = () => badge("simulation", "flask", t("simulation"));
export const real = () => badge("real", "bolt", t("real"));

const STATES = { success: ["good", "approve"], failed: ["bad", "cross"], running: ["busy", "sync"], queued: ["busy", "clock"] };

export function state(name) {
  const [kind, picture] = STATES[name] ?? ["busy", "clock"];
  return badge(kind, picture, known(`state.${name}`, name));
}

// Of a run: one of which no plan was approved has ended well for Airflow, but has done nothing.
export const runState = (run) => (run.state === "success" && run.refused ? badge("warn", "hand", t("refused")) : state(run.state));

// Who approved or rejected a plan, when and why.
export function answered({ answer, by, at, reason }, ...more) {
  const yes = answer === "yes";
  return notice(yes ? "good" : "warn", yes ? "approve" : "hand", h("p", {}, t(yes ? "approved_by" : by === NOBODY ? "rejected_by_nobody" : "rejected_by", { by: by ?? "?", when: moment(at) })), reason ? h("q", {}, reason) : null, more);
}

const NOBODY = "nobody"; // who has answered when the time for an answer is over

// What became of a file whose plan was not approved; null: it was, or there was none.
export function refusal(report) {
  if (!report.refused) return null;
  const { answer, place } = report;
  const where = place && h("p", {}, t(`place.${place.folder}`), " ", place.upload ? h("a", { href: to("upload", report.dag_id, place.upload) }, report.file) : h("code", {}, place.path));
  const told = h("p", {}, t("refused_about"));
  return answer ? answered(answer, told, where) : notice("warn", "hand", told, where);
}

export const outcome = (name) => h("span", { class: `outcome ${name}` }, known(`outcome.${name}`, name, { n: 1 }));

// Counts as a line of small figures.
export function figures(counts) {
  const shown = [...OUTCOMES, "incomplete"].filter((name) => counts?.[name]);
  if (!shown.length) return h("p", { class: "faint" }, t("nothing_to_do"));
  return h("ul", { class: "figures" }, shown.map((name) =>
    h("li", { class: name }, h("strong", {}, number(counts[name])), " ", known(`outcome.${name}`, name, { n: counts[name] }))));
}

export const sentence = (counts) =>
  [...OUTCOMES, "incomplete"].filter((name) => counts?.[name]).map((name) => `${number(counts[name])} ${known(`outcome.${name}`, name, { n: counts[name] })}`).join(", ");

// What became of a file, in a word or in its numbers.
export const inShort = ({ rejected, refused, counts }) =>
  rejected.length ? t("rejected_short") : refused ? t("refused") : sentence(counts) || t("nothing_to_do");

export const loading = () => h("p", { class: "loading" }, t("loading"));

export function trouble(error) {
  const text = error.name === "TypeError" ? t("no_answer") : error.message === "Forbidden" ? t("forbidden") : error.message;
  return h("div", { class: "notice bad", role: "alert" }, icon("warning"), h("p", {}, text));
}

export const signedOut = () =>
  h("div", { class: "notice" }, icon("warning"), h("p", {}, t("signed_out"), " ", h("a", { href: login(), target: "_top" }, t("sign_in"))));

export const notice = (kind, picture, ...children) => h("div", { class: `notice ${kind}` }, icon(picture), h("div", {}, ...children));

export const linkButton = (href, picture, text, kind = "") => h("a", { class: `button ${kind}`, href }, icon(picture), text);

export const button = (picture, text, onclick, properties = {}) =>
  h("button", { type: "button", class: "button", onclick, ...properties }, picture && icon(picture), text);

// To the lines of a report that came back. What an undo left can't be corrected, only tried again.
export const trybackLink = ({ dag_id: dagId, tryback }) =>
  linkButton(to("trybacks", dagId, tryback), ...(isUndo(dagId) ? ["undo", t("what_stayed")] : ["pencil", t("correct_lines")]), "primary");

export const isUndo = (dagId) => withoutSite(dagId) === "toolsync_undo";

export const downloadLink = (href, text, bytes) =>
  h("a", { class: "button quiet", href, download: "" }, icon("download"), text, bytes === undefined ? null : h("small", {}, size(bytes)));

// A bar: `done` of `all`, or busy without a number.
export function bar(label, done, all) {
  const filled = all ? Math.min(100, Math.round((100 * done) / all)) : null;
  const inner = h("span", {});
  if (filled !== null) inner.style.width = `${filled}%`;
  const values = filled === null ? {} : { "aria-valuenow": filled, "aria-valuemin": 0, "aria-valuemax": 100 };
  return h("div", { class: `bar${filled === null ? " busy" : ""}`, role: "progressbar", "aria-label": label, ...values }, inner);
}

// A table that scrolls in its own box when the window is narrow.
export function table(label, heads, rows, { key, kind = "" } = {}) {
  return h("div", { class: `scroll ${kind}`, tabindex: "0", role: "region", "aria-label": label, data: { key: key ?? label } },
    h("table", {}, h("caption", { class: "unseen" }, label), h("thead", {}, h("tr", {}, heads.map((head) => (head instanceof Node ? head : h("th", { scope: "col" }, head))))),
      h("tbody", {}, rows)));
}

// First, previous, next; calls `turn` with an offset.
export function pager({ offset, limit, matching }, turn) {
  if (matching <= limit) return null;
  const last = Math.min(offset + limit, matching);
  return h("nav", { class: "pager", "aria-label": t("pages") },
    button("back", t("previous"), () => turn(Math.max(0, offset - limit)), { disabled: offset === 0, data: { key: "previous" } }),
    h("span", {}, t("from_to", { from: offset + 1, to: last, all: matching })),
    button(null, t("next"), () => turn(offset + limit), { disabled: last >= matching, data: { key: "next" } }));
}

// What the server searches and pages: `asked` is what it is asked at first, `draw(page, load)` gives the elements of a page.
export async function paged(place, address, asked, signal, draw) {
  let latest = 0;
  const load = async (change) => {
    Object.assign(asked, { offset: 0 }, change);
    const mine = (latest += 1);
    try {
      const page = await get(`${address}${query(asked)}`, signal);
      if (mine !== latest) return; // typed on meanwhile
      redraw(place, draw(page, load), pager({ ...asked, matching: page.matching }, (offset) => load({ offset })));
      say(t("matching", { n: page.matching }));
    } catch (error) {
      if (!signal.aborted) replace(place, trouble(error));
    }
  };
  await load({});
}

// Tabs: each is a text, and what fills its panel when it is opened first. The caller opens one.
export function tabs(label, all) {
  const panels = all.map(() => h("div", { role: "tabpanel", id: newId(), class: "panel" }));
  const buttons = all.map(([text], place) =>
    h("button", { type: "button", role: "tab", id: newId(), class: "tab", "aria-controls": panels[place].id, onclick: () => open(place), onkeydown: (event) => move(event, place) }, text));
  const filled = new Set();
  const open = (chosen) => {
    for (const [place, panel] of panels.entries()) {
      panel.hidden = place !== chosen;
      panel.setAttribute("aria-labelledby", buttons[place].id);
      buttons[place].setAttribute("aria-selected", String(place === chosen));
      buttons[place].tabIndex = place === chosen ? 0 : -1;
    }
    if (filled.has(chosen)) return null;
    filled.add(chosen);
    return all[chosen][1](panels[chosen]);
  };
  const move = (event, place) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    const next = (place + step + all.length) % all.length;
    open(next);
    buttons[next].focus();
  };
  return { element: h("div", {}, h("div", { class: "tabs", role: "tablist", "aria-label": label }, buttons), panels), open };
}

export function searchBox(label, value, search) {
  let timer;
  const later = (event) => {
    clearTimeout(timer);
    timer = setTimeout(() => search(event.target.value.trim()), 250);
  };
  const id = newId();
  return h("div", { class: "search" }, icon("search"), h("label", { class: "unseen", for: id }, label),
    h("input", { id, type: "search", placeholder: label, value, oninput: later, autocomplete: "off", data: { key: "search" } }));
}

// Asks in the page: Airflow's frame allows no window of the browser's. Resolves to the label's key, or null.
export function ask(title, body, { yes, kind = "primary", field = null }) {
  return new Promise((resolve) => {
    const heading = newId();
    let answer = null;
    const dialog = h("dialog", { "aria-labelledby": heading, onclose: () => { dialog.remove(); resolve(answer); } },
      h("form", { method: "dialog", onsubmit: () => { answer = { text: field ? dialog.querySelector("textarea").value.trim() : "" }; } },
        h("h2", { id: heading }, title), ...body,
        field ? h("label", { class: "field" }, h("span", {}, field), h("textarea", { rows: "2" })) : null,
        h("div", { class: "actions" },
          h("button", { type: "button", class: "button", onclick: () => dialog.close() }, t("cancel")),
          h("button", { type: "submit", class: `button ${kind}` }, yes))));
    document.body.append(dialog);
    dialog.showModal();
  });
}

// Runs an action of a button: busy meanwhile, and what went wrong is told beside it.
export async function act(buttons, place, action) {
  const all = [buttons].flat();
  for (const each of all) each.disabled = true;
  replace(place);
  try {
    return await action();
  } catch (error) {
    if (error.name !== "AbortError") replace(place, error.status === 401 ? signedOut() : trouble(error));
    return null;
  } finally {
    for (const each of all) each.disabled = false;
  }
}
