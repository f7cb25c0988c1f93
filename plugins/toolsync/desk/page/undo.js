// What was deleted, reset or replaced and can be put back.

import { get, post } from "./api.js";
import { h, redraw, say } from "./dom.js";
import { moment, number, size, t } from "./i18n.js";
import { go, to } from "./links.js";
import { act, badge, button, notice, searchBox, table } from "./parts.js";

const SHOWN = 200;

export async function undo(_, { signal, show }) {
  const { bundles } = await get("api/undo", signal);
  if (!bundles.length) {
    show(t("undo"), notice("", "undo", h("p", {}, t("no_bundles"))));
    return;
  }
  const chosen = new Set();
  const [list, bottom] = [h("div", {}), h("div", { class: "sending" })];
  const draw = (q = "") => {
    const found = bundles.filter((each) => [each.shortname, each.fullname, String(each.courseid)].some((text) => text?.toLowerCase().includes(q.toLowerCase())));
    redraw(list, searchBox(t("search_courses"), q, draw), rows(found.slice(0, SHOWN), chosen, restore, count), found.length > SHOWN ? h("p", { class: "faint" }, t("and_more", { n: found.length - SHOWN, count: number(found.length - SHOWN) })) : null);
    if (q) say(t("matching", { n: found.length }));
  };
  const place = h("div", {});
  const all = button("undo", "", () => restore([...chosen], all), { class: "button primary" });
  const count = () => {
    all.disabled = chosen.size === 0;
    all.lastChild.textContent = t("put_back_courses", { n: chosen.size });
  };
  all.append(" ");
  count();
  const restore = (some, clicked) => act(clicked, place, async () => {
    const made = await post("api/undo/restore", { bundles: some.map(({ dag_id, name }) => ({ dag_id, name })) });
    go("upload", made.dag_id, made.upload);
  });
  bottom.append(h("div", { class: "actions" }, all), h("p", { class: "faint" }, t("put_back_about")), place);
  show(t("undo"), h("p", { class: "faint" }, t("undo_about")), list, bottom);
  draw();
}

function rows(bundles, chosen, restore, count) {
  if (!bundles.length) return h("p", { class: "faint" }, t("nothing_found"));
  const heads = [h("th", { scope: "col" }, h("span", { class: "unseen" }, t("choose"))), t("course"), t("what_happened"), t("when"), t("size"), ""];
  return table(t("undo"), heads, bundles.map((bundle) => row(bundle, chosen, restore, count)), { key: "bundles" });
}

function row(bundle, chosen, restore, count) {
  const { shortname, fullname, what, at, put_back: back, claim, dag_id: dagId } = bundle;
  const tick = h("input", { type: "checkbox", checked: chosen.has(bundle), "aria-label": t("choose_course", { name: shortname }), onchange: () => {
    if (tick.checked) chosen.add(bundle);
    else chosen.delete(bundle);
    count();
  } });
  const one = button("undo", t("put_back"), () => restore([bundle], one), { class: "button quiet", "aria-label": t("put_back_course", { name: shortname }) });
  return h("tr", { class: back ? "over" : null }, h("td", {}, tick), h("th", { scope: "row" }, shortname, h("small", {}, fullname)),
    h("td", {}, claim ? h("a", { href: to("reports", dagId, claim) }, t(`undo.${what}`)) : t(`undo.${what}`)), h("td", {}, moment(at)), h("td", {}, size(bundle.size)),
    h("td", {}, back ? badge("good", "approve", t("was_put_back", { when: moment(back) })) : one));
}
