// The server's API. Each call gives the answer's JSON, or throws an ApiError whose message is for people.

export const LOGGED_OUT = "greatwheel:logged-out";
const LONGEST_SILENCE = 40_000; // the server says something every 15 seconds
const FIRST_PAUSE = 400;
const LONGEST_PAUSE = 8_000;

export class ApiError extends Error {
  constructor(status, facts) {
    super(facts.message);
    this.name = "ApiError";
    this.status = status;
    this.code = facts.code;
    this.retryable = Boolean(facts.retryable);
  }
}

const NOBODY = { code: "network", message: "The server can't be reached. Is it running?", retryable: true };

/** Options: `signal`, `headers`. */
async function call(method, path, body, options = {}) {
  const headers = { accept: "application/json", ...options.headers };
  if (method !== "GET") headers["x-greatwheel"] = "1";
  if (body !== undefined) headers["content-type"] = "application/json";
  const payload = body === undefined ? undefined : JSON.stringify(body);
  const answer = await reached(path, { method, headers, body: payload, signal: options.signal });
  if (!answer.ok) throw await failureOf(answer, path);
  const text = await answer.text();
  return text ? JSON.parse(text) : null;
}

async function reached(path, request) {
  try {
    return await fetch(path, { ...request, credentials: "same-origin", cache: "no-store", redirect: "error" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0, NOBODY);
  }
}

async function failureOf(answer, path) {
  let facts = { code: `http.${answer.status}`, message: `The server answered ${answer.status}.`, retryable: answer.status >= 500 };
  try {
    facts = (await answer.json()).error ?? facts;
  } catch {
    // Not ours: a proxy's page, perhaps.
  }
  if (answer.status === 401 && path !== "/api/login") window.dispatchEvent(new CustomEvent(LOGGED_OUT));
  return new ApiError(answer.status, facts);
}

export const api = {
  get: (path, options) => call("GET", path, undefined, options),
  post: (path, body, options) => call("POST", path, body ?? {}, options),
  put: (path, body, options) => call("PUT", path, body, options),
  patch: (path, body, options) => call("PATCH", path, body, options),
  del: (path, options) => call("DELETE", path, undefined, options),
  list,
  query,
  events,
  upload,
};

/** A list, all its pages as one. */
async function list(path, options) {
  const items = [];
  let cursor = null;
  do {
    const page = await api.get(query(path, { cursor }), options);
    items.push(...page.items);
    cursor = page.next;
  } while (cursor);
  return { items, next: null };
}

/** `query("/api/tasks", {status: "dead", limit: 20})`: the path with what is not null or empty. */
function query(path, values) {
  const given = Object.entries(values).filter(([, value]) => value !== null && value !== undefined && value !== "");
  return given.length ? `${path}?${new URLSearchParams(given)}` : path;
}

/** Follow a task's events after the one with that id: `onEvent({id, type, data})` for each, the last is `task.ended`.
 *  A connection that breaks is made again and misses nothing. `onState("open" | "lost" | "failed", error)` tells how it
 *  stands; after "failed" nothing comes any more. Gives a function that stops. */
function events(taskId, after, onEvent, onState = () => {}) {
  const follower = new Follower(taskId, after, onEvent, onState);
  follower.run();
  return () => follower.stop();
}

class Follower {
  constructor(taskId, after, onEvent, onState) {
    this.path = `/api/tasks/${encodeURIComponent(taskId)}/events`;
    this.last = after || 0;
    this.onEvent = onEvent;
    this.onState = onState;
    this.over = false;
    this.pause = FIRST_PAUSE;
    this.wake = () => {};
    this.again = () => this.wake();
    window.addEventListener("online", this.again);
  }

  stop() {
    this.over = true;
    this.connection?.abort();
    this.wake();
    window.removeEventListener("online", this.again);
  }

  async run() {
    while (!this.over) {
      try {
        await this.connect();
      } catch (error) {
        if (this.over) break;
        if (error instanceof ApiError && !error.retryable && error.status !== 429) {
          this.stop();
          this.onState("failed", error);
          return;
        }
      }
      if (this.over) break;
      this.onState("lost");
      await this.rest();
    }
  }

  async rest() {
    const pause = this.pause * (0.75 + Math.random() / 2);
    this.pause = Math.min(LONGEST_PAUSE, this.pause * 2);
    let timer;
    await new Promise((resolve) => {
      this.wake = resolve;
      timer = setTimeout(resolve, pause);
    });
    clearTimeout(timer);
  }

  async connect() {
    this.connection = new AbortController();
    const headers = { accept: "text/event-stream" };
    if (this.last) headers["last-event-id"] = String(this.last);
    this.watch();
    try {
      const answer = await reached(this.path, { headers, signal: this.connection.signal });
      if (!answer.ok) throw await failureOf(answer, this.path);
      this.onState("open");
      await this.read(answer.body.getReader());
    } finally {
      clearTimeout(this.alarm);
    }
  }

  watch() {
    clearTimeout(this.alarm);
    this.alarm = setTimeout(() => this.connection.abort(), LONGEST_SILENCE);
  }

  async read(reader) {
    const decoder = new TextDecoder();
    let rest = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      this.watch();
      this.pause = FIRST_PAUSE;
      const blocks = (rest + decoder.decode(value, { stream: true })).split("\n\n");
      rest = blocks.pop();
      for (const block of blocks) {
        if (this.over) return;
        this.take(parsed(block));
      }
    }
  }

  take(event) {
    if (event === null) return;
    if (event.type === "error") throw new ApiError(500, event.data.error ?? NOBODY);
    if (event.id !== null) {
      if (event.id <= this.last) return;
      this.last = event.id;
    }
    if (event.type === "task.ended") this.stop();
    this.onEvent(event);
  }
}

/** One event of a stream; null for a comment. */
function parsed(block) {
  let type = "message", data = "", id = null;
  for (const line of block.split("\n")) {
    if (line.startsWith("event:")) type = line.slice(6).trim();
    else if (line.startsWith("data:")) data += (data && "\n") + line.slice(5).trimStart();
    else if (line.startsWith("id:")) id = Number(line.slice(3).trim());
  }
  return data ? { id, type, data: JSON.parse(data) } : null;
}

/** Send a file; `onProgress(share)` tells how far it is, from 0 to 1. Gives {promise, stop}. */
function upload(path, file, onProgress) {
  const request = new XMLHttpRequest(); // fetch can't tell how far an upload is
  const promise = new Promise((resolve, reject) => {
    request.open("POST", path);
    request.setRequestHeader("x-greatwheel", "1");
    request.setRequestHeader("accept", "application/json");
    request.upload.addEventListener("progress", (event) => event.lengthComputable && onProgress(event.loaded / event.total));
    request.addEventListener("error", () => reject(new ApiError(0, NOBODY)));
    request.addEventListener("abort", () => reject(new DOMException("stopped", "AbortError")));
    request.addEventListener("load", () => (request.status < 300 ? resolve(JSON.parse(request.responseText)) : reject(refused(request))));
    const form = new FormData();
    form.append("file", file);
    request.send(form);
  });
  return { promise, stop: () => request.abort() };
}

function refused(request) {
  if (request.status === 401) window.dispatchEvent(new CustomEvent(LOGGED_OUT));
  try {
    return new ApiError(request.status, JSON.parse(request.responseText).error);
  } catch {
    return new ApiError(request.status, { code: `http.${request.status}`, message: `The server answered ${request.status}.` });
  }
}
