// Addresses: of this page, and of Airflow's own pages around it.

import { h } from "./dom.js";
import { inSite } from "./sites.js";

// The address of a page: to("reports", dag_id, claim). One without a DAG is of the site that is shown.
export const to = (...parts) => `#/${parts.map(encodeURIComponent).join("/")}${parts.length < 2 ? inSite() : ""}`;

export function go(...parts) {
  location.hash = to(...parts);
}

const framed = window.parent !== window;
const base = new URL("..", location.href.replace(/[?#].*$/, "")).href; // where Airflow is

// A link to one of Airflow's own pages. Airflow's frame forbids this page to navigate it, so there its router is told instead.
export function airflowLink(path, ...children) {
  const href = new URL(path, base).href;
  const open = (event) => {
    if (!framed || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    window.parent.history.pushState(null, "", href);
    window.parent.dispatchEvent(new PopStateEvent("popstate", { state: null }));
  };
  return h("a", { href, onclick: open, target: framed ? null : "_top" }, ...children);
}

export const runInAirflow = (dagId, runId) => `dags/${encodeURIComponent(dagId)}/runs/${encodeURIComponent(runId)}`;

// Airflow's login, whichever it is, which leads back here.
export const login = () => new URL(`api/v2/auth/login?next=${encodeURIComponent(location.href)}`, base).href;

// Inside Airflow the address bar is Airflow's. It shows this page's place too, so that it can be loaded again and passed on.
export function tellFrame() {
  if (!framed) return;
  try {
    const { history: frame, location: place } = window.parent;
    if (place.pathname.endsWith(location.pathname)) frame.replaceState(frame.state, "", place.pathname + place.search + location.hash);
  } catch {
    // Shown by a page of another origin: then there is nothing to tell.
  }
}
