// One step of an agent: what the model wrote, the code that ran, its host calls, and what it printed.

import { fill, h, icon } from "../dom.js";
import { bytes, clipped, duration, plural } from "../format.js";
import { badge } from "../ui.js";
import { block, coloured, partsOf } from "./text.js";

const OUTCOMES = {
  finished: "", final: "answered", raised: "error", limit: "limit reached", lost: "sandbox lost", no_code: "no code", refused: "refused",
};
const PAID = { raised: "bad", limit: "bad", lost: "bad", refused: "warn", no_code: "warn", final: "good" };
const FAILED = new Set(["raised", "limit", "lost", "refused"]);
const SHOWN_CALLS = 40;
const SHOWN_ANSWER = 1_500;

export class Step {
  /** `program`: an agent's own code, which has no replies. `allCalls()` gives the task's journal. */
  constructor(number, { program = false, open = false, allCalls, whole }) {
    this.number = number;
    this.allCalls = allCalls;
    this.whole = whole;
    this.text = "";
    this.calls = new Map();
    this.title = h("span", { class: "step-title" }, program ? "Program" : `Step ${number}`);
    this.gist = h("span", { class: "step-gist muted" });
    this.facts = h("span", { class: "step-facts muted" });
    this.state = h("span", { class: "step-state" });
    this.said = h("div", { class: "step-said" });
    this.code = h("div", { class: "step-code" });
    this.hosts = h("ul", { class: "calls", "aria-label": "Host calls" });
    this.output = h("div", { class: "step-output" });
    this.element = h("details", { class: "step", open, ontoggle: () => this.element.open && this.loadCalls() },
      h("summary", null, icon("chevron"), this.title, this.gist, this.state, this.facts),
      h("div", { class: "step-body" }, this.said, this.code, this.hosts, this.output));
    this.working(true);
  }

  working(yes) {
    this.element.classList.toggle("live", yes);
    this.element.setAttribute("aria-busy", String(yes));
  }

  /** The model is asked; `begun`: what its reply goes on from. */
  started({ begun }) {
    this.begun = begun ?? "";
    this.text = this.begun;
  }

  /** A piece of the reply; one of a new attempt begins the reply anew. */
  delta({ text, attempt }) {
    this.text = attempt === this.attempt ? this.text + text : (this.begun ?? "") + text;
    this.attempt = attempt;
    if (this.drawing) return;
    this.drawing = requestAnimationFrame(() => {
      this.drawing = 0;
      const parts = partsOf(this.text);
      this.drawReply(parts.before, parts.code, "");
    });
  }

  /** A piece of what a program's model call gives. */
  callDelta({ call, text, attempt }) {
    const entry = this.calls.get(call) ?? this.addCall({ call, name: "llm.complete", request: "" });
    entry.live = attempt === entry.attempt ? entry.live + text : text;
    entry.attempt = attempt;
    fill(entry.answer, clipped(entry.live.trim(), SHOWN_ANSWER));
  }

  replied({ text, code, usage }) {
    cancelAnimationFrame(this.drawing ?? 0);
    this.drawing = 0;
    const parts = partsOf((this.begun ?? "") + text);
    this.tokens = (usage?.prompt_tokens ?? 0) + (usage?.completion_tokens ?? 0);
    this.modelSeconds = usage?.model_seconds;
    const split = parts.code && code.includes(parts.code.trim().slice(0, 80)); // else it is not known what is prose
    fill(this.said, split && parts.before && h("p", null, parts.before), split && parts.after && h("p", null, parts.after));
    this.liveCode = null;
    fill(this.code, code && block("Code", code, { python: true }));
    if (!code) fill(this.said, text.trim() && h("p", null, text.trim()));
    fill(this.gist, gistOf(code || text));
    this.drawFacts();
  }

  drawReply(prose, code) {
    fill(this.said, prose && h("p", null, prose));
    if (!code) return;
    if (!this.liveCode) {
      this.liveCode = h("pre", { class: "live-code", tabIndex: 0, role: "region", "aria-label": "Code" });
      fill(this.code, h("figure", { class: "block" }, h("figcaption", null, h("span", null, "Code")), this.liveCode));
    }
    fill(this.liveCode, coloured(code));
  }

