// A page of several views, such as a list and one of its things: the address says which is shown.

import { fill, h } from "../dom.js";
import { failure, skeleton } from "../ui.js";

/** What `render` of such a page gives. `choose(params)` is the view of an address: an async function (box, given) that
 *  fills the box; `given.signal` is aborted when another view comes. A view may return a function that is asked with the
 *  next address: true when it shows that one itself. */
export async function views(root, given, choose) {
  let shown = null;

  async function show(params) {
    if (shown?.stay?.(params)) return;
    const first = shown === null;
    shown?.controller.abort();
    const mine = { controller: new AbortController() };
    shown = mine;
    const box = h("div", { class: "view" }, skeleton(8));
    root.replaceChildren(box);
    try {
      box.replaceChildren();
      mine.stay = await choose(params)(box, { ...given, params, signal: mine.controller.signal });
      if (!first && shown === mine) begin(box);
    } catch (error) {
      if (error.name !== "AbortError" && shown === mine) fill(box, wrong(error, () => show(params)));
    }
  }

  await show(given.params);
  return { update: show, close: () => shown.controller.abort() };
}

/** What is shown of a thing that is not there, or can't be had. */
function wrong(error, again) {
  const missing = error.status === 404;
  return [h("h1", null, missing ? "Nothing is here" : "This can't be shown"), failure(error, missing ? null : again)];
}

/** Where a reader begins: at the top, with the heading. */
function begin(box) {
  const heading = box.querySelector("h1");
  document.getElementById("main").scrollTo(0, 0);
  if (!heading || box.contains(document.activeElement)) return;
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
}

/** Tell the address what is shown, without going anywhere. */
export function setAddress(path, values) {
  const given = Object.entries(values).filter(([, value]) => value !== null && value !== undefined && value !== "");
  history.replaceState(null, "", given.length ? `#/${path}?${new URLSearchParams(given)}` : `#/${path}`);
}

/** Links to the parts of a thing; `current` is the name of the one that is shown. */
export function tabs(label, current, parts) {
  const entry = ([name, text, href]) => h("li", null, h("a", { href, "aria-current": name === current ? "page" : null }, text));
  const node = h("nav", { class: "tabs", "aria-label": label }, h("ul", { class: "plain" }, parts.map(entry)));
  requestAnimationFrame(() => node.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" }));
  return node;
}

/** The way back, above a heading. */
export const crumb = (href, text) => h("p", { class: "crumb" }, h("a", { href }, text));
