// Bars over time, with a table for those who can't see them or want the numbers.

import { h, icon, svg } from "../dom.js";
import { table } from "../ui.js";

const HEIGHT = 150;
const FILL = 0.72; // of a column's width

/** A figure. `columns`: [{label, values}], the oldest first; `series`: [{name, tone}], one for each of the values, which
 *  are stacked. `show(value)` gives a number's text, `total` stands beside the title. */
export function barChart(title, columns, series, show, total) {
  const top = ceiling(Math.max(...columns.map((column) => sum(column.values)), 0));
  return h("figure", { class: "card chart" },
    h("figcaption", { class: "spread" }, h("h2", null, title), h("p", { class: "chart-total" }, total)),
    series.length > 1 && legend(series),
    h("div", { class: "chart-body" },
      h("div", { class: "chart-scale", "aria-hidden": "true" }, [top, top / 2, 0].map((value) => h("span", null, show(value)))),
      picture(title, columns, series, show, top, total)),
    h("div", { class: "chart-times", "aria-hidden": "true" }, marks(columns).map((label) => h("span", null, label))),
    h("details", { class: "as-table" }, h("summary", null, icon("chevron"), "As a table"), asTable(title, columns, series, show)));
}

function picture(title, columns, series, show, top, total) {
  const step = 100 / columns.length;
  return svg("svg", { class: "bars", width: "100%", height: HEIGHT, role: "img", "aria-label": `${title}: ${total}. The table below has the numbers.` },
    [0, 0.5, 1].map((share) => svg("line", { class: "grid", x1: 0, x2: "100%", y1: line(share), y2: line(share) })),
    columns.map((column, place) => bar(column, series, show, top, place * step, step)));
}

const line = (share) => 0.5 + Math.round((1 - share) * (HEIGHT - 1));

function bar(column, series, show, top, left, step) {
  let below = 0;
  const parts = column.values.map((value, place) => {
    const height = Math.max(value / top * (HEIGHT - 1), value > 0 ? 1.5 : 0);
    below += height;
    return svg("rect", { class: `part ${series[place].tone}`, x: percent(left + step * (1 - FILL) / 2), width: percent(step * FILL), y: HEIGHT - below, height });
  });
  const words = column.values.map((value, place) => `${series[place].name} ${show(value)}`).join(", ");
  return svg("g", null, svg("rect", { class: "hit", x: percent(left), width: percent(step), y: 0, height: HEIGHT }), parts,
    svg("title", null, `${column.label}: ${words}`));
}

function legend(series) {
  return h("ul", { class: "legend" }, series.map((each) =>
    h("li", null, svg("svg", { width: 12, height: 12, "aria-hidden": "true" }, svg("rect", { class: `part ${each.tone}`, width: 12, height: 12, rx: 2 })), each.name)));
}

function asTable(title, columns, series, show) {
  const cells = series.map((each, place) => ({ label: each.name, number: true, cell: (column) => show(column.values[place]) }));
  return table(title, [{ label: "Hour", cell: (column) => column.label }, ...cells], [...columns].reverse());
}

/** The first time, the last one, and those between that have room. */
function marks(columns) {
  const last = columns.length - 1;
  const places = last < 4 ? columns.keys() : [0, Math.round(last / 3), Math.round(2 * last / 3), last];
  return [...places].map((place) => columns[place].short ?? columns[place].label);
}

/** The next round number; steps between are halves of it. */
function ceiling(value) {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((round) => round >= value);
}

const sum = (values) => values.reduce((total, value) => total + value, 0);
const percent = (value) => `${value.toFixed(3)}%`;
