// The chat: sessions at the side, the conversation, and the field below it.

import { Composer } from "../chat/composer.js";
import { Conversation } from "../chat/conversation.js";
import { SessionList } from "../chat/list.js";
import { fill, h, icon } from "../dom.js";
import { remember, remembered } from "../remembered.js";
import { button, iconButton, plain, select, toast } from "../ui.js";

const AGENT = "greatwheel.agent";
const MODEL = "greatwheel.model";

export async function render(root, context) {
  const page = new ChatPage(root, context);
  page.show(context.params.id);
  page.begun = page.begin();
  return { update: (params) => page.show(params.id), close: () => page.close() };
}

class ChatPage {
  constructor(root, { api, config, me, signal }) {
    this.api = api;
    this.me = me;
    this.signal = signal;
    this.conversation = null;
    this.agents = [];
    this.list = new SessionList({ signal, onNew: () => this.newChat() });
    this.composer = new Composer(config, {
      send: (order) => this.send(order), stop: () => this.stop(), editLast: () => this.editLast(),
    });
    this.composer.onInstructions = (text) => this.keepInstructions(text);
    this.defaultAgent = config.default_agent ?? "";
    this.title = h("h1", { class: "clip" }, "New chat");
    this.agent = select([[this.defaultAgent, this.defaultAgent || "default agent"]], this.defaultAgent, { "aria-label": "Agent", title: "Agent", onchange: () => this.chose() });
    this.model = select([["", "The agent's model"]], "", { "aria-label": "Model", title: "Model", onchange: () => remember(MODEL, this.model.value) });
    this.announcer = h("p", { class: "unseen", role: "status", "aria-live": "polite" });
    this.place = h("div", { class: "chat-place" });
    this.ended = h("div", { class: "chat-ended", hidden: true });
    const sessionsButton = iconButton("Sessions", "sessions", { class: "show-sessions", "aria-expanded": "false", onclick: () => this.foldList() });
    this.sessionsButton = sessionsButton;
    const head = h("header", { class: "chat-head" }, sessionsButton, this.title,
      h("div", { class: "chat-choices" }, this.agent, this.model), iconButton("New chat", "plus", { class: "new-small", onclick: () => this.newChat() }));
    this.chat = h("section", { class: "chat", "aria-label": "Chat" }, head, this.place, this.ended, this.composer.element, this.announcer);
    fill(root, this.list.element, h("div", { class: "list-shade", onclick: () => this.foldList(false) }), this.chat);
    this.root = root;
    this.listen();
  }

  listen() {
    const options = { signal: this.signal };
    document.addEventListener("keydown", (event) => this.key(event), options);
    document.addEventListener("visibilitychange", () => this.seen(), options);
    this.list.element.addEventListener("click", (event) => event.target.closest("a, .button.primary") && this.foldList(false), options);
    for (const kind of ["dragenter", "dragover"]) this.chat.addEventListener(kind, (event) => this.drag(event), options);
    this.chat.addEventListener("dragleave", (event) => event.relatedTarget && this.chat.contains(event.relatedTarget) || this.chat.classList.remove("dropping"), options);
    this.chat.addEventListener("drop", (event) => this.drop(event), options);
  }

