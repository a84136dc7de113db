// The users of the organisation: who they are, what their tasks may do, whether they may come in.

import { h } from "../dom.js";
import { badge, busy, button, confirm, field, select, table, toast, when } from "../ui.js";
import { formDialog, patternsOf, redrawn } from "./redrawing.js";

const ROLES = [["member", "Member: own tasks and sessions"], ["admin", "Admin: everything of the organisation"]];

export const users = (place, given) => redrawn(place, async () => (await given.api.list("/api/users", { signal: given.signal })).items, (items, changed) => [
  h("header", { class: "page-head" }, h("h2", null, "Users"), button("New user", { look: "primary", picture: "plus", dataset: { focus: "new" }, onclick: async () => (await add(given.api)) && changed() })),
  table("Users", columns(given, changed), items),
]);

function columns({ api, me }, changed) {
  return [
    { label: "Name", cell: (user) => [h("strong", null, user.name), user.user_id === me.user_id && h("span", { class: "muted" }, " you")] },
    { label: "Role", cell: (user) => [badge(user.role, user.role === "admin" ? "live" : ""), user.disabled && [" ", badge("disabled", "bad")]] },
    { label: "May", hidden: true, cell: (user) => patterns(user.allow) },
    { label: "May not", hidden: true, cell: (user) => (user.deny.length ? patterns(user.deny) : "") },
    { label: "Made", hidden: true, cell: (user) => when(user.created_at) },
    { label: h("span", { class: "unseen" }, "Actions"), cell: (user) => h("div", { class: "row" },
      button("Change", { small: true, "aria-label": `Change ${user.name}`, dataset: { focus: `change-${user.user_id}` }, onclick: async () => (await change(api, user)) && changed() }),
      button(user.disabled ? "Enable" : "Disable", { small: true, "aria-label": `${user.disabled ? "Enable" : "Disable"} ${user.name}`, dataset: { focus: `able-${user.user_id}` }, onclick: (event) => busy(event.currentTarget, () => switched(api, user, changed)) })) },
  ];
}

const patterns = (list) => list.map((each, place) => [place > 0 && ", ", h("code", null, each)]);

function inputsOf(user) {
  return {
    role: select(ROLES, user.role),
    allow: h("input", { value: user.allow.join(", "), spellcheck: "false", autocapitalize: "none" }),
    deny: h("input", { value: user.deny.join(", "), spellcheck: "false", autocapitalize: "none" }),
  };
}

const fieldsOf = ({ role, allow, deny }) => [
  field("Role", role), field("Their tasks may", allow, "Names and patterns of tools and agents, such as web_*, agent:*; * is everything."), field("… and may not", deny, "These win.")];
const said = ({ role, allow, deny }) => ({ role: role.value, allow: patternsOf(allow.value), deny: patternsOf(deny.value) });

function add(api) {
  const name = h("input", { required: true, maxlength: 100, autocomplete: "off" });
  const inputs = inputsOf({ role: "member", allow: ["*"], deny: [] });
  return formDialog("New user", [field("Name", name), fieldsOf(inputs)], "Make the user", async () => {
    const made = await api.post("/api/users", { name: name.value.trim(), ...said(inputs) });
    toast("Made. A key lets them in: see API keys.");
    return made;
  });
}

function change(api, user) {
  const inputs = inputsOf(user);
  return formDialog(`Change ${user.name}`, fieldsOf(inputs), "Save", async () => {
    await api.patch(`/api/users/${encodeURIComponent(user.user_id)}`, said(inputs));
    toast("Saved. It counts from the next request on, for running tasks from their next call.");
  });
}

async function switched(api, user, changed) {
  const text = "Their keys let nobody in any more, and their running tasks may call nothing. They can be enabled again.";
  if (!user.disabled && !(await confirm({ title: `Disable ${user.name}?`, text, action: "Disable", danger: true }))) return;
  await api.patch(`/api/users/${encodeURIComponent(user.user_id)}`, { disabled: !user.disabled });
  await changed();
}
