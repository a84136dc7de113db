// The inspector of one session: its variables, what was said, its journal, its points, and what it was forked from.

import { append, fill, h, icon } from "../dom.js";
import { bytes, clipped, compact } from "../format.js";
import { busy, button, confirm, empty, failure, markdown, statusBadge, table, toast, when } from "../ui.js";
import { journal } from "./journal.js";
import { keyed, redraw, repeat, retell } from "./repeating.js";
import { people } from "./people.js";
import { linkTo, tokens, took } from "./taskboard.js";
import { crumb, rendered, replacing, tabs } from "./views.js";

const SECONDS = 4;
const SOME = 100; // tasks of the journal at first, and as many more each time
const MOST = 500; // that one request gives
const PARTS = {
  variables: ["Variables", variables],
  history: ["History", history],
  journal: ["Journal", tasks],
  points: ["Points", points],
  lineage: ["Lineage", lineage],
};

export async function session(box, given) {
  const { api, me, params, signal } = given;
  const path = `/api/sessions/${encodeURIComponent(params.id)}`;
  const address = `#/sessions/${encodeURIComponent(params.id)}`;
  const [first, nameOf] = await Promise.all([api.get(path, { signal }), people(api, me, signal)]);
  const head = h("div", { class: "row" }), state = h("div", { class: "title-badge" }), card = h("div"), nav = h("div"), place = h("div", { class: "part" });
  const shared = { api, path, params, signal, me, again: () => live.now() };
  let current = {}, told = null;

  function draw(session) {
    const look = JSON.stringify(session);
    if (look === told) return;
    told = look;
    shared.session = session;
    fill(state, statusBadge(session.status));
    fill(head, actions(shared));
    fill(card, facts(session, nameOf, me));
  }
  async function look() {
    draw(await api.get(path, { signal }));
    await current.refresh?.();
  }
  async function show(name) {
    const [, make] = PARTS[name];
    fill(nav, tabs("Parts of the session", name, Object.entries(PARTS).map(([each, [text]]) => [each, text, `${address}/${each}`])));
    const part = h("section");
    const mine = current = {};
    const done = replacing(place, 5);
    try {
      Object.assign(mine, await make(part, shared));
    } catch (error) {
      if (error.name === "AbortError") return done();
      fill(part, failure(error, () => show(name)));
    }
    return done(current === mine ? part : undefined);
  }

  const live = repeat(SECONDS, look, signal);
  append(box, [crumb("#/sessions", "Sessions"),
    h("header", { class: "page-head" }, h("div", { class: "title" }, h("h1", { class: "task-title" }, titleOf(first)), state), live.state, head),
    card, nav, place]);
  draw(first);
  await show(partOf(params));
  return (next) => {
    if (next.id !== params.id) return false;
    show(partOf(next)).then(() => nav.querySelector("[aria-current]")?.focus({ preventScroll: true }));
    return true;
  };
}

const partOf = (params) => (Object.hasOwn(PARTS, params.rest[0] ?? "") ? params.rest[0] : "variables");
const titleOf = (session) => (session.history[0] ? clipped(session.history[0].asked, 200) : "Session");

function facts(session, nameOf, me) {
  const link = (id) => h("a", { class: "mono", href: `#/sessions/${encodeURIComponent(id)}` }, id);
  const rows = [
    ["Agent", h("a", { href: `#/agents/${encodeURIComponent(session.agent)}` }, session.agent)],
    ["User", me.role === "admin" && nameOf(session.user_id)],
    ["Engine", session.engine],
    ["Forked from", session.forked_from && link(session.forked_from)],
    ["Context", session.has_context ? "yes, as the variable context" : null],
    ["Begun", when(session.created_at)],
    ["Last used", when(session.touched_at)],
    ["Ended", session.ended_at && when(session.ended_at)],
    ["Id", h("span", { class: "mono" }, session.session_id)],
  ];
  return h("dl", { class: "facts card" }, rows.filter(([, value]) => value).map(([name, value]) => [h("dt", null, name), h("dd", null, value)]));
}

