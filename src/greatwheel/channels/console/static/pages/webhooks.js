// Webhooks: where payloads come in, and who is told of what happens.
//   #/organisation/webhooks    #/organisation/webhooks/sub_…: what was delivered there

import { h } from "../dom.js";
import { compact } from "../format.js";
import { badge, empty, table, when } from "../ui.js";
import { deliveries, enabled, eventsOf, stateOf } from "./deliveries.js";
import { redrawn } from "./redrawing.js";

export function webhooks(place, given) {
  const [subscription] = given.params.rest;
  return subscription ? deliveries(place, given, subscription) : both(place, given);
}

const both = (place, { api, signal }) => redrawn(place, load(api, signal), ([inbound, outbound]) => [
  h("h2", null, "Payloads that come in"),
  h("p", { class: "muted" }, "Each delivery that is signed rightly becomes a task. Senders post to this server, to the path that is shown."),
  inbound.length ? table("Payloads that come in", comingIn(), inbound) : empty("Nothing comes in", "A repository's pushes, say, or a shop's orders."),
  h("h2", null, "What goes out"),
  h("p", { class: "muted" }, "What happens in tasks, posted to an address and signed."),
  outbound.length ? table("What goes out", goingOut(), outbound) : empty("Nobody is told", "A subscription has the ends of tasks, questions or warnings sent to a program of yours."),
]);

const load = (api, signal) => () => Promise.all(["/api/webhooks", "/api/webhooks/outbound"].map(async (path) => (await api.list(path, { signal })).items));

function comingIn() {
  return [
    { label: "Name", cell: (hook) => [h("strong", null, hook.name), h("p", { class: "mono small" }, `/hooks/${hook.webhook_id}`)] },
    { label: "State", cell: (hook) => enabled(hook) },
    { label: "For", hidden: true, cell: (hook) => hook.user_name },
    { label: "Agent", hidden: true, cell: (hook) => hook.agent ?? h("span", { class: "muted" }, "the triage agent") },
    { label: "Signed as", hidden: true, cell: (hook) => badge(hook.scheme) },
    { label: "Last came", hidden: true, cell: (hook) => when(hook.received_at) },
  ];
}

function goingOut() {
  return [
    { label: "Address", cell: (each) => [h("a", { class: "task-link", href: `#/organisation/webhooks/${encodeURIComponent(each.subscription_id)}` }, each.url), each.reason && h("p", { class: "reason" }, each.reason)] },
    { label: "State", cell: (each) => stateOf(each) },
    { label: "Events", hidden: true, cell: (each) => eventsOf(each) },
    { label: "Agent", hidden: true, cell: (each) => each.agent ?? h("span", { class: "muted" }, "every") },
    { label: "Waiting", number: true, hidden: true, cell: (each) => compact(each.waiting) },
  ];
}