  key(event) {
    if ((event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && event.key.toLowerCase() === "k") {
      event.preventDefault();
      this.newChat();
    } else if (event.key === "Escape" && this.root.classList.contains("list-open")) {
      this.foldList(false);
      this.sessionsButton.focus();
    }
  }

  drag(event) {
    if (![...event.dataTransfer.types].includes("Files")) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
    this.chat.classList.add("dropping");
  }

  drop(event) {
    event.preventDefault();
    this.chat.classList.remove("dropping");
    const files = [...event.dataTransfer.files];
    if (files.length > 1) toast("One file can be given at a time: the first was taken.");
    if (files.length) this.composer.attach(files[0]);
  }

  foldList(open = !this.root.classList.contains("list-open")) {
    this.root.classList.toggle("list-open", open);
    this.sessionsButton.setAttribute("aria-expanded", String(open));
  }

  /** What can be chosen, and the list. */
  async begin() {
    this.list.load();
    const [agents, models] = await Promise.all([this.choices("/api/agents"), this.choices("/api/models")]);
    this.agents = agents;
    const names = agents.map((agent) => agent.name);
    const chosen = remembered(AGENT);
    offer(this.agent, names.length ? names : [this.defaultAgent], this.session?.agent ?? (names.includes(chosen) ? chosen : this.defaultAgent));
    offer(this.model, [["", "The agent's model"], ...models.map((model) => model.name)], models.some((model) => model.name === remembered(MODEL)) ? remembered(MODEL) : "");
    if (!this.session) this.drawWelcome();
  }

  async choices(path) {
    try {
      return (await this.api.list(path, { signal: this.signal })).items;
    } catch {
      return [];
    }
  }

  show(sessionId) {
    if (this.conversation && this.conversation.sessionId === sessionId) return;
    this.conversation?.close();
    this.session = null;
    this.composer.edit(null);
    this.welcome = h("div", { class: "welcome" });
    this.drawWelcome();
    this.conversation = new Conversation(sessionId, { signal: this.signal, welcome: this.welcome, hooks: {
      opened: (session) => this.opened(session), changed: () => this.changed(), say: (text) => this.say(text),
    } });
    fill(this.place, this.conversation.element);
    fill(this.title, sessionId ? "…" : "New chat");
    this.agent.disabled = Boolean(sessionId);
    this.ended.hidden = true;
    this.composer.close(false);
    this.composer.setLive(false);
    this.composer.instructions = keptInstructions(sessionId);
    this.composer.draw();
    this.list.choose(sessionId);
    this.conversation.load();
    if (matchMedia("(hover: hover)").matches) this.composer.words.focus({ preventScroll: true });
  }

  chose() {
    remember(AGENT, this.agent.value);
    this.drawWelcome();
  }

  drawWelcome() {
    const agent = this.agents.find((each) => each.name === this.agent.value);
    fill(this.welcome, icon("wheel"), h("p", { class: "welcome-title" }, "What shall be found out?"),
      h("p", { class: "muted" }, agent?.description || "Ask a question, or drop a file here and ask about it. You see each step while the agent works."));
  }

  opened(session) {
    this.session = session;
    const known = [...this.agent.options].some((option) => option.value === session.agent);
    if (!known) this.agent.append(h("option", { value: session.agent }, session.agent));
    this.agent.value = session.agent;
    const reason = session.status === "ended" ? "This session has ended." : session.user_id !== this.me.user_id ? "This is somebody else's session: you can read it." : null;
    if (!reason) return;
    this.ended.hidden = false;
    fill(this.ended, h("span", null, reason), button("New chat", { small: true, onclick: () => this.newChat() }));
    this.composer.close(true);
  }

  changed() {
    const { conversation } = this;
    this.composer.setLive(conversation.live);
    const first = conversation.turns[0]?.task.input;
    fill(this.title, first ? first.slice(0, 120) : conversation.sessionId ? "Session" : "New chat");
  }

  /** For who does not look: a screen reader's words, and a hidden page's title. */
  say(text) {
    fill(this.announcer, text);
    if (document.hidden) document.title = `● ${text}`;
  }

  seen() {
    if (document.hidden) return;
    document.title = "Chat · Greatwheel";
    this.conversation?.refresh();
  }

  newChat() {
    if (location.hash === "#/chat") this.show(null);
    else location.hash = "#/chat";
    this.composer.words.focus();
  }

  async editLast() {
    await this.conversation.pointsKnown;
    const { turns } = this.conversation;
    const turn = turns.filter((each) => each.ended && !each.task.inherited).at(-1);
    if (!turn || turn !== turns.at(-1)) return;
    const before = turns.at(-2);
    if (before && !before.point) return void toast("This session can't be taken back to before your last message.");
    this.composer.edit(turn);
  }

  async send(given) {
    const { text, attachment, instructions, edited } = given;
    const target = this.conversation;
    await this.begun; // until then the agent chosen last is not offered yet
    const before = edited && target.turns[target.turns.indexOf(edited) - 1];
    const order = {
      input: text, session_id: target.sessionId, agent: target.sessionId ? null : this.agent.value || null, model: this.model.value || null,
      upload_id: attachment?.id ?? null, instructions: instructions || null, rewind_to: edited ? before?.task.task_id ?? "" : null,
    };
    this.composer.setLive(true);
    this.stopped = false;
    try {
      const task = await this.submit(withoutNulls(order));
      const fresh = target.sessionId === null;
      if (target !== this.conversation) return;
      if (edited) target.drop(before);
      target.began(task, attachment?.name ?? null);
      if (this.stopped) target.stop();
      if (fresh) this.entered(task);
    } catch (error) {
      if (target === this.conversation) {
        this.composer.setLive(target.live);
        this.composer.restore(given);
      }
      toast(plain(error), "bad");
    }
  }

  /** Stop what runs; what is only being submitted as soon as it is there. */
  stop() {
    this.stopped = true;
    this.conversation.stop();
  }

  /** Submit, and again if the answer was lost: the key makes both the same task. */
  async submit(order) {
    const headers = { "idempotency-key": `console-${crypto.getRandomValues(new Uint32Array(4)).join("-")}` };
    try {
      return await this.api.post("/api/tasks", order, { headers });
    } catch (error) {
      if (error.status !== 0) throw error;
      return this.api.post("/api/tasks", order, { headers });
    }
  }

  entered(task) {
    this.session = this.conversation.session;
    history.replaceState(null, "", `#/chat/${encodeURIComponent(task.session_id)}`);
    this.keepInstructions(this.composer.instructions);
    this.agent.disabled = true;
    this.list.chosen = task.session_id;
    this.list.load();
  }

  keepInstructions(text) {
    const { sessionId } = this.conversation;
    if (sessionId) remember(`greatwheel.instructions.${sessionId}`, text, sessionStorage);
  }

  close() {
    this.conversation?.close();
  }
}

function offer(node, options, value) {
  const fresh = select(options, value);
  node.replaceChildren(...fresh.children);
  node.value = value;
  if (node.selectedIndex < 0) node.selectedIndex = 0;
}

const withoutNulls = (order) => Object.fromEntries(Object.entries(order).filter(([, value]) => value !== null));

const keptInstructions = (sessionId) => (sessionId ? remembered(`greatwheel.instructions.${sessionId}`, sessionStorage) ?? "" : "");