  served({ call, name, request, error, seconds, prompt_tokens: prompt, completion_tokens: completion }) {
    const entry = this.calls.get(call) ?? this.addCall({ call, name, request });
    fill(entry.name, name);
    fill(entry.request, clipped(request ?? "", 200));
    fill(entry.facts, factsOf(seconds, (prompt ?? 0) + (completion ?? 0)));
    if (error) fill(entry.answer, h("span", { class: "bad-text" }, error));
  }

  addCall({ call, name, request }) {
    const entry = {
      name: h("code", { class: "call-name" }, name), request: h("span", { class: "call-request" }, clipped(request ?? "", 200)),
      facts: h("span", { class: "muted call-facts" }), answer: h("div", { class: "call-answer" }), live: "",
    };
    this.calls.set(call, entry);
    if (this.calls.size <= SHOWN_CALLS) {
      this.hosts.append(h("li", null, h("div", { class: "call-head" }, entry.name, entry.request, entry.facts), entry.answer));
    }
    return entry;
  }

  completed({ outcome, stdout, observation, error, hint, seconds }) {
    this.complete = true;
    this.seconds = seconds;
    this.working(false);
    const word = OUTCOMES[outcome] ?? outcome;
    const wrong = error || (FAILED.has(outcome) ? errorIn(observation ?? "", stdout) : "");
    fill(this.state, word && badge(word, PAID[outcome] ?? ""));
    fill(this.output,
      stdout && block("Output", stdout.replace(/\n$/, "")),
      wrong && block("Error", wrong, { tone: "bad" }),
      hint && outcome !== "finished" && h("p", { class: "hint" }, "Told to the model: ", hint));
    this.drawFacts();
  }

  /** The task has ended while this was watched: what its calls gave is a press away, so that nothing moves by itself. */
  over() {
    this.working(false);
    if (!this.element.open || !this.calls.size) return;
    const more = h("button", { type: "button", class: "button quiet small", onclick: () => {
      more.remove();
      this.loadCalls();
    } }, "Show what the calls gave");
    this.hosts.after(more);
  }

  drawFacts() {
    const seconds = (this.modelSeconds ?? 0) + (this.seconds ?? 0);
    fill(this.facts, factsOf(seconds || null, this.tokens));
  }

  /** All host calls of this step, with their answers, from the journal. */
  async loadCalls() {
    if (this.loaded) return;
    this.loaded = true;
    try {
      const mine = (await this.allCalls()).filter((call) => call.step === this.number && call.seq > 0);
      if (mine.length) this.drawCalls(mine);
    } catch {
      this.loaded = false; // what came live stays; the next opening tries again
    }
  }

  drawCalls(calls) {
    this.calls.clear();
    this.hosts.replaceChildren();
    for (const call of calls) {
      const entry = this.addCall({ call: call.seq, name: call.name, request: call.request });
      fill(entry.facts, factsOf(call.seconds, call.prompt_tokens + call.completion_tokens));
      fill(entry.answer, answerOf(call));
    }
    if (calls.length > SHOWN_CALLS) {
      this.hosts.append(h("li", null, h("a", { href: this.whole }, `All ${calls.length} calls`)));
    }
  }
}

function answerOf(call) {
  if (call.error) return h("span", { class: "bad-text" }, call.error);
  if (call.state === "waiting") return h("span", { class: "muted" }, "waits for its answer");
  if (call.answer === null) return call.answer_bytes > 4 ? h("span", { class: "muted" }, `${bytes(call.answer_bytes)}, not shown`) : null;
  const text = typeof call.answer === "string" ? call.answer : JSON.stringify(call.answer);
  return clipped(text, SHOWN_ANSWER);
}

const factsOf = (seconds, tokens) => [tokens ? plural(tokens, "token") : "", seconds ? duration(seconds) : ""].filter(Boolean).join(" · ");

/** The first line that tells something. */
function gistOf(text) {
  const line = text.split("\n").map((each) => each.trim()).find((each) => each && !/^(import |from \S+ import |```|#)/.test(each));
  return line ? clipped(line, 120) : "";
}

/** What the model was shown of an error: the observation without what was printed. */
function errorIn(observation, stdout) {
  const told = observation.replace(/^Output:\n/, "");
  const printed = (stdout ?? "").trimEnd();
  return (printed && told.startsWith(printed) ? told.slice(printed.length) : told).trim();
}
