// One turn of a conversation: what was asked, what the agent does, and its answer. Fed by a task's events, whether
// they come live or from the past.

import { api } from "../api.js";
import { fill, h, icon } from "../dom.js";
import { duration, number, plural } from "../format.js";
import { badge, button, copyButton, iconButton, markdown, notice, statusBadge, when } from "../ui.js";
import { remember, remembered } from "../remembered.js";
import { Question } from "./question.js";
import { Step } from "./step.js";
import { words } from "./text.js";

const ENDED = new Set(["done", "failed", "dead", "cancelled"]);
const QUIET_MS = 1_500;
const LONGEST_QUIET_MS = 15_000;
const HIDDEN_MS = 60_000;
const FLAGS = { not_in_context: "The answer does not stand in the given text: check it." };
const FOLDED = "greatwheel.fold";

export class Turn {
  /** `hooks`: {fork(turn), rewind(turn), edit(turn), changed(turn), say(text)}. `names`: what the file was called. */
  constructor(task, hooks, fileName = null) {
    this.task = task;
    this.hooks = hooks;
    this.steps = new Map();
    this.questions = new Map();
    this.last = 0;
    this.heard = Date.now();
    this.patience = QUIET_MS;
    this.asked = h("div", { class: "asked" },
      fileName && h("p", { class: "attached" }, icon("file"), fileName), words(task.input, { class: "asked-words" }),
      h("div", { class: "turn-tools" }, copyButton(() => this.task.input, "Copy the question")));
    this.status = h("p", { class: "turn-status" });
    this.flow = h("div", { class: "flow" });
    this.children = h("ul", { class: "children", "aria-label": "Handed on to" });
    this.workTitle = h("span", null, "Work");
    this.work = h("details", { class: "work", hidden: true }, h("summary", null, icon("chevron"), this.workTitle), h("div", { class: "work-body" }));
    this.workBody = this.work.lastChild;
    this.answer = h("div", { class: "answer" });
    this.foot = h("footer", { class: "turn-foot" });
    this.element = h("article", { class: "turn", "aria-label": "A question and its answer", dataset: { task: task.task_id } },
      this.asked, h("div", { class: "reply" }, this.work, this.children, this.flow, this.status, this.answer, this.foot));
    this.work.addEventListener("toggle", () => this.toggled());
  }

  get ended() {
    return ENDED.has(this.task.status);
  }

  get path() {
    return `/api/tasks/${encodeURIComponent(this.task.task_id)}`;
  }

  // Live ------------------------------------------------------------------------------------------------------------

  /** Show everything from the beginning, and go on until the end. */
  follow() {
    this.live = true;
    this.work.open = remembered(FOLDED) !== "1";
    this.element.classList.add("live");
    this.drawStatus();
    this.listen();
    this.ticker = setInterval(() => this.tick(), 1_000);
  }

  listen() {
    this.stopEvents = api.events(this.task.task_id, this.last, (event) => this.take(event), (state, error) => this.connection(state, error));
  }

  /** A page that nobody sees gives its connection back: browsers have six for all their pages together. */
  rest() {
    if (!document.hidden) {
      this.hiddenSince = null;
      if (!this.stopEvents) this.listen();
      return;
    }
    this.hiddenSince ??= Date.now();
    if (Date.now() - this.hiddenSince < HIDDEN_MS) return;
    this.stopEvents?.();
    this.stopEvents = null;
  }

  /** Stop listening; the task goes on. */
  leave() {
    this.stopEvents?.();
    clearInterval(this.ticker);
  }

  connection(state, error) {
    this.lost = state === "lost";
    if (state === "failed") {
      this.leave();
      fill(this.status, notice(error.message, "bad"));
    } else {
      this.drawStatus();
    }
  }

  async tick() {
    this.rest();
    this.drawStatus();
    if (Date.now() - this.heard < this.patience || this.looking || this.lost || document.hidden) return;
    this.looking = true;
    this.heard = Date.now();
    this.patience = Math.min(LONGEST_QUIET_MS, this.patience * 1.5); // a question may wait for days
    try {
      const [task, below] = await Promise.all([api.get(this.path), api.get(api.query("/api/tasks", { parent: this.task.task_id, limit: 20 }))]);
      if (!this.ended) this.task = { ...this.task, status: task.status, started_at: task.started_at };
      this.drawChildren(below.items);
      this.drawStatus();
    } catch {
      // The stream tells what is wrong.
    } finally {
      this.looking = false;
    }
  }

