// Sessions: a list with search, and the inspector of each.
//   #/sessions?search=invoice&status=active    #/sessions/ses_…/journal

import { append, h } from "../dom.js";
import { empty, select, statusBadge, when } from "../ui.js";
import { listing } from "./listing.js";
import { people } from "./people.js";
import { repeat } from "./repeating.js";
import { session } from "./session.js";
import { setAddress, views } from "./views.js";

const SECONDS = 5;
const PAUSE = 300; // after the last letter of a search

export const render = (root, given) => views(root, given, (params) => (params.id ? session : list));

async function list(box, { api, me, params, signal }) {
  const chosen = asked(params.query);
  const [agents, nameOf] = await Promise.all([api.list("/api/agents", { signal }), people(api, me, signal)]);
  const shown = listing("Sessions", columns(me, nameOf), {
    load: ({ limit, cursor }) => api.get(api.query("/api/sessions", { ...chosen, roots: chosen.below === "1" ? null : "true", below: null, limit, cursor }), { signal }),
    key: (each) => each.session_id,
    nothing: () => nothing(chosen),
  });
  const live = repeat(SECONDS, shown.refresh, signal);
  let timer;
  const changed = (values) => () => {
    Object.assign(chosen, values());
    setAddress("sessions", chosen);
    shown.begin();
  };
  const search = h("input", { type: "search", value: chosen.search, placeholder: "Search what was said", "aria-label": "Search what was said", maxlength: 200,
    oninput: () => { clearTimeout(timer); timer = setTimeout(changed(() => ({ search: search.value.trim() })), PAUSE); } });
  const names = [...new Set([...agents.items.map((each) => each.name), ...(chosen.agent ? [chosen.agent] : [])])];
  const agent = select([["", "Every agent"], ...names], chosen.agent, { "aria-label": "Agent", onchange: changed(() => ({ agent: agent.value })) });
  const status = select([["", "Every state"], ["active", "Active"], ["suspended", "Suspended"], ["evicted", "Evicted"], ["ended", "Ended"]], chosen.status,
    { "aria-label": "State", onchange: changed(() => ({ status: status.value })) });
  const below = h("input", { type: "checkbox", checked: chosen.below === "1", onchange: changed(() => ({ below: below.checked ? "1" : "" })) });
  signal.addEventListener("abort", () => clearTimeout(timer));
  append(box, [
    h("header", { class: "page-head" }, h("h1", null, "Sessions"), live.state,
      h("div", { class: "row filters", role: "search" }, search, status, agent, h("label", { class: "check" }, below, "Begun by tasks, too"))),
    shown.node]);
  await shown.begin();
  return (next) => next.id === null && JSON.stringify(asked(next.query)) === JSON.stringify(chosen);
}

const asked = (query) => Object.fromEntries(["search", "status", "agent", "below"].map((name) => [name, query.get(name) ?? ""]));

function columns(me, nameOf) {
  return [
    { label: "About", class: "grow", cell: (each) => [h("a", { class: "task-link", href: `#/sessions/${encodeURIComponent(each.session_id)}` }, each.title || "Nothing was asked yet"),
      h("p", { class: "narrow-only muted small" }, each.agent, " · ", when(each.touched_at))] },
    { label: "State", cell: (each) => [statusBadge(each.status), each.forked_from && " fork"] },
    { label: "Agent", hidden: true, cell: (each) => each.agent },
    me.role === "admin" && { label: "User", hidden: true, cell: (each) => nameOf(each.user_id) },
    { label: "Last used", hidden: true, cell: (each) => when(each.touched_at) },
    { label: "Begun", hidden: true, cell: (each) => when(each.created_at) },
  ].filter(Boolean);
}

function nothing(chosen) {
  if (Object.values(chosen).some(Boolean)) return empty("No such session", "Nothing like it was said, or no session is so. Search for something else.");
  return empty("No sessions yet", "A session begins with the first question of a chat, and keeps its variables from then on.", h("a", { class: "button", href: "#/chat" }, "Open the chat"));
}
