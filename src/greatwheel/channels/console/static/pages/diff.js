// A unified diff: each line says by its first character what became of it; colours only help.

import { h } from "../dom.js";
import { plural } from "../format.js";
import { scrollable } from "../ui.js";

const MOST_LINES = 5000;
const KINDS = { "+": ["ins", "added"], "-": ["del", "removed"], "@": ["span", "place"] };

/** The diff; nothing when it is empty. */
export function diffView(text) {
  if (!text) return null;
  const [before, after, ...lines] = text.replace(/\n$/, "").split("\n");
  const counts = { added: 0, removed: 0 };
  const shown = lines.slice(0, MOST_LINES).map((line) => {
    const [tag, kind] = KINDS[line[0]] ?? ["span", "same"];
    if (kind in counts) counts[kind] += 1;
    return h(tag, { class: `line ${kind}` }, line || " ");
  });
  const rest = lines.length - shown.length;
  return h("figure", { class: "diff" },
    h("figcaption", null, `${before.replace(/^--- /, "")} → ${after.replace(/^\+\+\+ /, "")}: ${plural(counts.added, "line")} added, ${counts.removed} removed`),
    scrollable("What changed", h("pre", null, shown)), rest > 0 && h("p", { class: "muted" }, `${rest} further lines are not shown.`));
}