function actions(shared) {
  const { session } = shared;
  const act = (work) => (event) => busy(event.currentTarget, () => work(shared));
  const open = session.status !== "ended";
  return [
    open && h("a", { class: "button primary", href: `#/chat/${encodeURIComponent(session.session_id)}` }, "Open in the chat"),
    button("Fork", { picture: "fork", onclick: act((given) => fork(given, null)) }),
    open && button("Revoke its key", { picture: "key", onclick: act(revokeKey) }),
    open && button("End", { picture: "close", onclick: act(end) }),
  ];
}

async function fork({ api, path }, taskId) {
  const made = await api.post(`${path}/fork`, taskId === null ? {} : { task_id: taskId });
  toast("Forked: this is the new session.");
  location.hash = `#/sessions/${encodeURIComponent(made.session_id)}`;
}

async function rewind({ api, path, again }, point) {
  const text = "Variables and exchanges that came later are forgotten, and can't be had back. The tasks stay on record. To keep both, fork instead.";
  if (!(await confirm({ title: "Rewind to here?", text, action: "Rewind", danger: true }))) return;
  await api.post(`${path}/rewind`, { task_id: point.task_id });
  toast("The session is as it was then.");
  await again();
}

async function revokeKey({ api, path, again }) {
  const text = "What runs in it can call no tool and no agent any more, and no new task begins in it.";
  if (!(await confirm({ title: "Revoke the session's key?", text, action: "Revoke the key", danger: true }))) return;
  await api.del(`${path}/key`);
  toast("Its key is worth nothing now.");
  await again();
}

async function end({ api, path, again }) {
  const text = "Its tasks are cancelled, its key is worth nothing any more, and nothing can be asked in it. It can still be looked at and forked.";
  if (!(await confirm({ title: "End this session?", text, action: "End the session", danger: true }))) return;
  await api.del(path);
  toast("Ended.");
  await again();
}

/** A part that is one list of the API, drawn anew when it has changed. */
async function part(place, load, draw) {
  let told = null;
  async function refresh() {
    const items = await load();
    const look = JSON.stringify(items);
    if (look === told) return void retell(place);
    told = look;
    redraw(place, draw(items));
  }
  await refresh();
  return { refresh };
}

const itemsOf = async ({ api, path, signal }, name) => (await api.get(`${path}/${name}`, { signal })).items;

function variables(place, given) {
  return part(place, () => itemsOf(given, "variables"), (items) => (items.length ? table("Variables", [
    { label: "Name", cell: (each) => h("code", { class: "name" }, each.name) },
    { label: "Type", cell: (each) => h("code", null, each.type) },
    { label: "Size", number: true, cell: (each) => sizeOf(each.size) },
    { label: "Preview", cell: (each) => h("code", { class: "preview" }, each.preview) },
  ], items) : empty("No variables", "What the agent's code assigns at the top level stays here from task to task.")));
}

const sizeOf = (size) => (typeof size === "number" ? compact(size) : (size ?? ""));

async function history(place, given) {
  const load = async () => [await itemsOf(given, "history"), (await itemsOf(given, "points")).map((each) => each.task_id)];
  const made = await part(place, load, ([items, kept]) => (items.length ? h("ol", { class: "exchanges plain" }, items.map((each) =>
    h("li", { class: "card" },
      h("p", { class: "said asked-by" }, each.asked), markdown(each.answered ?? ""),
      each.task_id && h("div", { class: "row" }, h("a", { class: "button small quiet", href: linkTo(each) }, "The task"), pointButtons(given, each, kept))))) : empty("Nothing was said yet", "Ask something in the chat.")));
  await rendered(place);
  return made;
}

