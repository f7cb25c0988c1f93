// The lines that came back, corrected in place and sent again.

import { get, path, post, query } from "./api.js";
import { h, icon, newId, redraw, replace, say } from "./dom.js";
import { number, t } from "./i18n.js";
import { go, to } from "./links.js";
import { act, ask, button, downloadLink, isUndo, linkButton, notice, pager, siteBadge, titleOf, told } from "./parts.js";
import { ENCODINGS } from "./ready.js";
import { beforeLeaving } from "./router.js";

const LIMIT = 100;

export async function tryback([dagId, name], { signal, show }) {
  const address = path("dags", dagId, "trybacks", name);
  const draft = { changes: {}, columns: {}, drop: new Set() }; // kept while pages are turned
  const grid = h("div", {});
  const first = await get(`${address}${query({ offset: 0, limit: LIMIT })}`, signal);
  const bottom = sending(dagId, address, draft, first);
  const editable = first.rows.length > 0;
  const names = h("div", { class: "choices" }, first.reasons.length ? first.header.filter(({ unknown }) => unknown).map((column) => rename(column, draft, bottom.count)) : null);
  const turn = async (offset, found) => {
    const page = found ?? (await get(`${address}${query({ offset, limit: LIMIT })}`, signal));
    redraw(grid, records(page, draft, bottom.count), pager({ offset, limit: LIMIT, matching: page.total }, turn));
  };
  show(isUndo(dagId) ? t("what_stayed_of", { file: first.file ?? name }) : t("correct", { file: first.file ?? name }), h("p", { class: "badges" }, h("a", { href: to("reports", dagId) }, titleOf({ dag_id: dagId })),
    first.claim ? h("a", { href: to("reports", dagId, first.claim) }, t("the_report")) : null,
    first.claim ? downloadLink(`${path("dags", dagId, "reports", first.claim)}/files/tryback`, t("download.tryback")) : null,
    editable ? h("span", { class: "faint" }, t("read_as", { encoding: new Map(ENCODINGS).get(first.encoding) })) : null),
  editable && !isUndo(dagId) ? about(first, names) : null, grid, editable ? bottom.element : giveUp(dagId, address, first));
  if (!editable) {
    const why = h("ul", {}, [...first.rejected, ...first.reasons].map((each) => told(each, "li")));
    replace(grid, notice("warn", "warning", h("p", {}, t("not_editable")), why, linkButton(to("upload", dagId), "upload", t("upload_file"))));
    return;
  }
  if (isUndo(dagId)) {
    replace(grid, h("p", { class: "faint" }, t("what_stayed_about")), first.rows.map(stayed));
    return;
  }
  await turn(0, first);
  (names.querySelector("input") ?? grid.querySelector("[aria-invalid]") ?? grid.querySelector("input"))?.focus({ preventScroll: true });
  beforeLeaving({ changed: () => Object.keys({ ...draft.changes, ...draft.columns }).length > 0 || draft.drop.size > 0, ask: leave });
}

// A part of an undo bundle of which something could not be put back: there is nothing in it to correct.
const stayed = ({ number: place, line, cells, remarks }) => notice("warn", "undo", h("p", {}, `${t("line")} ${number(line ?? place)}`, cells ? `: ${cells.filter(Boolean).join(" · ")}` : null),
  remarks.map(({ message }) => told(message, "p")));

// What is to be corrected: marked cells, or why the file was rejected, and the columns whose names nobody knows.
function about({ reasons }, names) {
  if (!reasons.length) return h("p", { class: "faint" }, t("correct_about"));
  const why = notice("bad", "cross", h("strong", {}, t("rejected")), h("ul", {}, reasons.map((each) => told(each, "li"))));
  return names.childElementCount ? [why, h("p", { class: "faint" }, t("correct_columns")), names] : why;
}

function rename({ name }, draft, count) {
  const input = h("input", { type: "text", value: name, autocomplete: "off", spellcheck: "false", "aria-invalid": "true", oninput: () => {
    if (input.value === name) delete draft.columns[name];
    else draft.columns[name] = input.value;
    count();
  } });
  return h("label", { class: "field" }, h("span", {}, t("unknown_column"), " ", h("code", {}, name)), input);
}

const leave = async () => (await ask(t("leave_title"), [h("p", {}, t("leave_about"))], { yes: t("leave"), kind: "danger" })) !== null;

function records(page, draft, count) {
  const heads = [t("line"), ...page.header.map(({ name }) => name), t("leave_out")];
  return h("div", { class: "scroll grid", role: "region", "aria-label": t("lines"), tabindex: "0" }, h("table", {},
    h("thead", {}, h("tr", {}, heads.map((head) => h("th", { scope: "col" }, head)))),
    h("tbody", {}, page.rows.map((record) => row(record, page.header, draft, count)))));
}