  drawStatus() {
    if (this.ended) return void fill(this.status);
    const waits = [...this.questions.values()].some((question) => !question.closed);
    const text = this.lost ? "The connection is lost; trying again …"
      : waits ? "Waiting for your answer"
      : { queued: "Waiting for its turn …", admitted: "Starting …", waiting: "Waiting for others …" }[this.task.status] ?? "Working …";
    const since = this.task.started_at ?? this.task.created_at;
    const seconds = since ? Math.max(0, (Date.now() - new Date(since).getTime()) / 1000) : 0;
    if (this.statusText !== text) {
      this.statusText = text;
      this.statusTime = h("span", { class: "muted" });
      fill(this.status, h("span", { class: ["pulse", waits && "still"] }), h("span", null, text), this.statusTime);
    }
    fill(this.statusTime, seconds >= 3 ? duration(Math.floor(seconds)) : "");
  }

  drawChildren(tasks) {
    fill(this.children, [...tasks].reverse().map((task) => h("li", null, icon("arrow"),
      h("a", { href: `#/tasks/${encodeURIComponent(task.task_id)}` }, task.kind === "child" ? "a loop of its own" : task.agent),
      statusBadge(task.status), h("span", { class: "clip muted" }, task.input))));
  }

  // Events ----------------------------------------------------------------------------------------------------------

  take(event) {
    this.heard = Date.now();
    this.patience = QUIET_MS;
    if (event.id) this.last = event.id;
    const data = event.data;
    switch (event.type) {
      case "run.started": return this.started(data);
      case "step.started": return this.step(data.step).started(data);
      case "model.delta": return data.step ? this.step(data.step).delta(data) : this.program().callDelta(data);
      case "model.replied": return this.step(data.step).replied(data);
      case "host_call.served": return (this.steps.get(data.step) ?? this.program()).served(data);
      case "step.completed": return (this.steps.get(data.step) ?? this.program()).completed(data);
      case "message.sent": return this.message(data);
      case "question.asked": return this.question(data);
      case "question.answered": return this.answered(data.call);
      case "limit.warned": return this.warn(data);
      case "run.completed": return void (this.completed = data);
      case "task.ended": return this.end(data);
      default: return undefined;
    }
  }

  started({ model, variables }) {
    if (this.task.status === "queued" || this.task.status === "admitted") this.task = { ...this.task, status: "running" };
    this.model = model;
    const data = (variables ?? []).map((each) => `${each.name} (${each.type}${each.chars ? `, ${number(each.chars)} characters` : ""})`);
    if (data.length && !this.given) {
      this.given = h("p", { class: "given muted" }, icon("file"), "Given: ", data.join(", "));
      this.workBody.prepend(this.given);
    }
    this.drawStatus();
  }

  step(number_, program = false) {
    let step = this.steps.get(number_);
    if (!step) {
      step = new Step(number_, { program, open: this.live, allCalls: () => this.allCalls(), whole: `#/tasks/${encodeURIComponent(this.task.task_id)}` });
      this.steps.set(number_, step);
      this.workBody.append(step.element);
      this.work.hidden = false;
      this.drawWork();
      if (this.live && !program) this.hooks.say(`Step ${number_}`);
    }
    return step;
  }

  program() {
    return this.step(1, true);
  }

  message({ text }) {
    if (this.sent?.has(text) || (!this.live && text === this.task.answer)) return;
    (this.sent ??= new Set()).add(text);
    this.place.append(h("div", { class: "message" }, markdown(text)));
  }

  /** Where what the agent says on its way stands: in a past turn among its work. */
  get place() {
    return this.live ? this.flow : this.workBody;
  }

  question(data) {
    if (this.questions.has(data.call)) return;
    const question = new Question(this.task.task_id, data, () => this.drawStatus());
    this.questions.set(data.call, question);
    this.place.append(question.element);
    this.drawStatus();
    if (this.live) this.hooks.say(`The agent asks: ${data.question}`);
  }

  /** A question is answered, here or elsewhere; what was answered stands in the journal. */
  async answered(call) {
    const question = this.questions.get(call);
    if (!question || question.closed) return;
    try {
      const given = (await collected(`${this.path}/calls`)).find((each) => each.seq === call);
      question.close(typeof given?.answer === "string" ? given.answer : null);
    } catch {
      question.close(null);
    }
    this.drawStatus();
  }

  warn(data) {
    const what = data.message ?? `The ${data.metric ?? ""} limit of this ${data.period ?? "period"} is nearly used up.`;
    this.place.append(notice(what, "warn"));
  }

  /** The journal, once it is complete. */
  async allCalls() {
    if (!this.ended) throw new Error("the task goes on");
    this.callsPromise ??= collected(`${this.path}/calls`).catch((error) => {
      this.callsPromise = null;
      throw error;
    });
    return await this.callsPromise;
  }

  // The end ---------------------------------------------------------------------------------------------------------

