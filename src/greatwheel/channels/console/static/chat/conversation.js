// One session's conversation: its turns, old and new.

import { api, ApiError } from "../api.js";
import { fill, h, icon } from "../dom.js";
import { button, confirm, failure, plain, skeleton, toast } from "../ui.js";
import { remember, remembered } from "../remembered.js";
import { Turn } from "./turn.js";

const PAGE = 20;
const CUT = 500; // longer texts are cut in lists
const NEAR_END = 60;
const ENDED = new Set(["done", "failed", "dead", "cancelled"]);

export class Conversation {
  /** `hooks`: {opened(session), changed(), edit(turn), say(text), left()}. */
  constructor(sessionId, { signal, welcome, hooks }) {
    this.sessionId = sessionId;
    this.signal = signal;
    this.hooks = hooks;
    this.turns = [];
    this.welcome = welcome;
    this.earlier = h("div", { class: "earlier" });
    this.inner = h("div", { class: "turns" });
    this.jump = button("To the end", { class: "jump", small: true, picture: "down", hidden: true, onclick: () => this.toEnd() });
    this.scroller = h("div", { class: "transcript", tabIndex: 0, role: "region", "aria-label": "Conversation", onscroll: () => this.scrolled() },
      this.earlier, this.inner);
    this.element = h("div", { class: "conversation" }, this.scroller, this.jump);
    this.sticky = true;
    this.growth = new ResizeObserver(() => this.sticky && this.toEnd());
    this.growth.observe(this.inner);
    this.turnHooks = {
      fork: (turn) => this.fork(turn), rewind: (turn) => this.rewind(turn), retry: (turn) => this.retry(turn),
      changed: () => this.changed(), say: hooks.say,
    };
  }

  close() {
    this.closed = true;
    this.growth.disconnect();
    for (const turn of this.turns) turn.leave();
  }

  get live() {
    return this.turns.some((turn) => !turn.ended);
  }

  get lastTurn() {
    return this.turns.at(-1) ?? null;
  }

  // What there is ---------------------------------------------------------------------------------------------------

  async load() {
    if (!this.sessionId) return void fill(this.inner, this.welcome);
    fill(this.inner, skeleton(7));
    try {
      const [session, history, page] = await Promise.all([this.get(""), this.history(), this.tasks(null)]);
      if (this.closed) return;
      this.session = session;
      this.inner.replaceChildren();
      for (const turn of this.turns) turn.leave();
      this.turns = [];
      for (const task of await this.chosen(history, page.items)) this.add(task);
      this.cursor = page.next;
      this.drawEarlier();
      if (!this.turns.length) fill(this.inner, this.welcome);
      this.hooks.opened(session);
      this.changed();
      this.toEnd();
    } catch (error) {
      if (error.name !== "AbortError" && !this.closed) fill(this.inner, failure(error, () => this.load()));
    }
  }

  get(rest) {
    return api.get(`/api/sessions/${encodeURIComponent(this.sessionId)}${rest}`, { signal: this.signal });
  }

  tasks(cursor) {
    return api.get(api.query("/api/tasks", { session: this.sessionId, limit: PAGE, cursor }), { signal: this.signal });
  }

  /** What the session remembers, with the task of each exchange: a fork's are its ancestor's. */
  async history() {
    try {
      return (await this.get("/history")).items;
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return [];
      throw error;
    }
  }

  /** The tasks to show, oldest first: what came before a fork, then the session's own that were not taken back. */
  async chosen(history, own) {
    const mine = new Set(own.map((task) => task.task_id));
    const inherited = this.session.forked_from ? history.filter((each) => each.task_id && !mine.has(each.task_id)) : [];
    const before = await Promise.all(inherited.map((each) => this.inherited(each)));
    const whole = await Promise.all(own.filter((task) => !task.rewound).map((task) => this.whole(task)));
    return [...before, ...whole.reverse()];
  }

  async inherited(exchange) {
    const none = { task_id: exchange.task_id, input: exchange.asked, answer: exchange.answered, status: "done", outcome: "answered", usage: {}, inherited: true };
    try {
      return { ...(await api.get(`/api/tasks/${encodeURIComponent(exchange.task_id)}`, { signal: this.signal })), inherited: true };
    } catch {
      return none;
    }
  }

  /** A task of a list, its texts uncut. */
  async whole(task) {
    if ([task.input, task.answer, task.error].every((text) => (text ?? "").length < CUT)) return task;
    return api.get(`/api/tasks/${encodeURIComponent(task.task_id)}`, { signal: this.signal });
  }

  drawEarlier() {
    fill(this.earlier, this.cursor && button("Earlier turns", { small: true, look: "quiet", onclick: () => this.loadEarlier() }));
  }

