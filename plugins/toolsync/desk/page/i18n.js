// Words, numbers and dates in the language of Airflow's pages, else in the browser's. en.json and fr.json hold every word.

const KEY = "i18nextLng"; // where Airflow's pages keep their language
const LANGUAGES = ["en", "fr"];

let words = {};
let locale = "en";
let plural = new Intl.PluralRules("en");

export async function loadWords() {
  const asked = [stored(KEY), ...navigator.languages].filter(Boolean);
  const found = asked.find((tag) => LANGUAGES.includes(tag.slice(0, 2).toLowerCase()));
  // Airflow in a language that this page doesn't speak: English, as the rest of what is told about a file.
  const chosen = stored(KEY) && found !== stored(KEY) && !LANGUAGES.includes(stored(KEY).slice(0, 2)) ? "en" : (found ?? "en");
  locale = chosen;
  const language = locale.slice(0, 2).toLowerCase();
  plural = new Intl.PluralRules(locale);
  words = await (await fetch(new URL(`${language}.json`, import.meta.url))).json();
  document.documentElement.lang = language;
}

export function stored(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

// The words of a key, with {name} replaced by values. A key with `one` and `other` goes by `n`.
export function t(key, values = {}) {
  let found = words[key];
  if (found === undefined) return key;
  if (typeof found === "object") found = found[plural.select(values.n)] ?? found.other;
  return found.replace(/\{(\w+)\}/g, (_, name) => (typeof values[name] === "number" ? number(values[name]) : (values[name] ?? "")));
}

// The words of a key that may be missing: names that come from the server.
export const known = (key, otherwise, values) => (key in words ? t(key, values) : otherwise);

export const number = (value) => new Intl.NumberFormat(locale).format(value);

// The browser's time, which says whose it is: who shares a page's picture, or reads a report beside it, may live by another.
const MOMENT = { year: "numeric", month: "short", day: "numeric", hour: "numeric", minute: "2-digit", timeZoneName: "short" };

export const moment = (iso) => (iso ? new Intl.DateTimeFormat(locale, MOMENT).format(new Date(iso)) : "");

export const day = (iso) => new Intl.DateTimeFormat(locale, { dateStyle: "medium" }).format(new Date(iso));

export function ago(iso) {
  const seconds = (new Date(iso) - Date.now()) / 1000;
  const steps = [["day", 86400], ["hour", 3600], ["minute", 60]];
  const [unit, size] = steps.find(([, each]) => Math.abs(seconds) >= each) ?? ["second", 1];
  return new Intl.RelativeTimeFormat(locale, { numeric: "auto" }).format(Math.trunc(seconds / size), unit);
}

export function duration(seconds) {
  const parts = seconds >= 3600 ? [["hour", Math.floor(seconds / 3600)], ["minute", Math.round((seconds % 3600) / 60)]]
    : seconds >= 60 ? [["minute", Math.floor(seconds / 60)], ["second", Math.round(seconds % 60)]] : [["second", Math.max(1, Math.round(seconds))]];
  return parts.map(([unit, value]) => new Intl.NumberFormat(locale, { style: "unit", unit, unitDisplay: "short" }).format(value)).join(" ");
}

export function size(bytes) {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];
  const step = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(bytes, 1)) / 3));
  const digits = step ? 1 : 0;
  return new Intl.NumberFormat(locale, { style: "unit", unit: units[step], unitDisplay: step ? "short" : "long", maximumFractionDigits: digits })
    .format(bytes / 1000 ** step);
}
