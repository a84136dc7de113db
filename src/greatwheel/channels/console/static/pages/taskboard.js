// The board: columns of tasks by state, or one list, kept up to date; the address tells what is asked for.

import { append, fill, h } from "../dom.js";
import { compact, duration } from "../format.js";
import { busy, empty, failure, iconButton, select, skeleton, statusBadge, when } from "../ui.js";
import { listing } from "./listing.js";
import { people } from "./people.js";
import { keyed, repeat, retell } from "./repeating.js";
import { COLUMNS, STATES, canRetry, cancel, isOpen, reasonOf, retry } from "./taskstates.js";
import { setAddress } from "./views.js";

const SECONDS = 3;
const IN_COLUMN = 25;

export async function board(box, given) {
  const { api, me, params, signal } = given;
  const chosen = asked(params.query);
  const place = h("div", { class: "board-place" }, skeleton(8));
  const [agents, nameOf] = await Promise.all([api.list("/api/agents", { signal }), people(api, me, signal)]);
  const all = { ...given, nameOf, chosen, again: () => live.now() };
  let shown = null;

  const begin = async () => {
    shown = (chosen.view === "list" ? list : columns)(all);
    fill(place, shown.node);
    await shown.begin();
  };
  const changed = (values) => () => {
    Object.assign(chosen, values());
    setAddress("tasks", { ...chosen, view: chosen.view === "list" ? "list" : null });
    state.hidden = chosen.view !== "list";
    for (const [name, tab] of Object.entries(modes)) tab.setAttribute("aria-pressed", String(name === chosen.view));
    begin();
  };
  const state = select([["", "Every state"], ...Object.entries(STATES).map(([name, [label]]) => [name, label])], chosen.status,
    { "aria-label": "State", onchange: changed(() => ({ status: state.value })), hidden: chosen.view !== "list" });
  const agent = select([["", "Every agent"], ...agentNames(agents.items, chosen.agent)], chosen.agent,
    { "aria-label": "Agent", onchange: changed(() => ({ agent: agent.value })) });
  const below = h("input", { type: "checkbox", checked: chosen.below === "1", onchange: changed(() => ({ below: below.checked ? "1" : "" })) });
  const mode = (name, label) => h("button", { type: "button", "aria-pressed": String(chosen.view === name), onclick: changed(() => ({ view: name })) }, label);
  const modes = { board: mode("board", "Board"), list: mode("list", "List") };
  const live = repeat(SECONDS, () => shown.refresh(), signal);

  append(box, [
    h("header", { class: "page-head" }, h("h1", null, "Tasks"), live.state,
      h("div", { class: "row filters" }, h("div", { class: "switch", role: "group", "aria-label": "Shown as" }, Object.values(modes)), state, agent,
        h("label", { class: "check" }, below, "Started by tasks, too"))),
    place]);
  await begin();
  return (next) => next.id === null && sameAs(chosen, asked(next.query));
}

function asked(query) {
  const narrow = matchMedia("(max-width: 40rem)").matches;
  const status = Object.hasOwn(STATES, query.get("status") ?? "") ? query.get("status") : "";
  const view = query.get("view") === "list" || (status && query.get("view") !== "board") ? "list" : "board";
  return { view: query.has("view") || status ? view : narrow ? "list" : "board", status, agent: query.get("agent") ?? "", below: query.get("below") ?? "" };
}

const sameAs = (one, other) => Object.keys(one).every((name) => one[name] === other[name]);
const agentNames = (agents, chosen) => [...new Set([...agents.map((each) => each.name), ...(chosen ? [chosen] : [])])];

function path(chosen, states, values) {
  const all = [...states.map((state) => ["status", state]), ...Object.entries({ agent: chosen.agent, roots: chosen.below === "1" ? "" : "true", ...values })];
  return `/api/tasks?${new URLSearchParams(all.filter(([, value]) => value !== "" && value !== null))}`;
}

