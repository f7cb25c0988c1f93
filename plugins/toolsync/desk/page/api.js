// Calls of the desk's API, by relative addresses: Airflow may stand behind a path of a proxy.

export class ApiError extends Error {
  constructor(status, body) {
    super(typeof body?.detail === "string" ? body.detail : `HTTP ${status}`);
    this.status = status;
    this.paused = body?.paused === true;
  }
}

const MARK = { "X-Toolsync": "1" }; // forms of other sites can't send it

// An address from parts that may hold any character.
export const path = (...parts) => `api/${parts.map(encodeURIComponent).join("/")}`;

export function query(values) {
  const given = Object.entries(values).filter(([, value]) => value !== "" && value !== null && value !== undefined);
  return given.length ? `?${new URLSearchParams(given)}` : "";
}

async function call(address, options = {}) {
  const answer = await fetch(address, { ...options, headers: { ...MARK, ...options.headers }, credentials: "same-origin" });
  const body = answer.status === 204 ? null : await answer.json().catch(() => null);
  if (!answer.ok) throw new ApiError(answer.status, body);
  return body;
}

export const get = (address, signal) => call(address, { signal });
export const remove = (address) => call(address, { method: "DELETE" });
export const post = (address, body) =>
  call(address, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
export const postBytes = (address, body, signal) =>
  call(address, { method: "POST", headers: { "Content-Type": "application/octet-stream" }, body, signal });

// Sends a file, and tells how far it is: fetch can't.
export function send(address, file, { signal, onprogress }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("PUT", address);
    for (const [name, value] of Object.entries(MARK)) request.setRequestHeader(name, value);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.responseType = "json";
    request.upload.onprogress = (event) => onprogress(event.loaded, file.size);
    request.onload = () =>
      request.status < 300 ? resolve(request.response) : reject(new ApiError(request.status, request.response));
    request.onerror = () => reject(new TypeError("network"));
    request.onabort = () => reject(new DOMException("", "AbortError"));
    signal?.addEventListener("abort", () => request.abort());
    request.send(file);
  });
}

// Asks again and again, more seldom with time, and hardly ever while nobody looks; ends when `done` says so or the page is left.
export async function poll(ask, done, signal, { first = 1000, last = 5000 } = {}) {
  let answered = false;
  for (let pause = first; !signal.aborted; pause = Math.min(pause * 1.15, last)) {
    try {
      if (done(await ask())) return;
      answered = true;
    } catch (error) {
      if (!answered) throw error;
      // Airflow restarts, or the network is gone for a moment: what is shown stays, and the next answer tells.
      if (error instanceof ApiError && error.status < 500) throw error;
      if (signal.aborted) return;
    }
    await rest(document.hidden ? Math.max(pause, 15000) : pause, signal);
  }
}

function rest(milliseconds, signal) {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", seen);
      resolve();
    };
    const seen = () => document.hidden || end();
    const timer = setTimeout(end, milliseconds);
    signal.addEventListener("abort", end, { once: true });
    document.addEventListener("visibilitychange", seen);
  });
}