/** What can be done at a point; `kept` are the tasks after which there is one, the newest last. */
function pointButtons(given, point, kept) {
  if (!kept.includes(point.task_id)) return null;
  const act = (work) => (event) => busy(event.currentTarget, work);
  return [
    button("Fork from here", { small: true, picture: "fork", onclick: act(() => fork(given, point.task_id)) }),
    given.session.status !== "ended" && point.task_id !== kept.at(-1) && button("Rewind to here", { small: true, picture: "rewind", onclick: act(() => rewind(given, point)) }),
  ];
}

function points(place, given) {
  return part(place, () => itemsOf(given, "points"), (items) => (items.length ? table("Points", [
    { label: "After", cell: (each) => [h("a", { class: "task-link", href: linkTo(each) }, each.asked), h("p", { class: "narrow-only muted small" }, when(each.at))] },
    { label: "When", hidden: true, cell: (each) => when(each.at) },
    { label: "Dump", number: true, hidden: true, cell: (each) => bytes(each.dump_bytes) },
    { label: h("span", { class: "unseen" }, "Actions"), cell: (each) => h("div", { class: "row" }, pointButtons(given, each, items.map((point) => point.task_id))) },
  ], [...items].reverse()) : empty("No points yet", "Where the session stands after each of its last tasks is kept; from there it can be forked or taken back.")));
}

async function tasks(place, { api, params, signal }) {
  const list = h("div", { class: "stack" });
  const more = button("Show more", { class: "more", onclick: () => busy(more, () => { limit += SOME; return refresh(); }) });
  let limit = SOME;
  async function refresh() {
    const { items, next } = await api.get(api.query("/api/tasks", { session: params.id, limit }), { signal });
    if (!items.length) return void fill(place, empty("No tasks yet", "Each question is a task; its calls are listed here."));
    if (list.parentNode !== place) fill(place, list, more);
    more.hidden = next === null || limit >= MOST;
    keyed(list, items, (task) => task.task_id, (task) => taskFold(api, task, signal));
    retell(list);
  }
  await refresh();
  return { refresh };
}

function taskFold(api, task, signal) {
  const calls = journal(api, task.task_id, signal);
  let begun = false;
  const ontoggle = (event) => {
    if (!event.currentTarget.open || begun) return;
    begun = true;
    calls.begin();
  };
  return h("details", { class: "card task-fold", ontoggle },
    h("summary", null, icon("chevron"), " ", statusBadge(task.status), " ", h("span", { class: "said-short" }, clipped(task.input, 160)), " ",
      h("span", { class: "muted small" }, [took(task), `${compact(tokens(task))} tokens`].filter(Boolean).join(", "), " · ", when(task.created_at))),
    h("p", null, h("a", { href: linkTo(task) }, "Show the task")), calls.node);
}

function lineage(place, { api, path, params, signal, session }) {
  return part(place, () => api.get(`${path}/lineage`, { signal }), (told) => {
    const all = [...told.ancestors, ...told.forks, session];
    if (all.length === 1) return empty("Neither forked nor a fork", "Fork it, and both are shown here.");
    const known = new Set(all.map((each) => each.session_id));
    const roots = all.filter((each) => !known.has(each.forked_from));
    return h("div", { class: "card tree" }, branch(roots, all, params.id, new Set()));
  });
}

function branch(sessions, all, current, seen) {
  return h("ul", { class: "plain" }, sessions.filter((each) => !seen.has(each.session_id)).map((each) => {
    seen.add(each.session_id);
    const below = all.filter((other) => other.forked_from === each.session_id);
    const name = each.title || each.session_id;
    return h("li", null, h("p", null,
      each.session_id === current ? h("strong", { "aria-current": "true" }, "This session") : h("a", { href: `#/sessions/${encodeURIComponent(each.session_id)}/lineage` }, clipped(name, 80)),
      " ", statusBadge(each.status), " ", h("span", { class: "muted small" }, "begun ", when(each.created_at))),
    below.length > 0 && branch(below, all, current, seen));
  }));
}