function list({ api, me, nameOf, chosen, signal, again }) {
  const columns = [
    { label: "State", cell: (task) => statusBadge(task.status) },
    { label: "Task", class: "grow", cell: (task) => [h("a", { class: "task-link", href: linkTo(task) }, task.input), reasonOf(task) && h("p", { class: "reason" }, reasonOf(task)),
      h("p", { class: "narrow-only muted small" }, task.agent, " · ", when(task.created_at))] },
    { label: "Agent", hidden: true, cell: (task) => task.agent },
    me.role === "admin" && { label: "User", hidden: true, cell: (task) => nameOf(task.user_id) },
    { label: "Given", hidden: true, cell: (task) => when(task.created_at) },
    { label: "Took", hidden: true, number: true, cell: (task) => took(task) },
    { label: "Tokens", hidden: true, number: true, cell: (task) => compact(tokens(task)) },
    { label: h("span", { class: "unseen" }, "Actions"), cell: (task) => actions(api, task, again) },
  ].filter(Boolean);
  return listing("Tasks", columns, {
    load: ({ limit, cursor }) => api.get(path(chosen, STATES[chosen.status]?.[1] ?? [], { limit, cursor }), { signal }),
    key: (task) => task.task_id,
    nothing: () => nothing(chosen),
  });
}

function nothing(chosen) {
  if (!chosen.status && !chosen.agent) return empty("No tasks yet", "What you ask in the chat, or submit by the API or the command line, is shown here.", h("a", { class: "button", href: "#/chat" }, "Open the chat"));
  return empty("No such task", "None is in this state, or of this agent. Choose others above.");
}

function columns(given) {
  const { api, chosen, signal } = given;
  const parts = COLUMNS.map(([label, name, states]) => column(given, label, name, states));
  const node = h("div", { class: "board" }, parts.map((part) => part.node));
  let turn = 0;
  async function refresh() {
    const mine = ++turn;
    const [questions, ...pages] = await Promise.all([
      api.list("/api/questions", { signal }),
      ...COLUMNS.map(([, , states]) => api.get(path(chosen, states, { limit: IN_COLUMN }), { signal })),
    ]);
    if (mine !== turn) return; // another look began meanwhile
    const asking = new Map(questions.items.map((question) => [question.task_id, question.question]));
    parts.forEach((part, place) => part.draw(pages[place].items.map((task) => ({ ...task, question: asking.get(task.task_id) })), pages[place].next !== null));
  }
  async function begin() {
    try {
      await refresh();
    } catch (error) {
      if (error.name !== "AbortError") fill(node, failure(error, () => given.again()));
    }
  }
  return { node, begin, refresh };
}

function column(given, label, name, states) {
  const count = h("span", { class: "count" });
  const cards = h("ul", { class: "cards plain" }), nothing = h("p", { class: "muted none", hidden: true }, "none");
  const rest = h("a", { class: "button small quiet", hidden: true }, "Show all");
  const node = h("section", { class: "column", "aria-label": label }, h("h2", null, label, " ", count), nothing, cards, rest);
  function draw(tasks, more) {
    keyed(cards, tasks, (task) => task.task_id, (task) => card(given, task, states));
    retell(cards);
    count.textContent = `${tasks.length}${more ? "+" : ""}`;
    nothing.hidden = tasks.length > 0;
    rest.hidden = !more;
    rest.href = `#/tasks?${new URLSearchParams({ view: "list", status: name, ...(given.chosen.agent && { agent: given.chosen.agent }) })}`;
  }
  return { node, draw };
}

function card({ api, me, nameOf, again }, task, states) {
  const who = me.role === "admin" ? ` · ${nameOf(task.user_id)}` : "";
  return h("li", { class: ["card", "task-card", task.status] },
    h("a", { class: "task-link", href: linkTo(task) }, task.input),
    task.question && h("p", { class: "asks" }, "Asks: ", task.question),
    reasonOf(task) && task.status !== "cancelled" && h("p", { class: "reason" }, reasonOf(task)),
    h("div", { class: "spread" },
      h("p", { class: "muted small" }, states.length > 1 && task.status !== "done" && !isOpen(task) && [statusBadge(task.status), " "], task.agent, who, " · ", when(task.finished_at ?? task.created_at)),
      actions(api, task, again)));
}

function actions(api, task, again) {
  const act = (work) => (event) => busy(event.currentTarget, async () => (await work(api, task)) && again());
  if (canRetry(task)) return iconButton("Try again", "refresh", { class: "small", onclick: act(retry) });
  if (isOpen(task) && !task.cancel_requested) return iconButton("Cancel the task", "close", { class: "small", onclick: act(cancel) });
  return null;
}

export const linkTo = (task) => `#/tasks/${encodeURIComponent(task.task_id)}`;
export const tokens = (task) => (task.usage.prompt_tokens ?? 0) + (task.usage.completion_tokens ?? 0);

/** How long a task took; nothing while it has not ended. */
export function took(task) {
  if (!task.started_at || !task.finished_at) return "";
  return duration((new Date(task.finished_at) - new Date(task.started_at)) / 1000);
}