  end(task) {
    this.leave();
    this.task = task;
    this.element.classList.remove("live");
    fill(this.status);
    for (const step of this.steps.values()) step.over();
    for (const question of this.questions.values()) if (!question.closed) question.close(null);
    this.showEnd();
    this.drawWork();
    this.hooks.say(task.status === "done" ? "The answer is there." : `The task ${task.status}.`);
    this.hooks.changed(this);
  }

  /** A task that had ended before: its answer now, its work when it is asked for. */
  showPast() {
    this.work.hidden = !this.task.started_at;
    this.drawWork();
    this.showEnd();
  }

  showEnd() {
    const { task } = this;
    const parts = [];
    if (task.status === "done" && task.outcome && task.outcome !== "answered") parts.push(notice(`${reasonOf(task)}${task.answer ? " This is the best answer so far." : ""}`, "warn"));
    for (const flag of this.completed?.flags ?? []) if (FLAGS[flag]) parts.push(notice(FLAGS[flag], "warn"));
    if (task.status === "done" && !this.sent?.has(task.answer)) parts.push(task.answer ? markdown(task.answer) : h("p", { class: "muted" }, "It ended without an answer in words."));
    if (task.status === "failed") parts.push(notice(`The agent's program failed. ${task.error ?? ""}`, "bad"));
    if (task.status === "dead") parts.push(notice(`This was given up after ${plural(task.attempts, "attempt")}. ${task.error ?? ""}`, "bad"));
    if (task.status === "cancelled") parts.push(h("p", { class: "muted" }, "Stopped."));
    fill(this.answer, parts);
    this.drawFoot();
  }

  drawFoot() {
    const { task } = this;
    const usage = task.usage ?? {};
    const tokens = (usage.prompt_tokens ?? 0) + (usage.completion_tokens ?? 0);
    const took = task.started_at && task.finished_at ? (new Date(task.finished_at) - new Date(task.started_at)) / 1000 : usage.seconds;
    const facts = [usage.steps && plural(usage.steps, "step"), tokens && plural(tokens, "token"), took && duration(took)].filter(Boolean);
    const again = (task.status === "failed" || task.status === "dead") && button("Try again", { small: true, picture: "refresh", onclick: () => this.hooks.retry(this) });
    fill(this.foot, again, task.answer && copyButton(() => task.answer, "Copy the answer"),
      this.point && iconButton("Fork from here: a new session goes on from this point", "fork", { onclick: () => this.hooks.fork(this) }),
      this.point && !this.newest && iconButton("Rewind to here: what came later is forgotten", "rewind", { onclick: () => this.hooks.rewind(this) }),
      h("span", { class: "turn-facts muted" }, facts.join(" · "), facts.length && task.finished_at ? " · " : "", task.finished_at && when(task.finished_at)));
  }

  /** Whether the session can go on from where it stood after this turn, and whether that is where it stands now. */
  setPoint(point, last) {
    if (this.point === point && this.newest === last) return;
    this.point = point;
    this.newest = last;
    if (this.ended) this.drawFoot();
  }

  drawWork() {
    const steps = this.task.usage?.steps ?? ([...this.steps.values()].length || null);
    const title = this.ended ? "How it got there" : "What it does";
    fill(this.workTitle, title, steps > 1 && h("span", { class: "muted" }, ` · ${plural(steps, "step")}`), this.model && h("span", { class: "muted" }, ` · ${this.model}`));
  }

  async toggled() {
    if (this.live) remember(FOLDED, this.work.open ? "0" : "1");
    if (!this.work.open || this.live || this.loaded) return;
    this.loaded = true;
    fill(this.workBody, h("p", { class: "muted" }, "Loading …"));
    try {
      const [events, below] = await Promise.all([collected(`${this.path}/events`, "after"), api.get(api.query("/api/tasks", { parent: this.task.task_id, limit: 20 }))]);
      this.workBody.replaceChildren();
      for (const event of events) this.take(event);
      for (const step of this.steps.values()) step.working(false);
      for (const call of this.questions.keys()) this.answered(call);
      this.drawChildren(below.items);
      if (!this.steps.size) fill(this.workBody, h("p", { class: "muted" }, "Nothing was kept of it."));
      this.drawWork();
    } catch (error) {
      this.loaded = false;
      fill(this.workBody, notice(error.message, "bad"));
    }
  }
}

/** All pages of a list. */
async function collected(path, cursorName = "cursor") {
  const items = [];
  let next = null;
  do {
    const page = await api.get(api.query(path, { limit: 200, [cursorName]: next }));
    items.push(...page.items);
    next = page.next;
  } while (next && items.length < 5_000);
  return items;
}

function reasonOf(task) {
  const known = { steps: "The agent used up its steps.", budget: "The agent used up its budget.", failed: "The agent could not finish." };
  return known[task.outcome] ?? task.error ?? `It ended: ${task.outcome}.`;
}
