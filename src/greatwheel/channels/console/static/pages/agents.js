// Agents: a list, each agent with the versions of its code, what changed between two, and the form to make or change one.
//   #/agents    #/agents?new=1    #/agents/research    #/agents/research/edit    #/agents/research/diff?from=1&to=2

import { append, fill, h } from "../dom.js";
import { clipped } from "../format.js";
import { badge, busy, button, confirm, dialog, empty, failure, notice, select, skeleton, table, toast, when } from "../ui.js";
import { agentForm } from "./agentform.js";
import { diffView } from "./diff.js";
import { crumb, setAddress, views } from "./views.js";

const KINDS = { bare: "loop", inline: "code", file: "file", git: "git" };
const TRIGGERS = { config: "agents.toml", file_watch: "file changed", api_update: "changed here", git_sync: "repository", rollback: "rollback" };

export const render = (root, given) => views(root, given, chosen);

function chosen(params) {
  if (params.id === null) return params.query.has("new") ? make : list;
  return { edit, diff }[params.rest[0]] ?? one;
}

const addressOf = (name, rest = "") => `#/agents/${encodeURIComponent(name)}${rest}`;
const pathOf = (name) => `/api/agents/${encodeURIComponent(name)}`;

async function list(box, { api, me, signal }) {
  const { items } = await api.list("/api/agents", { signal });
  const add = me.role === "admin" && h("a", { class: "button primary", href: "#/agents?new=1" }, "New agent");
  append(box, [
    h("header", { class: "page-head" }, h("h1", null, "Agents"), add),
    items.length ? table("Agents", [
      { label: "Name", cell: (agent) => h("a", { href: addressOf(agent.name) }, agent.name) },
      { label: "What it is for", cell: (agent) => agent.description && clipped(agent.description, 200) },
      { label: "Kind", hidden: true, cell: (agent) => badge(KINDS[agent.source_kind]) },
      { label: "Model", hidden: true, cell: (agent) => agent.model ?? h("span", { class: "muted" }, "the default") },
      { label: "Version", number: true, cell: (agent) => agent.current_version },
    ], items) : empty("No agents yet", me.role === "admin" ? "An agent is a name, an optional program, and what it may use." : "An admin can make some.", add)]);
}

async function one(box, { api, me, params, signal }) {
  const path = pathOf(params.id);
  const agent = await api.get(path, { signal });
  const [current, { items: versions }] = await Promise.all([
    api.get(`${path}/versions/${agent.current_version}`, { signal }), api.list(`${path}/versions`, { signal })]);
  append(box, [crumb("#/agents", "Agents"),
    h("header", { class: "page-head" }, h("div", { class: "title" }, h("h1", null, agent.name), badge(KINDS[agent.source_kind])),
      me.role === "admin" && h("div", { class: "row" }, actions(api, agent))),
    agent.description && h("p", { class: "said" }, agent.description),
    facts(agent),
    h("section", { class: "part" }, h("h2", null, "Versions"), versionTable(api, me, agent, versions)),
    h("section", { class: "part" }, h("h2", null, `Code of version ${current.version}`), codeOf(current))]);
}

function actions(api, agent) {
  const path = pathOf(agent.name);
  const sync = async () => {
    const after = await api.post(`${path}/sync`);
    toast(after.current_version === agent.current_version ? "Nothing has changed there." : `Version ${after.current_version} was read.`);
    again();
  };
  const remove = async () => {
    const text = `Nobody can ask ${agent.name} any more. Its running tasks end as they began. Agents of agents.toml stay away, too.`;
    if (!(await confirm({ title: `Remove ${clipped(agent.name, 40)}?`, text, action: "Remove the agent", danger: true }))) return;
    await api.del(path);
    toast("Removed.");
    location.hash = "#/agents";
  };
  return [
    h("a", { class: "button", href: addressOf(agent.name, "/edit") }, "Change"),
    ["file", "git"].includes(agent.source_kind) && button("Read it now", { picture: "refresh", onclick: (event) => busy(event.currentTarget, sync) }),
    button("Remove", { picture: "trash", onclick: (event) => busy(event.currentTarget, remove) }),
  ];
}

/** Show the same address anew. */
const again = () => window.dispatchEvent(new HashChangeEvent("hashchange"));

function facts(agent) {
  const { location: place, budget } = agent;
  const rows = [
    ["Code", { bare: "none: the loop does its tasks", inline: "kept here", file: `${place.path}, in the folder of agents`, git: `${place.repository} · ${place.path} · ${place.revision}${place.commit ? ` · read at ${String(place.commit).slice(0, 12)}` : ""}` }[agent.source_kind]],
    ["Instructions", agent.instructions && h("p", { class: "said" }, agent.instructions)],
    ["Model", agent.model ?? "the installation's default"],
    ["Engine", agent.engine ?? "the installation's default"],
    ["May call", patterns(agent.tools)],
    ["May not call", agent.denied.length > 0 && patterns(agent.denied)],
    ["Budget", Object.keys(budget).length ? Object.entries(budget).map(([name, value]) => `${name.replace("_", " ")} ${value}`).join(", ") : "the installation's"],
    ["Follows", agent.managed && "agents.toml, until it is changed here"],
    ["Made", when(agent.created_at)],
  ];
  return h("dl", { class: "facts card" }, rows.filter(([, value]) => value).map(([name, value]) => [h("dt", null, name), h("dd", null, value)]));
}

