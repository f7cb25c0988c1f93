// The last runs of a type as stacked bars, oldest first; each leads to its run and says in words what it shows.

import { h, s } from "./dom.js";
import { known, moment, t } from "./i18n.js";
import { to } from "./links.js";
import { OUTCOMES, sentence, total } from "./parts.js";

const HEIGHT = 44;
const WIDTH = 14;

export function chart(dag) {
  const runs = [...dag.runs].reverse();
  const most = Math.max(1, ...runs.map((run) => total(run.counts)));
  return h("ol", { class: "chart", "aria-label": t("last_runs") }, runs.map((run) => h("li", {}, column(dag, run, most))));
}

function column(dag, run, most) {
  const words = [moment(run.started), run.simulated ? t("simulation") : null, run.refused ? t("refused") : known(`state.${run.state}`, run.state), sentence(run.counts)]
    .filter(Boolean).join(" · ");
  const kind = `${run.state}${run.simulated ? " simulated" : ""}`;
  return h("a", { href: to("runs", dag.dag_id, run.run_id), title: words, class: kind, data: { key: `run ${run.run_id}` } },
    drawing(run.counts, most, run.state), h("span", { class: "unseen" }, words));
}

function drawing(counts, most, state) {
  const lines = total(counts);
  const picture = s("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, width: WIDTH, height: HEIGHT, "aria-hidden": "true" });
  // The square root: a file of three lines beside one of a million is still seen.
  const height = lines ? Math.max(6, (HEIGHT - 2) * Math.sqrt(lines / most)) : 4;
  let top = HEIGHT - height;
  if (!lines) picture.append(s("rect", { class: state, x: 1, y: top, width: WIDTH - 2, height }));
  for (const name of OUTCOMES.filter((each) => counts?.[each])) {
    const part = (height * counts[name]) / lines;
    picture.append(s("rect", { class: name, x: 1, y: top, width: WIDTH - 2, height: part }));
    top += part;
  }
  return picture;
}

export const legend = () =>
  h("ul", { class: "legend", "aria-label": t("legend") }, [...OUTCOMES, "simulated"].map((name) =>
    h("li", { class: name }, h("i", {}), name === "simulated" ? t("simulation") : t(`outcome.${name}`))));
