// Webhooks: where payloads come in, and who is told of what happens.
//   #/organisation/webhooks    #/organisation/webhooks/sub_…: what was delivered there

import { h } from "../dom.js";
import { compact } from "../format.js";
import { badge, busy, button, confirm, empty, field, select, table, toast, when } from "../ui.js";
import { deliveries, enabled, eventsOf, stateOf } from "./deliveries.js";
import { formDialog, redrawn, shownOnce } from "./redrawing.js";

const INBOUND = "/api/webhooks", OUTBOUND = "/api/webhooks/outbound";
const SCHEMES = [["standard", "Standard Webhooks"], ["github", "GitHub"]];
const EVENTS = ["task.ended", "message.sent", "question.asked", "question.answered", "limit.warned"];

export function webhooks(place, given) {
  const [subscription] = given.params.rest;
  return subscription ? deliveries(place, given, subscription) : both(place, given);
}

const both = (place, { api, me, signal }) => redrawn(place, load(api, signal), ([inbound, outbound], changed) => {
  const head = (title, name, focus, make) => h("header", { class: "page-head" }, h("h2", null, title), button(name, { picture: "plus", dataset: { focus }, onclick: (event) => busy(event.currentTarget, async () => (await make()) && changed()) }));
  return [
    head("Payloads that come in", "New webhook", "new-in", () => addWebhook(api, me, signal)),
    h("p", { class: "muted" }, "Each delivery that is signed rightly becomes a task. Senders post to this server, to the path that is shown."),
    inbound.length ? table("Payloads that come in", comingIn(api, changed), inbound) : empty("Nothing comes in", "A repository's pushes, say, or a shop's orders."),
    head("What goes out", "New subscription", "new-out", () => addSubscription(api, signal)),
    h("p", { class: "muted" }, "What happens in tasks, posted to an address and signed."),
    outbound.length ? table("What goes out", goingOut(api, changed), outbound) : empty("Nobody is told", "A subscription has the ends of tasks, questions or warnings sent to a program of yours."),
  ];
});

const load = (api, signal) => () => Promise.all([INBOUND, OUTBOUND].map(async (path) => (await api.list(path, { signal })).items));

function comingIn(api, changed) {
  return [
    { label: "Name", cell: (hook) => [h("strong", null, hook.name), h("p", { class: "mono small" }, `/hooks/${hook.webhook_id}`)] },
    { label: "State", cell: (hook) => enabled(hook) },
    { label: "For", hidden: true, cell: (hook) => hook.user_name },
    { label: "Agent", hidden: true, cell: (hook) => hook.agent ?? h("span", { class: "muted" }, "the triage agent") },
    { label: "Signed as", hidden: true, cell: (hook) => badge(hook.scheme) },
    { label: "Last came", hidden: true, cell: (hook) => when(hook.received_at) },
    actions(api, changed, (hook) => ({ path: `${INBOUND}/${encodeURIComponent(hook.webhook_id)}`, name: hook.name,
      lost: "Nothing is taken in there any more. Its tasks go on.", renewed: "The old one is worth nothing at once: what the sender signs with it is refused until it has the new one." })),
  ];
}

function goingOut(api, changed) {
  return [
    { label: "Address", cell: (each) => [h("a", { class: "task-link", href: `#/organisation/webhooks/${encodeURIComponent(each.subscription_id)}` }, each.url), each.reason && h("p", { class: "reason" }, each.reason)] },
    { label: "State", cell: (each) => stateOf(each) },
    { label: "Events", hidden: true, cell: (each) => eventsOf(each) },
    { label: "Agent", hidden: true, cell: (each) => each.agent ?? h("span", { class: "muted" }, "every") },
    { label: "Waiting", number: true, hidden: true, cell: (each) => compact(each.waiting) },
    actions(api, changed, (each) => ({ path: `${OUTBOUND}/${encodeURIComponent(each.subscription_id)}`, name: each.url,
      lost: "Nothing more is delivered there, and the log of what was is forgotten.", renewed: "It signs from the next attempt on, also what is on its way. What the receiver refuses until it has it is tried again, for about a day." })),
  ];
}

/** The buttons of each row; `about` gives its path, its name, what is lost with it, and what a new secret means. */
function actions(api, changed, about) {
  return { label: h("span", { class: "unseen" }, "Actions"), cell: (each) => {
    const { path, name, lost, renewed } = about(each);
    const press = (kind, label, work) => button(label, { small: true, "aria-label": `${label} ${name}`, dataset: { focus: `${kind}-${path}` }, onclick: (event) => busy(event.currentTarget, work) });
    return h("div", { class: "row" }, press("able", each.enabled ? "Disable" : "Enable", () => switched(api, path, each, changed)),
      press("renew", "New secret", () => renew(api, path, renewed)), press("del", "Delete", () => remove(api, path, lost, changed)));
  } };
}

async function switched(api, path, each, changed) {
  await api.patch(path, { enabled: !each.enabled });
  await changed();
}

async function renew(api, path, text) {
  if (!(await confirm({ title: "Make a new secret?", text, action: "Make a new secret", danger: true }))) return;
  const { secret } = await api.post(`${path}/secret`, {});
  await shownOnce("The new secret", secret, "Copy the secret");
}

async function remove(api, path, text, changed) {
  if (!(await confirm({ title: "Delete it?", text, action: "Delete", danger: true }))) return;
  await api.del(path);
  toast("Deleted.");
  await changed();
}

const agentsOf = async (api, signal) => (await api.list("/api/agents", { signal })).items.map((agent) => [agent.name, agent.name]);

async function addWebhook(api, me, signal) {
  const [people, agents] = await Promise.all([api.list("/api/users", { signal }), agentsOf(api, signal)]);
  const name = h("input", { required: true, maxlength: 100, autocomplete: "off", placeholder: "such as pull requests" });
  const user = select(people.items.filter((each) => !each.disabled).map((each) => [each.user_id, each.name]), me.user_id);
  const agent = select([["", "The triage agent"], ...agents], "");
  const scheme = select(SCHEMES, "standard");
  const input = h("textarea", { rows: "2", spellcheck: "false", placeholder: "Review {pull_request.title}" });
  const fields = [field("Name", name), field("For", user, "Its tasks may what this user may."), field("Agent", agent), field("Signed as", scheme),
    field("The task's words", input, "{a.b} is what is there in the payload; the payload itself is the task's context.")];
  const made = await formDialog("New webhook", fields, "Make the webhook", () => api.post(INBOUND, { name: name.value.trim(), user: user.value, agent: agent.value || null, scheme: scheme.value, input: input.value.trim() || null }));
  if (made) await shownOnce("The webhook's secret", made.secret, "Copy the secret");
  return made;
}

async function addSubscription(api, signal) {
  const url = h("input", { type: "url", required: true, maxlength: 2000, autocomplete: "off", placeholder: "https://example.com/in" });
  const events = EVENTS.map((each) => h("input", { type: "checkbox", value: each, checked: each === "task.ended" }));
  const agent = select([["", "Every agent"], ...(await agentsOf(api, signal))], "");
  const choice = h("fieldset", null, h("legend", null, "Events"), events.map((each) => h("label", { class: "check row" }, each, h("code", null, each.value))));
  const made = await formDialog("New subscription", [field("Address", url), choice, field("Tasks of", agent)], "Subscribe",
    () => api.post(OUTBOUND, { url: url.value.trim(), events: events.filter((each) => each.checked).map((each) => each.value), agent: agent.value || null }));
  if (made) await shownOnce("The subscription's secret", made.secret, "Copy the secret");
  return made;
}
