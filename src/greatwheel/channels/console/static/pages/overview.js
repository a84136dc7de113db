// How things stand: what runs and waits, what was used and what failed, whether everything is there.

import { fill, h } from "../dom.js";
import { compact, duration, number, plural } from "../format.js";
import { badge, select, table } from "../ui.js";
import { barChart } from "./chart.js";
import { redraw, repeat } from "./repeating.js";
import { replacing, setAddress } from "./views.js";

const SECONDS = 5;
const HOURS_AGAIN = 6; // the hours are asked for at each sixth look: they change slowly
const SPANS = [[6, "6 hours"], [24, "24 hours"], [72, "3 days"], [168, "7 days"]];
const CLOCK = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });

export async function render(root, { api, me, params, signal }) {
  const tiles = h("div", { class: "tiles" }), charts = h("div", { class: "charts" }), health = h("section", { class: "card health", "aria-label": "Health" });
  let looks = 0, drawn = "";
  const span = select(SPANS, chosenSpan(params), { "aria-label": "Time shown", onchange: changed });

  async function look() {
    const whole = looks++ % HOURS_AGAIN === 0;
    const hours = whole ? Number(span.value) : 1;
    const [told, state] = await Promise.all([api.get(api.query("/api/overview", { hours }), { signal }), healthOf(api, signal)]);
    fillTiles(tiles, told);
    showHealth(health, state, told);
    if (whole) showCharts(told);
  }
  function showCharts(told) {
    const look = JSON.stringify(told.hours);
    if (look === drawn) return;
    drawn = look;
    redraw(charts, chartsOf(told));
  }
  async function changed() {
    setAddress("overview", { hours: span.value });
    looks = 0;
    await live.now(); // it throws nothing
  }

  const done = replacing(root, 8, 0);
  await look();
  done();
  const live = repeat(SECONDS, look, signal);
  fill(root,
    h("header", { class: "page-head" }, h("h1", null, "Overview"), h("div", { class: "row" }, live.state, span)),
    me.role !== "admin" && h("p", { class: "muted" }, "Of your own tasks."), tiles, charts, health);
}

const chosenSpan = (params) => (SPANS.some(([hours]) => String(hours) === params.query.get("hours")) ? params.query.get("hours") : "24");

async function healthOf(api, signal) {
  try {
    return await api.get("/health", { signal });
  } catch (error) {
    if (error.status !== 503) throw error;
    return { status: "failing", dependencies: {} };
  }
}

function fillTiles(tiles, told) {
  const { tasks, workers } = told;
  const oldest = told.oldest_queued_seconds;
  const facts = [
    ["Running", tasks.running + tasks.admitted, "#/tasks?view=list&status=running", plural(workers.alive, "worker")],
    ["Queued", tasks.queued, "#/tasks?view=list&status=queued", oldest === null ? "nothing waits" : `the oldest for ${duration(oldest)}`],
    ["Waiting", tasks.waiting, "#/tasks?view=list&status=waiting", "for answers of people or agents"],
    ["Dead", tasks.dead, "#/tasks?view=list&status=dead", tasks.dead ? "look at why, and try again" : "none"],
  ];
  if (tiles.children.length === 0) tiles.append(...facts.map(([label, , href]) => tile(label, href)));
  facts.forEach(([label, count, , note], place) => {
    const node = tiles.children[place];
    node.classList.toggle("bad", label === "Dead" && count > 0);
    say(node.querySelector(".tile-count"), number(count));
    say(node.querySelector(".tile-note"), note);
  });
}

function tile(label, href) {
  return h("a", { class: "card tile", href }, h("span", { class: "tile-label" }, label), h("span", { class: "tile-count" }), h("span", { class: "tile-note muted" }));
}

function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function chartsOf(told) {
  const money = moneyIn(told.currency);
  const hours = told.hours.map((each) => ({ ...each, ...timesOf(each.hour, told.hours.length) }));
  const total = (value) => hours.reduce((sum, hour) => sum + value(hour), 0);
  const chart = (title, series, values, show, words) =>
    barChart(title, hours.map((hour) => ({ label: hour.label, short: hour.short, values: values(hour) })), series, show, words);
  const tasks = total((hour) => hour.tasks), errors = total((hour) => hour.errors);
  return [
    chart("Tasks that ended, by the hour", [{ name: "Done or cancelled", tone: "good" }, { name: "Failed or dead", tone: "bad" }],
      (hour) => [hour.tasks - hour.errors, hour.errors], compact, `${plural(tasks, "task")}, ${plural(errors, "error")}`),
    chart("Tokens by the hour", [{ name: "Prompt", tone: "first" }, { name: "Completion", tone: "second" }],
      (hour) => [hour.prompt_tokens, hour.completion_tokens], compact,
      plural(total((hour) => hour.prompt_tokens + hour.completion_tokens), "token")),
    hours.some((hour) => hour.cost !== null) && chart("Cost by the hour", [{ name: "Cost", tone: "first" }],
      (hour) => [hour.cost ?? 0], money, money(total((hour) => hour.cost ?? 0))),
  ];
}

/** Small amounts with the digits that they need. */
function moneyIn(currency) {
  const form = (digits) => new Intl.NumberFormat("en", { style: "currency", currency, maximumFractionDigits: digits });
  const coarse = form(2), fine = form(4);
  return (value) => (value > 0 && value < 1 ? fine : coarse).format(value);
}

function timesOf(hour, count) {
  const moment = new Date(hour);
  return { label: DAY.format(moment), short: count > 24 ? DAY.format(moment) : CLOCK.format(moment) };
}

function showHealth(node, state, told) {
  const heard = told.workers.last_heard_seconds;
  const worker = heard === null ? "none was ever heard of; start `greatwheel worker`" : `${plural(told.workers.alive, "worker")} alive, last heard of ${duration(heard)} ago`;
  const rows = Object.entries(state.dependencies).map(([name, each]) => ({ name, state: each.state, detail: name === "worker" ? worker : each.detail }));
  const look = JSON.stringify([state.status, rows.map((row) => [row.name, row.state, row.name === "worker" ? told.workers.alive : row.detail])]);
  if (node.dataset.look === look) return;
  node.dataset.look = look;
  fill(node, h("header", null, h("h2", null, "Health"), badge(state.status, { ok: "good", degraded: "warn" }[state.status] ?? "bad")),
    table("What the server depends on", [
      { label: "What", cell: (row) => row.name },
      { label: "State", cell: (row) => badge(row.state, row.state === "ok" ? "good" : "bad") },
      { label: "Details", cell: (row) => row.detail },
    ], rows));
}
