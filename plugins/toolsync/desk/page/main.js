// The desk: which page belongs to which address, and the colours.

import { loadWords, stored } from "./i18n.js";
import { start } from "./router.js";
import { overview } from "./overview.js";
import { upload } from "./upload.js";
import { givenFile, inboxFile, withoutFile } from "./ready.js";
import { run } from "./run.js";
import { reports } from "./reports.js";
import { report } from "./report.js";
import { tryback } from "./tryback.js";
import { plan } from "./plan.js";
import { undo } from "./undo.js";
import { manual } from "./manual.js";

// By the first word of the address and the number of words after it.
const ROUTES = {
  "/0": overview,
  "upload/0": upload,
  "upload/1": upload,
  "upload/2": givenFile,
  "start/1": withoutFile,
  "start/2": inboxFile,
  "runs/2": run,
  "reports/1": reports,
  "reports/2": report,
  "trybacks/2": tryback,
  "plans/2": plan,
  "undo/0": undo,
  "undo/1": undo,
  "manual/0": manual,
  "manual/1": manual,
};

// Light or dark as Airflow's pages are, which keep it under `theme`; else as the system is.
function colours() {
  const theme = stored("theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
}

// A file that is dropped beside its place must not take the page's.
for (const name of ["dragover", "drop"]) addEventListener(name, (event) => event.dataTransfer?.types.includes("Files") && event.preventDefault());

colours();
addEventListener("storage", (event) => {
  if (event.key === "theme") colours();
  if (event.key === "i18nextLng") location.reload();
});
await loadWords();
await start(ROUTES);
