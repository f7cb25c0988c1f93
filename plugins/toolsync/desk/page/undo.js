// What was deleted, reset or replaced and can be put back.

import { get, post, query } from "./api.js";
import { h, redraw, replace, say } from "./dom.js";
import { moment, size, t } from "./i18n.js";
import { go, to } from "./links.js";
import { act, badge, button, notice, searchBox, table } from "./parts.js";
import { siteHere } from "./sites.js";

const LIMIT = 200;

export async function undo(_, { signal, show }) {
  const chosen = new Map(); // bundles by name
  const site = siteHere();
  const [list, place] = [h("div", {}), h("div", {})];
  const all = button("undo", " ", () => restore([...chosen.values()], all), { class: "button primary" });
  const count = () => {
    bottom.hidden = chosen.size === 0;
    all.lastChild.textContent = t("put_back_courses", { n: chosen.size });
  };
  const restore = (some, clicked) => act(clicked, place, async () => {
    const made = await post("api/undo/restore", { bundles: some.map(({ dag_id, name }) => ({ dag_id, name })) });
    go("upload", made.dag_id, made.upload);
  });
  let latest = 0;
  const draw = async (q) => {
    const mine = (latest += 1);
    const { bundles, more } = await get(`api/undo${query({ site, q, limit: LIMIT })}`, signal);
    if (mine !== latest) return; // typed on meanwhile
    if (!bundles.length && !q) {
      replace(list, notice("", "undo", h("p", {}, t("no_bundles"))));
      return;
    }
    redraw(list, searchBox(t("search_courses"), q, draw), rows(bundles, chosen, restore, count), more ? h("p", { class: "faint" }, t("more_bundles")) : null);
    if (q) say(t("matching", { n: bundles.length }));
  };
  const bottom = h("div", { class: "sending", hidden: true }, h("div", { class: "actions" }, all), h("p", { class: "faint" }, t("put_back_about")));
  count();
  await draw("");
  show(t("undo"), h("p", { class: "faint" }, t("undo_about")), list, place, bottom);
}

function rows(bundles, chosen, restore, count) {
  if (!bundles.length) return h("p", { class: "faint" }, t("nothing_found"));
  const heads = [h("th", { scope: "col" }, h("span", { class: "unseen" }, t("choose"))), t("course"), t("what_happened"), t("when"), t("size"), t("put_back")];
  return table(t("undo"), heads, bundles.map((bundle) => row(bundle, chosen, restore, count)), { key: "bundles" });
}

function row(bundle, chosen, restore, count) {
  const { shortname, fullname, what, at, put_back: back, claim, dag_id: dagId } = bundle;
  const tick = h("input", { type: "checkbox", checked: chosen.has(bundle.name), "aria-label": t("choose_course", { name: shortname }), onchange: () => {
    if (tick.checked) chosen.set(bundle.name, bundle);
    else chosen.delete(bundle.name);
    count();
  } });
  const one = button("undo", t("put_back"), () => restore([bundle], one), { class: "button quiet", "aria-label": t("put_back_course", { name: shortname }) });
  return h("tr", { class: back ? "over" : null }, h("td", {}, back ? null : tick), h("th", { scope: "row" }, shortname, fullname ? h("small", {}, fullname) : null),
    h("td", {}, claim ? h("a", { href: to("reports", dagId, claim) }, t(`undo.${what}`)) : t(`undo.${what}`)), h("td", {}, moment(at)), h("td", {}, bundle.size === null ? "" : size(bundle.size)),
    h("td", {}, back ? badge("good", "approve", t("was_put_back", { when: moment(back) })) : one));
}
