// API keys: made for a user, shown once, revoked at once.

import { h } from "../dom.js";
import { badge, busy, button, confirm, empty, field, select, table, toast, when } from "../ui.js";
import { formDialog, redrawn, shownOnce } from "./redrawing.js";

const DAYS = [["", "Until it is revoked"], ["7", "7 days"], ["30", "30 days"], ["90", "90 days"], ["365", "a year"]];

export const keys = (place, { api, me, signal }) => redrawn(place, load(api, signal), ([keys, users], changed) => [
  h("header", { class: "page-head" }, h("h2", null, "API keys"), button("New key", { look: "primary", picture: "plus", dataset: { focus: "new" }, onclick: async () => (await add(api, me, users)) && changed() })),
  keys.length ? table("API keys", columns(api, changed), keys) : empty("No keys", "A key lets a user, or a program of theirs, in."),
]);

const load = (api, signal) => async () => {
  const [keys, users] = await Promise.all([api.list("/api/keys", { signal }), api.list("/api/users", { signal })]);
  return [[...keys.items].reverse(), users.items];
};

function columns(api, changed) {
  return [
    { label: "Label", cell: (key) => key.label || h("span", { class: "muted" }, "without") },
    { label: "User", cell: (key) => key.user_name },
    { label: "Begins with", hidden: true, cell: (key) => h("code", null, `gwk_${key.prefix}_…`) },
    { label: "State", cell: (key) => stateOf(key) },
    { label: "Last used", hidden: true, cell: (key) => when(key.last_used_at) },
    { label: "Made", hidden: true, cell: (key) => when(key.created_at) },
    { label: h("span", { class: "unseen" }, "Actions"), cell: (key) => isOver(key) ? null : button("Revoke", { small: true, "aria-label": `Revoke ${key.label || key.prefix}`, dataset: { focus: key.key_id }, onclick: (event) => busy(event.currentTarget, () => revoke(api, key, changed)) }) },
  ];
}

const expired = (key) => key.expires_at !== null && new Date(key.expires_at) <= new Date();
const isOver = (key) => key.revoked_at !== null || expired(key);

function stateOf(key) {
  if (key.revoked_at) return badge("revoked", "bad");
  if (expired(key)) return badge("expired", "warn");
  return [badge("valid", "good"), key.expires_at && [" ", h("span", { class: "muted small" }, "until ", when(key.expires_at))]];
}

async function add(api, me, users) {
  const user = select(users.filter((each) => !each.disabled).map((each) => [each.user_id, each.name]), me.user_id);
  const label = h("input", { maxlength: 200, autocomplete: "off", placeholder: "such as laptop, or nightly report" });
  const days = select(DAYS, "90");
  const made = await formDialog("New API key", [field("For", user), field("Label", label, "So that you know later what it is for."), field("Valid for", days)], "Make the key",
    () => api.post("/api/keys", { user: user.value, label: label.value.trim(), days: days.value === "" ? null : Number(days.value) }));
  if (made) await shownOnce("Your new key", made.key, "Copy the key");
  return Boolean(made);
}

async function revoke(api, key, changed) {
  const text = "Whoever uses it is locked out at once, and logins of browsers with it end. It can't be made valid again.";
  if (!(await confirm({ title: "Revoke this key?", text, action: "Revoke the key", danger: true }))) return;
  await api.del(`/api/keys/${encodeURIComponent(key.key_id)}`);
  toast("Revoked.");
  await changed();
}