const patterns = (list) => (list.length ? list.map((each, place) => [place > 0 && ", ", h("code", null, each)]) : "nothing");

function codeOf(version) {
  if (!version.source) return empty("No code", "A bare agent: the loop of the runtime does its tasks.");
  return h("pre", { class: "code", tabIndex: 0, role: "region", "aria-label": "Code" }, version.source);
}

function versionTable(api, me, agent, versions) {
  const now = agent.current_version;
  return table("Versions", [
    { label: "Version", number: true, cell: (version) => version.version },
    { label: "By", cell: (version) => [badge(TRIGGERS[version.trigger] ?? version.trigger, version.trigger === "rollback" ? "warn" : ""), version.note && h("p", { class: "muted small" }, version.note), h("p", { class: "narrow-only muted small" }, when(version.created_at))] },
    { label: "When", hidden: true, cell: (version) => when(version.created_at) },
    { label: "SHA-256", hidden: true, cell: (version) => h("code", { title: version.sha256 }, version.sha256.slice(0, 12)) },
    { label: h("span", { class: "unseen" }, "Actions"), cell: (version) => version.version === now ? h("span", { class: "muted" }, "the current one") : h("div", { class: "row" },
      h("a", { class: "button small", href: addressOf(agent.name, `/diff?from=${Math.min(version.version, now)}&to=${Math.max(version.version, now)}`) }, "Compare"),
      me.role === "admin" && button("Roll back", { small: true, picture: "rewind", onclick: (event) => busy(event.currentTarget, () => rollBack(api, agent, version)) })) },
  ], versions);
}

async function rollBack(api, agent, version) {
  const path = pathOf(agent.name);
  const told = await api.get(`${path}/diff?from=${agent.current_version}&to=${version.version}`);
  const wanted = await dialog(`Roll back to version ${version.version}?`, (close) => [
    h("p", null, told.diff ? `${agent.name} gets the code of version ${version.version}, as a new version. New tasks use it at once; this is what changes:` : "Both versions have the same code: nothing would change."),
    diffView(told.diff),
    h("footer", null, button("Cancel", { onclick: () => close(false) }), told.diff && button("Roll back", { look: "primary", onclick: () => close(true) })),
  ], { wide: true });
  if (!wanted) return;
  const made = await api.put(`${path}/rollback?version=${version.version}`);
  toast(`This is version ${made.version} now.`);
  again();
}

async function diff(box, { api, params, signal }) {
  const path = pathOf(params.id);
  const { items: versions } = await api.list(`${path}/versions`, { signal });
  const numbers = versions.map((each) => each.version);
  const asked = (name, usual) => (numbers.includes(Number(params.query.get(name))) ? Number(params.query.get(name)) : usual);
  const choose = () => show().catch((error) => error.name !== "AbortError" && fill(place, failure(error, choose)));
  const choice = (label, value) => select(numbers.map((each) => [each, `version ${each}`]), value, { "aria-label": label, onchange: choose });
  const to = choice("The version after", asked("to", numbers[0]));
  const from = choice("The version before", asked("from", numbers[1] ?? numbers[0]));
  const place = h("div", null, skeleton(6));

  async function show() {
    setAddress(`agents/${encodeURIComponent(params.id)}/diff`, { from: from.value, to: to.value });
    const told = await api.get(`${path}/diff?from=${from.value}&to=${to.value}`, { signal });
    if (String(told.from) !== from.value || String(told.to) !== to.value) return;
    fill(place, told.diff ? diffView(told.diff) : notice("Both versions have the same code.", "good"));
  }
  append(box, [crumb(addressOf(params.id), params.id),
    h("header", { class: "page-head" }, h("h1", null, "What changed"), h("div", { class: "row filters" }, from, h("span", { class: "muted" }, "to"), to)),
    place]);
  await show();
}

async function make(box, { api, me, signal }) {
  if (me.role !== "admin") return void append(box, [h("h1", null, "New agent"), notice("Agents are made by admins.", "warn")]);
  const models = await api.get("/api/models", { signal });
  append(box, [crumb("#/agents", "Agents"), h("h1", null, "New agent"),
    agentForm(null, "", models.items, async (name, entry) => {
      const made = await api.post("/api/agents", { name, ...entry });
      toast("Made.");
      location.hash = addressOf(made.name);
    })]);
}

async function edit(box, { api, me, params, signal }) {
  const path = pathOf(params.id);
  const agent = await api.get(path, { signal });
  if (me.role !== "admin") return void append(box, [crumb(addressOf(agent.name), agent.name), h("h1", null, "Change"), notice("Agents are changed by admins.", "warn")]);
  const [models, current] = await Promise.all([api.get("/api/models", { signal }), api.get(`${path}/versions/${agent.current_version}`, { signal })]);
  append(box, [crumb(addressOf(agent.name), agent.name), h("h1", null, `Change ${agent.name}`),
    agent.managed && notice("It follows agents.toml. When it is changed here, it stays as it is made here.", "warn"),
    agentForm(agent, current.source, models.items, async (name, entry) => {
      const after = await api.put(path, entry);
      toast(after.current_version === agent.current_version ? "Saved; the code is as it was." : `Saved as version ${after.current_version}.`);
      location.hash = addressOf(agent.name);
    })]);
}