  async loadEarlier() {
    const page = await this.tasks(this.cursor);
    const height = this.scroller.scrollHeight;
    const tasks = await Promise.all(page.items.filter((task) => !task.rewound).map((task) => this.whole(task)));
    for (const task of tasks) this.add(task, true);
    this.cursor = page.next;
    this.drawEarlier();
    this.scroller.scrollTop += this.scroller.scrollHeight - height;
  }

  add(task, first = false) {
    const turn = new Turn(task, this.turnHooks, remembered(`greatwheel.file.${task.task_id}`, sessionStorage));
    if (task.inherited) turn.element.classList.add("inherited");
    if (first) {
      this.turns.unshift(turn);
      this.inner.prepend(turn.element);
    } else {
      this.turns.push(turn);
      this.inner.append(turn.element);
    }
    if (ENDED.has(task.status)) turn.showPast();
    else turn.follow();
    return turn;
  }

  /** Turns that were begun elsewhere. */
  async refresh() {
    if (!this.sessionId || !this.session) return;
    const known = new Set(this.turns.map((turn) => turn.task.task_id));
    const page = await this.tasks(null).catch(() => null);
    if (!page || this.closed) return;
    const newest = this.lastTurn?.task.created_at ?? "";
    for (const task of page.items.reverse()) if (!known.has(task.task_id) && task.created_at > newest) this.add(await this.whole(task));
    this.changed();
  }

  // What is done ----------------------------------------------------------------------------------------------------

  /** A task was submitted. */
  began(task, fileName) {
    if (!this.turns.length) this.inner.replaceChildren();
    this.sessionId = task.session_id;
    this.session ??= { session_id: task.session_id, agent: task.agent, status: "active" };
    if (fileName) remember(`greatwheel.file.${task.task_id}`, fileName, sessionStorage);
    this.add(task);
    this.sticky = true;
    this.toEnd();
    this.changed();
  }

  changed() {
    this.hooks.changed();
    this.pointsKnown = this.sessionId && !this.live ? this.loadPoints() : Promise.resolve();
  }

  async loadPoints() {
    try {
      const points = new Set((await this.get("/points")).items.map((point) => point.task_id));
      for (const turn of this.turns) turn.setPoint(points.has(turn.task.task_id), turn === this.lastTurn);
    } catch {
      // Without points there is nothing to fork from: the buttons stay away.
    }
  }

  stop() {
    for (const turn of this.turns.filter((each) => !each.ended)) {
      api.post(`${turn.path}/cancel`).catch((error) => toast(plain(error), "bad"));
    }
  }

  async fork(turn) {
    try {
      const made = await api.post(`/api/sessions/${encodeURIComponent(this.sessionId)}/fork`, { task_id: turn.task.task_id });
      location.hash = `#/chat/${encodeURIComponent(made.session_id)}`;
      toast("This is a new session that goes on from there.");
    } catch (error) {
      toast(plain(error), "bad");
    }
  }

  async rewind(turn) {
    const wanted = await confirm({
      title: "Rewind to here?", danger: true, action: "Rewind",
      text: "The session forgets everything that came after this answer: its variables and what was said stand as they did then. Fork instead if you may want to come back.",
    });
    if (!wanted) return;
    try {
      await api.post(`/api/sessions/${encodeURIComponent(this.sessionId)}/rewind`, { task_id: turn.task.task_id });
    } catch (error) {
      return void toast(plain(error), "bad");
    }
    this.drop(turn);
    this.changed();
  }

  /** Show no more what came after that turn; without one, nothing. */
  drop(turn) {
    for (const later of this.turns.splice(turn ? this.turns.indexOf(turn) + 1 : 0)) {
      later.leave();
      later.element.remove();
    }
  }

  async retry(turn) {
    try {
      const task = await api.post(`${turn.path}/retry`);
      const again = new Turn(task, this.turnHooks);
      turn.leave();
      turn.element.replaceWith(again.element);
      this.turns[this.turns.indexOf(turn)] = again;
      again.follow();
      this.changed();
    } catch (error) {
      toast(plain(error), "bad");
    }
  }

  // Scrolling -------------------------------------------------------------------------------------------------------

  /** Who scrolls up wants to read; what grows below is no reason to leave the end. */
  scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    const up = scrollTop < (this.top ?? 0) - 1;
    this.top = scrollTop;
    if (scrollHeight - clientHeight - scrollTop < NEAR_END) this.sticky = true;
    else if (up) this.sticky = false;
    this.jump.hidden = this.sticky;
  }

  toEnd() {
    this.scroller.scrollTop = this.scroller.scrollHeight;
    this.sticky = true;
    this.jump.hidden = true;
  }
}
