// The sites that this Airflow feeds, and which one the page is about. Where there is only one, the list is empty and nothing is said of it.

import { get, query } from "./api.js";
import { stored } from "./i18n.js";

const KEY = "toolsync.site"; // where the browser keeps the one that was shown last
const BETWEEN = "__"; // in the id of a DAG, before the name of its site

let sites = null; // those that the person may see; null: not known yet
let shown = null;

// Asks for the sites; later on, where there are several, for what waits there. Returns whether something has changed.
export async function learnSites(signal) {
  if (sites?.length === 0) return false;
  const before = JSON.stringify(sites);
  ({ sites } = await get("api/sites", signal));
  return JSON.stringify(sites) !== before;
}

// Null: not asked yet.
export const knownSites = () => sites;

// Begins a page: the site of its DAG, else the one that the address names, else the one that was shown last, else the first.
// :param dagId: of the address, if it has one. :param named: what the address says. Returns false when there is no such site.
export function enter(dagId, named) {
  const names = sites.map(({ name }) => name);
  const wanted = dagId ? siteOf(dagId) : named;
  shown = names.includes(wanted) ? wanted : null;
  if (!names.length || dagId) return remember();
  if (named) return shown !== null && remember();
  const last = stored(KEY);
  shown = names.includes(last) ? last : names[0];
  return remember();
}

function remember() {
  try {
    if (shown) localStorage.setItem(KEY, shown);
  } catch {
    // Then the first one is shown next time.
  }
  return true;
}

// The name of the site that the page is about; null: the only one, or none that is known.
export const siteHere = () => shown;

const titled = (wanted) => sites?.find(({ name }) => name === wanted)?.title ?? null;

export const titleHere = () => titled(shown);

export const titleOfSite = (dagId) => titled(siteOf(dagId));

// The end of an address that has no DAG in it, of the page or of the API.
export const inSite = (name = shown) => query({ site: name });

const siteOf = (dagId) => dagId.split(BETWEEN)[1] ?? null;

export const withoutSite = (dagId) => dagId.split(BETWEEN)[0];

// What Airflow calls a DAG, without its site: the page says that once, above.
export function withoutTitle(title, dagId) {
  if (title === dagId && siteOf(dagId)) return withoutSite(dagId);
  const ending = ` · ${titleOfSite(dagId)}`;
  return title.endsWith(ending) ? title.slice(0, -ending.length) : title;
}
