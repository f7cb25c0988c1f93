// A file is chosen or dropped, and looked at before it is sent anywhere.

import { path, postBytes, query, send } from "./api.js";
import { h, icon, newId, replace, say } from "./dom.js";
import { size, t } from "./i18n.js";
import { bar, button, titleOf } from "./parts.js";
import { bench } from "./ready.js";
import { siteHere } from "./sites.js";

const HEAD = 512 * 1024; // bytes that are enough to look at a file

export async function upload([dagId], { signal, show }) {
  const [content, site] = [h("div", {}), siteHere()];
  const again = () => replace(content, dagId ? h("h2", {}, titleOf({ dag_id: dagId })) : null, zone(begin));
  const begin = (file) => {
    say(t("looking_at", { name: file.name }));
    const back = button("back", t("other_file"), again);
    replace(content, h("p", { class: "chosen" }, icon("file"), h("strong", {}, file.name), " ", h("small", { class: "faint" }, size(file.size)), back));
    return bench(content, fromHere(file, site, signal), { dagId, signal });
  };
  show(t("upload"), content);
  again();
}

// A file that is still on the person's machine. It is looked at for one site, and sent to a DAG that was found there.
const fromHere = (file, site, signal) => ({
  name: file.name,
  inspect: ({ dagId, delimiter, encoding }) =>
    postBytes(`api/inspect${query({ name: file.name, site, dag_id: dagId, delimiter, encoding, complete: file.size <= HEAD ? 1 : 0 })}`, file.slice(0, HEAD), signal),
  // Sends it, once: after a run that could not be triggered, the same upload is used again.
  ready: (sent => async (dagId, place) => {
    if (sent[dagId]) return { upload: sent[dagId] };
    const progress = (done, all) => replace(place, bar(t("sending", { name: file.name }), done, all));
    progress(0, file.size);
    const { id } = await send(path("dags", dagId, "uploads", file.name), file, { signal, onprogress: progress });
    sent[dagId] = id;
    return { upload: id };
  })({}),
});

function zone(begin) {
  const id = newId();
  const wrong = h("p", { class: "wrong-drop", role: "alert" });
  const take = (files) => {
    if (files.length === 1) return begin(files[0]);
    if (files.length > 1) wrong.textContent = t("one_at_a_time");
    return null;
  };
  const over = (on) => (event) => {
    event.preventDefault();
    area.classList.toggle("over", on);
  };
  const drop = (event) => {
    over(false)(event);
    take(event.dataTransfer.files);
  };
  const area = h("div", { class: "zone", ondragenter: over(true), ondragover: over(true), ondragleave: over(false), ondrop: drop },
    icon("upload"), h("p", {}, h("strong", {}, t("drop_here"))),
    h("input", { id, type: "file", class: "unseen", onchange: (event) => take(event.target.files) }),
    h("label", { for: id, class: "button primary" }, t("choose_file")),
    h("p", { class: "faint" }, t("upload_about")), wrong);
  return area;
}
