// One task: what was asked, how it stands, what happened, what it started.

import { append, fill, h } from "../dom.js";
import { clipped, duration, number } from "../format.js";
import { busy, button, copyButton, failure, markdown, notice, statusBadge, when } from "../ui.js";
import { questionForm } from "./answering.js";
import { fold, journal } from "./journal.js";
import { listing } from "./listing.js";
import { people } from "./people.js";
import { keyed, repeat } from "./repeating.js";
import { linkTo, tokens, took } from "./taskboard.js";
import { canRetry, cancel, isOpen, reasonOf, retry } from "./taskstates.js";
import { timeline } from "./timeline.js";
import { crumb, rendered } from "./views.js";

const SECONDS = 2;
const LONGEST_TITLE = 240;
const FINISHED = ["done", "failed", "dead", "cancelled"];

export async function task(box, given) {
  const { api, me, params, signal } = given;
  const path = `/api/tasks/${encodeURIComponent(params.id)}`;
  const [first, nameOf] = await Promise.all([api.get(path, { signal }), people(api, me, signal)]);
  const parts = partsOf(api, params.id, signal);
  let told = null, followed = () => {};

  async function look() {
    const [task, asked] = await Promise.all([api.get(path, { signal }), api.list("/api/questions", { signal })]);
    draw(task, asked.items.filter((question) => question.task_id === task.task_id));
    if (!FINISHED.includes(task.status)) await Promise.all([parts.children.refresh(), parts.calls.refresh()]);
  }
  function draw(task, questions) {
    const look = JSON.stringify([task, questions]);
    if (look === told) return;
    told = look;
    fill(parts.badge, statusBadge(task.status));
    fill(parts.actions, actions(task));
    keyed(parts.questions, questions, (each) => each.call, (each) => questionForm(api, each, live.now));
    fill(parts.outcome, outcome(task));
    fill(parts.facts, facts(task, nameOf, me));
  }
  function actions(task) {
    const act = (work) => (event) => busy(event.currentTarget, async () => {
      if (!(await work(api, task))) return;
      if (work === retry) await follow();
      await live.now();
    });
    return [
      h("a", { class: "button", href: `#/chat/${encodeURIComponent(task.session_id)}` }, "Open in the chat"),
      canRetry(task) && button("Try again", { look: "primary", picture: "refresh", onclick: act(retry) }),
      isOpen(task) && button(task.cancel_requested ? "Stopping…" : "Cancel", { picture: "close", disabled: task.cancel_requested, onclick: act(cancel) }),
    ];
  }
  function ended() {
    live.now();
    parts.calls.begin();
    parts.children.begin();
  }
  async function follow() {
    followed();
    const events = timeline();
    fill(parts.events, events.node);
    const last = await eventsSoFar(api, path, events, signal);
    const happened = (event) => (event.type === "task.ended" ? ended() : events.add(event));
    followed = api.events(params.id, last, happened, (state, error) => state === "failed" && parts.events.append(failure(error, follow)));
  }

  const live = repeat(SECONDS, look, signal);
  signal.addEventListener("abort", () => followed());
  append(box, [crumb("#/tasks", "Tasks"),
    h("header", { class: "page-head" }, h("div", { class: "title" }, h("h1", { class: "task-title" }, clipped(first.input, LONGEST_TITLE)), parts.badge), live.state, parts.actions),
    first.input.length > LONGEST_TITLE && fold("All that was asked", first.input),
    first.instructions && fold("Its own instructions", first.instructions),
    parts.questions, parts.outcome, parts.facts,
    section("What happened", parts.events), section("Journal", parts.calls.node), section("Tasks that it started", parts.children.node)]);
  await Promise.all([live.now(), follow(), parts.calls.begin(), parts.children.begin()]);
  await rendered(parts.outcome);
}

function partsOf(api, id, signal) {
  const place = (name) => h("div", { class: name });
  return {
    badge: place("title-badge"), actions: place("row"), questions: place("stack questions"), outcome: place("outcome"), facts: place("task-facts"),
    events: place("events"), calls: journal(api, id, signal), children: children(api, id, signal),
  };
}

async function eventsSoFar(api, path, events, signal) {
  let after = 0;
  for (;;) {
    const page = await api.get(api.query(`${path}/events`, { after, limit: 500 }), { signal });
    page.items.forEach(events.add);
    after = page.items.at(-1)?.id ?? after;
    if (page.next === null) return after;
  }
}

const section = (title, ...children) => h("section", { class: "part" }, h("h2", null, title), children);

function outcome(task) {
  const reason = reasonOf(task);
  if (reason) return notice(task.error_code ? `${reason} (${task.error_code})` : reason, task.status === "cancelled" ? "warn" : "bad");
  if (task.answer === null) return null;
  return h("section", { class: "card task-answer", "aria-label": "Answer" }, h("header", null, h("h2", null, "Answer"), copyButton(() => task.answer, "Copy the answer")), markdown(task.answer));
}

function facts(task, nameOf, me) {
  const rows = [
    ["Agent", task.agent && [h("a", { href: `#/agents/${encodeURIComponent(task.agent)}` }, task.agent), ` version ${task.agent_version}`]],
    ["Session", h("a", { class: "mono", href: `#/sessions/${encodeURIComponent(task.session_id)}` }, task.session_id)],
    ["Started by", task.parent_id && h("a", { class: "mono", href: linkTo({ task_id: task.parent_id }) }, task.parent_id)],
    ["User", me.role === "admin" && nameOf(task.user_id)],
    ["Model", task.model],
    ["Given", when(task.created_at)],
    ["Began", task.started_at && when(task.started_at)],
    ["Ended", task.finished_at && [when(task.finished_at), took(task) && `, after ${took(task)}`]],
    ["Attempts", task.attempts > 0 && `${task.attempts} of ${task.max_attempts}`],
    ["Priority", task.priority !== 0 && task.priority],
    ["Used", used(task)],
    ["Id", h("span", { class: "mono" }, task.task_id)],
  ];
  return h("dl", { class: "facts card" }, rows.filter(([, value]) => value).map(([name, value]) => [h("dt", null, name), h("dd", null, value)]));
}

function used({ usage }) {
  if (!usage.model_calls && !usage.host_calls) return null;
  const parts = [`${number(tokens({ usage }))} tokens`, `${number(usage.model_calls)} model calls`, `${number(usage.host_calls)} host calls`, duration(usage.seconds)];
  return parts.filter(Boolean).join(", ");
}

function children(api, id, signal) {
  const columns = [
    { label: "State", cell: (task) => statusBadge(task.status) },
    { label: "Task", class: "grow", cell: (task) => [h("a", { class: "task-link", href: linkTo(task) }, task.input), reasonOf(task) && h("p", { class: "reason" }, reasonOf(task))] },
    { label: "Agent", hidden: true, cell: (task) => (task.kind === "child" ? "child loop" : task.agent) },
    { label: "Took", number: true, cell: (task) => took(task) },
    { label: "Tokens", number: true, hidden: true, cell: (task) => number(tokens(task)) },
  ];
  return listing("Tasks that it started", columns, {
    load: ({ limit, cursor }) => api.get(api.query("/api/tasks", { parent: id, limit, cursor }), { signal }),
    key: (task) => task.task_id,
    nothing: () => h("p", { class: "muted" }, "None."),
  });
}
