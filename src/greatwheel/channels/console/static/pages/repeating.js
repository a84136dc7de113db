// Keeping what is shown up to date, without flicker and without asking for what nobody sees.

import { fill, h } from "../dom.js";
import { ago } from "../format.js";
import { plain } from "../ui.js";

const LONGEST_PAUSE = 30;
const FOCUSABLE = "a, button, summary, input, [tabindex]";

/** Do `work` every so many seconds while the page is seen, until the signal is aborted; less often while it fails.
 *  Gives a line that says how it stands, and `now()`, which does it at once. */
export function repeat(seconds, work, signal) {
  const state = h("span", { class: "live-state", role: "status" });
  let timer, failed = 0, trouble = "";

  const arm = () => {
    clearTimeout(timer);
    if (!signal.aborted && !document.hidden) timer = setTimeout(now, Math.min(LONGEST_PAUSE, seconds * 2 ** failed) * 1000);
  };
  async function now() {
    clearTimeout(timer);
    try {
      await work();
      failed = 0;
      trouble = "";
    } catch (error) {
      if (error.name === "AbortError") return;
      failed += 1;
      trouble = `Not up to date. ${plain(error)}`;
    }
    tell();
    arm();
  }
  function tell() {
    if (state.textContent !== trouble) state.textContent = trouble;
  }
  document.addEventListener("visibilitychange", () => (document.hidden ? clearTimeout(timer) : now()), { signal });
  signal.addEventListener("abort", () => clearTimeout(timer));
  arm();
  return { state, now };
}

/** Make the children of `list` those of `items`, in order. A child whose item is as it was stays the same node, so
 *  nothing flickers, and what has the focus keeps it. */
export function keyed(list, items, key, make) {
  const before = new Map([...list.children].map((node) => [node.dataset.key, node]));
  let place = list.firstElementChild;
  for (const item of items) {
    const name = String(key(item)), look = JSON.stringify(item);
    let node = before.get(name);
    before.delete(name);
    if (node === undefined || node.look !== look) {
      const made = Object.assign(make(item), { look });
      made.dataset.key = name;
      if (node !== undefined) {
        if (place === node) place = made;
        replace(node, made);
      }
      node = made;
    }
    if (node === place) place = place.nextElementSibling;
    else list.insertBefore(node, place);
  }
  for (const node of before.values()) node.remove();
}

/** Put these in the place of all that is in `node`; what was unfolded stays so, and the focus where it was. */
export function redraw(node, ...children) {
  const restore = remembered(node);
  fill(node, children);
  restore(node);
}

function replace(node, made) {
  const restore = remembered(node);
  node.replaceWith(made);
  restore(made);
}

/** What of a node belongs to its reader: a function that gives it to the node that comes instead. */
function remembered(node) {
  const unfolded = [...node.querySelectorAll("details")].map((each) => each.open);
  const focused = [...node.querySelectorAll(FOCUSABLE)].indexOf(document.activeElement);
  return (made) => {
    made.querySelectorAll("details").forEach((each, place) => (each.open = unfolded[place] ?? each.open));
    if (focused >= 0) made.querySelectorAll(FOCUSABLE)[focused]?.focus({ preventScroll: true });
  };
}

/** Say anew how long ago each moment in there was. */
export function retell(root) {
  for (const node of root.querySelectorAll("time")) {
    const text = ago(node.dateTime);
    if (node.textContent !== text) node.textContent = text;
  }
}