// Each reason stands below the cell that it is about; what is about no cell, below the number of the line.
function row(record, header, draft, count) {
  const line = record.line ?? record.number;
  const about = (name) => record.remarks.filter(({ column }) => column?.toLowerCase() === name.toLowerCase());
  const loose = record.remarks.filter(({ column }) => !header.some(({ name }) => name.toLowerCase() === column?.toLowerCase()));
  const reasons = (remarks, id = null) => (remarks.length ? h("div", { class: "reason", id }, remarks.map(({ message }) => told(message, "p"))) : null);
  const fields = header.map((column, place) => {
    if (!record.cells) return h("td", { class: "faint", data: { label: column.name } }, t("unreadable"));
    const [remarks, id] = [about(column.name), newId()];
    const bad = remarks.length > 0;
    return h("td", { class: bad ? "wrong" : null, data: { label: column.name } }, field(record, { ...column, secret: column.secret || record.cells[place] === null }, record.cells[place], { bad, about: id, line, draft, count }), reasons(remarks, id));
  });
  const out = h("input", { type: "checkbox", "aria-label": t("leave_out_line", { line }), checked: draft.drop.has(record.number), onchange: () => {
    if (out.checked) draft.drop.add(record.number);
    else draft.drop.delete(record.number);
    element.classList.toggle("dropped", out.checked);
    count();
  } });
  const element = h("tr", { class: out.checked ? "dropped" : null }, h("th", { scope: "row" }, number(line), reasons(loose)), fields,
    h("td", { class: "out", data: { label: t("leave_out") } }, out));
  return element;
}

function field(record, { name, secret }, stored, { bad, about, line, draft, count }) {
  const changed = draft.changes[record.number]?.[name];
  const lines = (stored ?? "").replace(/\r\n?/g, "\n"); // as a field of several lines holds them
  const input = h(lines.includes("\n") ? "textarea" : "input", {
    type: secret ? "password" : "text", value: changed ?? lines, autocomplete: secret ? "new-password" : "off", spellcheck: "false",
    placeholder: secret ? t("unchanged_secret") : null, "aria-label": t("cell", { column: name, line }), "aria-invalid": bad ? "true" : null,
    "aria-describedby": bad ? about : null, class: changed === undefined ? null : "changed",
    oninput: () => {
      const same = input.value === lines;
      const cells = (draft.changes[record.number] ??= {});
      if (same) delete cells[name];
      else cells[name] = input.value;
      if (!Object.keys(cells).length) delete draft.changes[record.number];
      input.classList.toggle("changed", !same);
      count();
    },
  });
  if (input.tagName === "INPUT") input.size = Math.max(6, Math.min(32, lines.length + 2));
  return input;
}

// What happens below the grid: how much was changed, and the button that sends it.
function sending(dagId, address, draft, first) {
  const { total, version } = first;
  const place = h("div", {});
  const amount = h("span", { class: "faint", "aria-live": "polite" });
  const count = () => {
    const [changed, renamed] = [draft.changes, draft.columns].map((each) => Object.keys(each).length);
    amount.textContent = [renamed ? t("renamed_columns", { n: renamed }) : null, changed ? t("changed_lines", { n: changed }) : null, draft.drop.size ? t("left_out_lines", { n: draft.drop.size }) : null].filter(Boolean).join(" · ");
  };
  count();
  const back = button("upload", isUndo(dagId) ? t("try_again") : t("send_back", { n: total }), () => act(back, place, async () => {
    const sent = await post(`${address}/send`, { changes: draft.changes, columns: draft.columns, drop: [...draft.drop], version });
    beforeLeaving(null);
    say(t("sent_back"));
    go("upload", dagId, sent.upload);
  }), { class: "button primary" });
  return { count, element: h("div", { class: "sending" }, h("div", { class: "actions" }, back, giveUp(dagId, address, first, back), amount), h("p", { class: "faint" }, icon("file"), t("send_back_about")), place) };
}

// Nobody corrects it any more: it moves into the archive, once a person has seen which file and how many lines that is.
// :param others: buttons that wait meanwhile.
function giveUp(dagId, address, { name, file, total, version }, others = []) {
  const place = h("div", {});
  const away = async () => {
    const about = [siteBadge(dagId), total ? h("p", {}, t("give_up_lines", { n: total })) : null, h("p", {}, t("give_up_about")), h("p", {}, h("code", {}, name))];
    if (!(await ask(t("give_up_title", { file: file ?? name }), about, { yes: t("give_up"), kind: "danger" }))) return;
    await act([one, others].flat(), place, async () => {
      await post(`${address}/give_up`, { version });
      beforeLeaving(null);
      say(t("given_up"));
      go();
    });
  };
  const one = button("cross", t("give_up"), away, { class: "button quiet" });
  return h("div", {}, one, place);
}
