// What was delivered to a subscription: the state of each delivery, each attempt, and another try.

import { append, fill, h, icon } from "../dom.js";
import { duration, plural } from "../format.js";
import { badge, busy, button, empty, select, toast, when } from "../ui.js";
import { listing } from "./listing.js";
import { repeat } from "./repeating.js";
import { crumb } from "./views.js";

const SECONDS = 4;
const STATES = [["", "Every state"], ["pending", "Pending"], ["sending", "Sending"], ["done", "Done"], ["dead", "Dead letters"]];
const TONES = { pending: "warn", sending: "live", done: "good", dead: "bad" };

export const enabled = (each) => (each.enabled ? badge("enabled", "good") : badge("disabled", "bad"));
const paused = (each) => each.paused_until !== null && new Date(each.paused_until) > new Date();

/** Whether a subscription is served, or why not. */
export const stateOf = (each) => [enabled(each), paused(each) && [" ", h("span", { class: "muted small" }, "the receiver wants a pause; on again ", when(each.paused_until))]];

export const eventsOf = ({ events }) => events.map((each, place) => [place > 0 && ", ", h("code", null, each)]);

export async function deliveries(place, { api, signal }, id) {
  const path = `/api/webhooks/${encodeURIComponent(id)}/deliveries`;
  const card = h("div");
  let state = "", told = null;
  const shown = listing("Deliveries", columns(api, path, () => live.now()), {
    load: ({ limit, cursor }) => api.get(api.query(path, { state, limit, cursor }), { signal }),
    key: (delivery) => delivery.delivery_id,
    nothing: () => (state ? empty("No such delivery", "None is in this state.") : empty("Nothing was delivered yet", "What happens from now on is.")),
  });
  const choice = select(STATES, state, { "aria-label": "State", onchange: () => { state = choice.value; shown.begin(); } });
  const live = repeat(SECONDS, () => Promise.all([look(), shown.refresh()]), signal);

  async function look() {
    const subscription = await api.get(`/api/webhooks/outbound/${encodeURIComponent(id)}`, { signal });
    if (JSON.stringify(subscription) === told) return;
    told = JSON.stringify(subscription);
    fill(card, facts(subscription));
  }
  await look();
  append(place, [crumb("#/organisation/webhooks", "Webhooks"),
    h("header", { class: "page-head" }, h("h2", null, "Deliveries"), live.state, h("div", { class: "row filters" }, choice)), card, shown.node]);
  await shown.begin();
}

function facts(each) {
  const rows = [["Address", each.url], ["State", stateOf(each)], ["Disabled because", each.reason], ["Events", eventsOf(each)], ["Only of", each.agent], ["Waiting", each.waiting > 0 && plural(each.waiting, "delivery", "deliveries")], ["Made", when(each.created_at)]];
  return h("dl", { class: "facts card" }, rows.filter(([, value]) => value).map(([name, value]) => [h("dt", null, name), h("dd", null, value)]));
}

function columns(api, path, changed) {
  return [
    { label: "Event", class: "grow", cell: (each) => [h("code", null, each.type), each.task_id && [" ", h("a", { class: "small", href: `#/tasks/${encodeURIComponent(each.task_id)}` }, "of this task")],
      h("p", { class: "muted small" }, when(each.created_at)), attempts(each)] },
    { label: "State", cell: (each) => [badge(each.state, TONES[each.state]), each.state === "pending" && each.attempts > 0 && h("p", { class: "muted small" }, "again ", when(each.due_at))] },
    { label: "Id", hidden: true, cell: (each) => h("code", { class: "small" }, each.delivery_id) },
    { label: h("span", { class: "unseen" }, "Actions"), cell: (each) => ["done", "dead"].includes(each.state) && button("Deliver again", { small: true, "aria-label": `Deliver ${each.delivery_id} again`,
      onclick: (event) => busy(event.currentTarget, () => again(api, path, each, changed)) }) },
  ];
}

function attempts({ log }) {
  if (!log.length) return null;
  return h("details", { class: "fold" }, h("summary", null, icon("chevron"), plural(log.length, "attempt"), log.at(-1).error && h("span", { class: "muted" }, `: ${log.at(-1).error}`)),
    h("ol", { class: "small" }, log.map((each) => h("li", null, each.status === null ? "no answer" : String(each.status), ` after ${duration(each.seconds)}, `, when(each.at), each.error && h("p", { class: "reason" }, each.error)))));
}

async function again(api, path, delivery, changed) {
  await api.post(`${path}/${encodeURIComponent(delivery.delivery_id)}/retry`);
  toast("It is on its way again.");
  await changed();
}
