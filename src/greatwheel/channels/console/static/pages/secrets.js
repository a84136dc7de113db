// Secrets: their names. What they hold can be set and deleted, never seen.

import { h } from "../dom.js";
import { busy, button, confirm, empty, field, table, toast, when } from "../ui.js";
import { formDialog, redrawn } from "./redrawing.js";

export const secrets = (place, { api, signal }) => redrawn(place, async () => (await api.list("/api/secrets", { signal })).items, (items, changed) => [
  h("header", { class: "page-head" }, h("h2", null, "Secrets"), button("New secret", { look: "primary", picture: "plus", dataset: { focus: "new" }, onclick: async () => (await set(api, null)) && changed() })),
  h("p", { class: "muted" }, "Tools that name one have it used on the host. Agents never see it, and it is taken out of what tools answer."),
  items.length ? table("Secrets", columns(api, changed), items) : empty("No secrets", "Such as the key of a mail server that a tool needs."),
]);

function columns(api, changed) {
  return [
    { label: "Name", cell: (secret) => h("code", { class: "name" }, secret.name) },
    { label: "Set", hidden: true, cell: (secret) => when(secret.updated_at) },
    { label: h("span", { class: "unseen" }, "Actions"), cell: (secret) => h("div", { class: "row" },
      button("Replace", { small: true, "aria-label": `Replace ${secret.name}`, dataset: { focus: `set-${secret.name}` }, onclick: async () => (await set(api, secret.name)) && changed() }),
      button("Delete", { small: true, "aria-label": `Delete ${secret.name}`, dataset: { focus: `del-${secret.name}` }, onclick: (event) => busy(event.currentTarget, () => remove(api, secret, changed)) })) },
  ];
}

function set(api, known) {
  const name = h("input", { required: true, maxlength: 100, autocomplete: "off", spellcheck: "false", autocapitalize: "characters", placeholder: "MAIL_KEY" });
  const value = h("input", { type: "password", required: true, autocomplete: "new-password" });
  const fields = [known === null && field("Name", name, "Letters, digits and _."), field("Value", value, "At least 8 characters. It can't be shown again.")];
  return formDialog(known === null ? "New secret" : `Replace ${known}`, fields, "Set", async () => {
    await api.put(`/api/secrets/${encodeURIComponent(known ?? name.value.trim())}`, { value: value.value });
    toast("Set.");
  });
}

async function remove(api, secret, changed) {
  const text = "Tools that need it fail from now on. It can't be had back.";
  if (!(await confirm({ title: `Delete ${secret.name}?`, text, action: "Delete", danger: true }))) return;
  await api.del(`/api/secrets/${encodeURIComponent(secret.name)}`);
  toast("Deleted.");
  await changed();
}
