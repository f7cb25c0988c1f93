// What is known of a file before anything is queued: how it will be read, what would be rejected, its first rows and first errors.

import { h, icon } from "./dom.js";
import { number, t } from "./i18n.js";
import { notice, table, told } from "./parts.js";

export function drawInspection(found) {
  return [verdict(found), columns(found), preview(found), problems(found)];
}

function verdict(found) {
  if (!found.dag_id && !found.rejected.length) return null; // a person says first what it is
  if (!found.complete && !found.lines && !found.rejected.length) return notice("", "file", h("p", {}, t("only_beginning")));
  if (found.rejected.length) return notice("bad", "cross", h("strong", {}, t("would_be_rejected")), list(found.rejected.map((each) => told(each))));
  const part = found.complete ? "" : ` ${t("only_beginning")}`;
  const files = isArchive(found);
  if (found.failed) return notice("warn", "warning", h("p", {}, t(files ? "files_would_fail" : "lines_would_fail", { n: found.failed, lines: found.lines }), part));
  return notice("good", "approve", h("p", {}, t(files ? "files_look_good" : "lines_look_good", { n: found.lines }), part));
}

function columns(found) {
  const unknown = found.columns.filter(({ column }) => !column);
  // What a file is rejected for was just told.
  if (found.rejected.length || !(unknown.length + found.missing.length + found.notes.length)) return null;
  const one = ({ name, near }) =>
    h("li", {}, icon("warning"), h("span", {}, t("unknown_column"), " ", h("code", {}, name), near ? [". ", t("did_you_mean"), " ", h("code", {}, near), t("question_end")] : null));
  return h("ul", { class: "plain warnings" }, unknown.map(one),
    found.missing.map((name) => h("li", {}, icon("warning"), h("span", {}, t("missing_column"), " ", h("code", {}, name)))), found.notes.map(noted));
}

// One of the lines may be a mistake. Without a line, it is about the whole file.
const noted = ({ line, column, value, message }) =>
  h("li", {}, icon("warning"), !line ? h("span", { lang: "en" }, message) : h("span", {}, t("line"), " ", number(line), ", ", h("code", {}, column), " ", h("q", {}, value), ": ", h("span", { lang: "en" }, message)));

function preview(found) {
  if (!found.rows.length) return null;
  const wrong = new Map(found.problems.map(({ line, column }) => [`${line} ${column}`, true]));
  const head = ({ name, column, secret }) => h("th", { scope: "col", class: column ? null : "unknown" }, name, secret ? h("small", {}, " ", t("secret")) : null);
  const files = isArchive(found);
  const line = t(files ? "entry" : "line");
  const heads = [line, ...(found.columns.length ? found.columns.map(head) : [t("content")])];
  const cell = (at) => (value, place) => {
    const { name, column, secret } = found.columns[place] ?? {};
    const bad = wrong.has(`${at} ${name}`) || wrong.has(`${at} ${column}`);
    return h("td", { class: bad ? "wrong" : null }, secret && value === null ? h("span", { class: "faint" }, "•••") : value);
  };
  const rows = found.rows.map(({ line: at, cells }) => h("tr", {}, h("th", { scope: "row" }, number(at)), cells.map(cell(at))));
  const title = t(files ? "first_files" : "first_rows");
  return h("section", {}, h("h2", {}, title), table(title, heads, rows, { key: "preview" }));
}

function problems(found) {
  if (!found.problems.length) return null;
  const row = ({ line, column, value, message }) =>
    h("tr", {}, h("th", { scope: "row" }, line ? number(line) : ""), h("td", {}, column ? h("code", {}, column) : null), h("td", {}, value ?? ""), h("td", { lang: "en" }, message));
  return h("section", {}, h("h2", {}, t("first_errors")),
    table(t("first_errors"), [isArchive(found) ? t("entry") : t("line"), t("column"), t("value"), t("message")], found.problems.map(row), { key: "problems" }));
}

// Of files: it has no encoding of its own.
const isArchive = ({ encoding }) => encoding === null;

export const list = (items) => h("ul", {}, items.map((item) => h("li", {}, item)));
