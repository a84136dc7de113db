// Limits of the organisation and its users, with what was used of them.

import { ApiError } from "../api.js";
import { h, svg } from "../dom.js";
import { moment, number } from "../format.js";
import { badge, busy, button, confirm, empty, field, select, toast } from "../ui.js";
import { formDialog, redrawn } from "./redrawing.js";

const METRICS = [["tokens", "Tokens"], ["tasks", "Tasks"]];
const PERIODS = [["day", "a day"], ["week", "a week"], ["month", "a month"]];
const EVERYBODY = "";

export const limits = (place, { api, signal }) => redrawn(place, load(api, signal), ([limits, users], changed) => [
  h("header", { class: "page-head" }, h("h2", null, "Limits"), button("New limit", { look: "primary", picture: "plus", dataset: { focus: "new" }, onclick: async () => (await edit(api, users, null)) && changed() })),
  limits.length ? h("ul", { class: "meters plain" }, limits.map((limit) => meter(api, users, limit, changed)))
    : empty("No limits", "Tasks may use as many tokens as their budgets allow. A limit holds for the organisation or one user, for a day, a week or a month."),
]);

const load = (api, signal) => async () => {
  const [limits, users] = await Promise.all([api.list("/api/limits", { signal }), api.list("/api/users", { signal })]);
  return [limits.items, users.items];
};

const nameOf = (limit) => `${METRICS.find(([each]) => each === limit.metric)[1]} ${PERIODS.find(([each]) => each === limit.period)[1]}`;
const holderOf = (limit) => (limit.user_id === null ? "the organisation" : (limit.user_name ?? limit.user_id));

function meter(api, users, limit, changed) {
  const full = limit.hard ?? limit.soft;
  const used = limit.used + limit.reserved;
  const title = `${nameOf(limit)}, ${holderOf(limit)}`;
  const id = `${limit.user_id ?? "all"}-${limit.metric}-${limit.period}`;
  return h("li", { class: "card meter-card" },
    h("div", { class: "spread" }, h("h3", null, nameOf(limit), h("span", { class: "muted" }, ` of ${holderOf(limit)}`)), state(limit, used)),
    h("div", { class: "meter", role: "meter", "aria-label": title, "aria-valuemin": 0, "aria-valuemax": full, "aria-valuenow": Math.min(used, full), "aria-valuetext": `${number(used)} of ${number(full)}` }, bar(limit, used, full)),
    h("p", { class: "spread muted small" },
      h("span", null, h("strong", null, number(used)), ` of ${number(full)} used`, limit.reserved > 0 && ` (${number(limit.reserved)} of it set aside for calls under way)`),
      h("span", null, [limit.soft !== null && `warns at ${number(limit.soft)}`, limit.hard !== null && `stops at ${number(limit.hard)}`, `begins anew ${moment(limit.resets_at)}`].filter(Boolean).join(", "))),
    h("div", { class: "row" },
      button("Change", { small: true, "aria-label": `Change: ${title}`, dataset: { focus: `change-${id}` }, onclick: async () => (await edit(api, users, limit)) && changed() }),
      button("Take away", { small: true, "aria-label": `Take away: ${title}`, dataset: { focus: `away-${id}` }, onclick: (event) => busy(event.currentTarget, () => takeAway(api, limit, changed)) })));
}

function state(limit, used) {
  if (limit.hard !== null && used >= limit.hard) return badge("reached", "bad");
  if (limit.soft !== null && used >= limit.soft) return badge("near", "warn");
  return badge("fine", "good");
}

function bar(limit, used, full) {
  const share = (value) => `${Math.min(100, full > 0 ? (value / full) * 100 : 100).toFixed(2)}%`;
  const tone = limit.hard !== null && used >= limit.hard ? "bad" : limit.soft !== null && used >= limit.soft ? "warn" : "good";
  return svg("svg", { width: "100%", height: 10, "aria-hidden": "true" },
    svg("rect", { class: "ground", width: "100%", height: 10, rx: 5 }), svg("rect", { class: `part ${tone}`, width: share(used), height: 10, rx: 5 }),
    limit.soft !== null && limit.hard !== null && svg("line", { class: "soft", x1: share(limit.soft), x2: share(limit.soft), y1: 0, y2: 10 }));
}

function edit(api, users, limit) {
  const who = select([[EVERYBODY, "The whole organisation"], ...users.map((user) => [user.user_id, user.name])], limit?.user_id ?? EVERYBODY, { disabled: limit !== null });
  const metric = select(METRICS, limit?.metric ?? "tokens", { disabled: limit !== null });
  const period = select(PERIODS, limit?.period ?? "day", { disabled: limit !== null });
  const amount = (value) => h("input", { type: "number", min: 0, step: 1, inputmode: "numeric", value: value ?? "" });
  const soft = amount(limit?.soft), hard = amount(limit?.hard);
  const numberOf = (input) => (input.value === "" ? null : Number(input.value));
  const fields = [field("Of", who), h("div", { class: "pair" }, field("What", metric), field("In", period)),
    h("div", { class: "pair" }, field("Warn at", soft, "Empty: never."), field("Stop at", hard, "Empty: never."))];
  return formDialog(limit === null ? "New limit" : `Change: ${nameOf(limit)}`, fields, "Save", async () => {
    if (numberOf(soft) === null && numberOf(hard) === null) throw new ApiError(422, { code: "limit.empty", message: "Give at least one number; “Take away” removes a limit." });
    await api.put("/api/limits", { user: who.value === EVERYBODY ? null : who.value, metric: metric.value, period: period.value, soft: numberOf(soft), hard: numberOf(hard) });
    toast("Saved; it counts at once.");
  });
}

async function takeAway(api, limit, changed) {
  if (!(await confirm({ title: "Take this limit away?", text: `${nameOf(limit)} of ${holderOf(limit)} will not be limited any more.`, action: "Take it away", danger: true }))) return;
  await api.put("/api/limits", { user: limit.user_id, metric: limit.metric, period: limit.period });
  toast("Taken away.");
  await changed();
}
