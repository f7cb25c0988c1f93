// The Params of a DAG as a form. Only what differs from the DAG's own defaults is sent.

import { h, newId } from "./dom.js";
import { known, t } from "./i18n.js";

// :param params: as the API lists them. :param given: values to begin with, by name. :param without: names that are asked for elsewhere.
// Returns the element; a function that tells whether every value may be given, and leads to the first that may not; and one that gives the values
// that differ from the defaults.
export function paramForm(params, { given = {}, without = [] } = {}) {
  const fields = params.filter(({ name }) => !without.includes(name)).map((param) => field(param, given[param.name] ?? param.default));
  const sections = [...new Set(fields.map(({ param }) => param.section ?? ""))];
  const element = h("div", { class: "params" }, sections.map((section) => fieldset(section, fields.filter(({ param }) => (param.section ?? "") === section))));
  const values = () =>
    Object.fromEntries(fields.map(({ param, read }) => [param, read()]).filter(([param, value]) => JSON.stringify(value) !== JSON.stringify(param.default) && !(value === "" && !param.default))
      .map(([param, value]) => [param.name, value]));
  const valid = () => {
    const wrong = element.querySelector("input:invalid");
    if (!wrong) return true;
    wrong.closest("details").open = true;
    return wrong.reportValidity();
  };
  return { element, valid, values };
}

const MANY = 8; // fields of a section that gets the whole width

const fieldset = (section, fields) =>
  h("fieldset", { class: fields.length > MANY ? "many" : null }, h("legend", { lang: known(`section.${section}`) ? null : "en" }, known(`section.${section}`, section || t("options"))), fields.map(({ element }) => element));

function field(param, value) {
  const id = newId();
  const { input, read } = control(param, value, id);
  const title = known(`param.${param.title}`, param.title);
  const help = known(`help.${param.description}`);
  const about = param.description ? h("p", { class: "faint", id: `${id}-about`, lang: help ? null : "en" }, code(help ?? param.description)) : null;
  if (about) input.setAttribute("aria-describedby", about.id);
  const label = h("label", { for: id, lang: known(`param.${param.title}`) ? null : "en" }, title);
  const tick = param.type.includes("boolean");
  return { param, read, element: h("div", { class: tick ? "field tick" : "field" }, tick ? [input, label] : [label, input], about) };
}

function control(param, value, id) {
  const shared = { id, name: param.name };
  if (param.type.includes("boolean")) {
    const input = h("input", { ...shared, type: "checkbox", checked: value === true });
    return { input, read: () => input.checked };
  }
  if (param.enum) {
    const input = h("select", shared, param.enum.map((each) => h("option", { value: String(each), selected: each === value }, String(each))));
    return { input, read: () => param.enum[input.selectedIndex] };
  }
  if (!param.type.includes("string") && (param.type.includes("integer") || param.type.includes("number"))) {
    const input = h("input", { ...shared, type: "number", value: value ?? "", min: param.minimum, max: param.maximum, step: param.type.includes("integer") ? 1 : "any" });
    return { input, read: () => (input.value === "" ? (param.type.includes("null") ? null : param.default) : Number(input.value)) };
  }
  if (param.type.includes("array")) {
    const input = h("input", { ...shared, type: "text", value: (value ?? []).join(", "), autocomplete: "off" });
    return { input, read: () => input.value.split(",").map((each) => each.trim()).filter(Boolean) };
  }
  if (param.format === "multiline") {
    const input = h("textarea", { ...shared, rows: 4, value: value ?? "" });
    return { input, read: () => input.value };
  }
  const input = h("input", { ...shared, type: { date: "date", "date-time": "datetime-local" }[param.format] ?? "text", value: value ?? "", autocomplete: "off",
    oninput: () => input.setCustomValidity(!param.pattern || new RegExp(param.pattern).test(input.value) ? "" : t("not_allowed")) });
  return { input, read: () => (input.value === String(param.default ?? "") ? param.default : input.value) };
}

// Words between backticks, as the descriptions of Params have them.
export const code = (text) => text.split("`").map((part, number) => (number % 2 ? h("code", {}, part) : part));
