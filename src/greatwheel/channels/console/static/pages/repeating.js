// Keeping what is shown up to date, without flicker and without asking for what nobody sees.

import { h } from "../dom.js";
import { ago } from "../format.js";

const LONGEST_PAUSE = 30;
const FOCUSABLE = "a, button, summary, input";

/** Do `work` every so many seconds while the page is seen, until the signal is aborted; less often while it fails.
 *  Gives a line that says how it stands, and `now()`, which does it at once. */
export function repeat(seconds, work, signal) {
  const state = h("span", { class: "live-state", role: "status" });
  let timer, failed = 0;

  const arm = () => {
    clearTimeout(timer);
    if (!signal.aborted && !document.hidden) timer = setTimeout(now, Math.min(LONGEST_PAUSE, seconds * 2 ** failed) * 1000);
  };
  async function now() {
    clearTimeout(timer);
    try {
      await work();
      failed = 0;
    } catch (error) {
      if (error.name === "AbortError") return;
      failed += 1;
    }
    tell();
    arm();
  }
  function tell() {
    const text = failed ? "Not up to date: the server can't be reached" : "";
    if (state.textContent !== text) state.textContent = text;
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

/** Put the new node in the old one's place; what was unfolded stays so, and the focus where it was. */
function replace(node, made) {
  const unfolded = made.querySelectorAll("details");
  node.querySelectorAll("details").forEach((each, place) => unfolded[place] && (unfolded[place].open = each.open));
  const within = [...node.querySelectorAll(FOCUSABLE)].indexOf(document.activeElement);
  node.replaceWith(made);
  if (within >= 0) made.querySelectorAll(FOCUSABLE)[within]?.focus({ preventScroll: true });
}

/** Say anew how long ago each moment in there was. */
export function retell(root) {
  for (const node of root.querySelectorAll("time")) {
    const text = ago(node.dateTime);
    if (node.textContent !== text) node.textContent = text;
  }
}
