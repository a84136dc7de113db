// A table of what may be many: page after page, and kept up to date.

import { fill, h } from "../dom.js";
import { busy, button, failure, scrollable, skeleton } from "../ui.js";
import { keyed, retell } from "./repeating.js";

const PAGE = 50;
const MOST = 500;

/** `columns` as ui.table has them; `load({limit, cursor})` gives {items, next}; `nothing()` what is shown when there is
 *  nothing. Gives {node, begin(), refresh()}: `begin` shows the first page, `refresh` what is shown as it is now. */
export function listing(caption, columns, { load, key, nothing }) {
  const classes = (column) => [column.number && "number", column.hidden && "wide-only", column.class];
  const body = h("tbody");
  const head = h("tr", null, columns.map((column) => h("th", { scope: "col", class: classes(column) }, column.label)));
  const grid = scrollable(caption, h("table", null, h("caption", { class: "unseen" }, caption), h("thead", null, head), body));
  const more = button("Show more", { class: "more", onclick: () => busy(more, next) });
  const node = h("div", { class: "listing" }, skeleton(8));
  const row = (item) => h("tr", null, columns.map((column) => h("td", { class: classes(column) }, column.cell(item))));
  let items = [], cursor = null, turn = 0;

  function draw() {
    if (!items.length) return void fill(node, nothing());
    keyed(body, items, key, row);
    retell(body);
    more.hidden = cursor === null;
    if (grid.parentNode !== node) fill(node, grid, more);
  }
  async function take(order) {
    const mine = ++turn;
    const page = await load(order);
    if (mine !== turn) return; // another look began meanwhile
    items = order.cursor ? [...items, ...page.items] : page.items;
    cursor = page.next;
    draw();
  }
  const next = () => take({ limit: PAGE, cursor });
  async function begin() {
    try {
      await take({ limit: PAGE, cursor: null });
    } catch (error) {
      if (error.name !== "AbortError") fill(node, failure(error, begin));
    }
  }
  const refresh = () => take({ limit: Math.min(MOST, Math.max(PAGE, items.length)), cursor: null });
  return { node, begin, refresh };
}
