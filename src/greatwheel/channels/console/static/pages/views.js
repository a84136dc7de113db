// A page of several views, such as a list and one of its things: the address says which is shown.

import { fill, h } from "../dom.js";
import { failure, skeleton } from "../ui.js";

const LONGEST_RENDERING = 600; // ms
const PATIENCE = 150; // ms for which what was shown stays, so that nothing flickers

/** What `render` of such a page gives. `choose(params)` is the view of an address: an async function (box, given) that
 *  fills the box, which is shown when it is done, so that nothing jumps; `given.signal` is aborted when another view
 *  comes. A view may return a function that is asked with the next address: true when it shows that one itself. */
export async function views(root, given, choose) {
  let shown = null;

  async function show(params) {
    if (shown?.stay?.(params)) return;
    const first = shown === null;
    shown?.controller.abort();
    const mine = { controller: new AbortController() };
    shown = mine;
    const box = h("div", { class: "view" });
    const done = replacing(root, 8, first ? 0 : PATIENCE);
    try {
      mine.stay = await choose(params)(box, { ...given, params, signal: mine.controller.signal });
    } catch (error) {
      if (error.name === "AbortError") return done();
      fill(box, wrong(error, () => show(params)));
    }
    if (shown !== mine) return done();
    done(box);
    if (!first) begin(box);
  }

  await show(given.params);
  return { update: show, close: () => shown.controller.abort() };
}

/** Grey lines in the place of what is there, but only if it takes long. What is given puts the new thing there. */
export function replacing(place, lines, patience = PATIENCE) {
  const grey = () => place.replaceChildren(h("div", { class: "view" }, skeleton(lines)));
  const timer = patience ? setTimeout(grey, patience) : void grey();
  return (node) => {
    clearTimeout(timer);
    if (node === undefined) return;
    place.replaceChildren(node);
    node.querySelector(".tabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  };
}

/** When the Markdown in there is shown, or takes too long to be waited for. To be called before it can have come. */
export function rendered(place) {
  let left = place.querySelectorAll(".as-written").length;
  return new Promise((resolve) => {
    if (left === 0) return void resolve();
    place.addEventListener("shown", () => (left -= 1) || resolve());
    setTimeout(resolve, LONGEST_RENDERING);
  });
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
  return h("nav", { class: "tabs", "aria-label": label }, h("ul", { class: "plain" }, parts.map(entry)));
}

/** The way back, above a heading. */
export const crumb = (href, text) => h("p", { class: "crumb" }, h("a", { href }, text));
