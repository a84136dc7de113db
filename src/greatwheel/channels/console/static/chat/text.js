// Code, outputs and long texts: as they are, in monospace, cut where they are long.

import { fill, h } from "../dom.js";
import { number, plural } from "../format.js";
import { button, copyButton } from "../ui.js";

const FIRST_LINES = 24;
const FIRST_CHARS = 3_000;
const MOST_COLOURED = 20_000;

const KEYWORDS = "and as assert async await break class continue def del elif else except False finally for from global if "
  + "import in is lambda match None nonlocal not or pass raise return True try while with yield";
const TOKENS = new RegExp([
  "(?<comment>#[^\\n]*)",
  "(?<string>[rbfuRBFU]{0,2}(?:\"\"\"[^]*?(?:\"\"\"|$)|'''[^]*?(?:'''|$)|\"(?:\\\\.|[^\"\\\\\\n])*\"?|'(?:\\\\.|[^'\\\\\\n])*'?))",
  `(?<keyword>\\b(?:${KEYWORDS.split(" ").join("|")})\\b)`,
  "(?<digits>\\b\\d[\\d_.]*(?:[eE][+-]?\\d+)?\\b)",
  "(?<called>\\b[A-Za-z_]\\w*(?=\\())",
].join("|"), "g");

/** Python as nodes: comments, strings, keywords, numbers and what is called have a colour. */
export function coloured(code) {
  if (code.length > MOST_COLOURED) return [code];
  const nodes = [];
  let from = 0;
  for (const match of code.matchAll(TOKENS)) {
    const [kind, text] = Object.entries(match.groups).find(([, value]) => value !== undefined);
    nodes.push(code.slice(from, match.index), h("span", { class: `py-${kind}` }, text));
    from = match.index + match[0].length;
  }
  return [...nodes, code.slice(from)];
}

/** A titled block of monospace text with a button to copy it. Long ones show their beginning, and the rest when asked.
 *  `whole`: an address where the text is whole, when `text` is not. */
export function block(title, text, { python = false, tone = "", whole = null, extra = null } = {}) {
  const lines = text.split("\n");
  const short = beginning(text, lines);
  const pre = h("pre", { tabIndex: 0, role: "region", "aria-label": title });
  const show = (part) => fill(pre, python ? coloured(part) : part);
  show(short);
  const more = short.length < text.length && button(`Show all ${plural(lines.length, "line")}`, {
    small: true, look: "quiet", "aria-expanded": "false",
    onclick: () => {
      const open = more.getAttribute("aria-expanded") === "true";
      show(open ? short : text);
      more.setAttribute("aria-expanded", String(!open));
      more.lastChild.textContent = open ? `Show all ${plural(lines.length, "line")}` : "Show less";
    },
  });
  const head = h("figcaption", null, h("span", null, title), extra && h("span", { class: "muted" }, extra), copyButton(() => text, `Copy: ${title}`));
  return h("figure", { class: ["block", tone] }, head, pre, more, whole && h("p", { class: "whole" }, h("a", { href: whole }, "See the whole")));
}

function beginning(text, lines) {
  if (lines.length <= FIRST_LINES + 4 && text.length <= FIRST_CHARS * 1.2) return text;
  return `${lines.slice(0, FIRST_LINES).join("\n").slice(0, FIRST_CHARS)}\n…`;
}

/** Words of a person or an agent: lines as they are, long ones folded. */
export function words(text, props = {}) {
  const cut = text.length > 1_500 || text.split("\n").length > 20;
  const body = h("div", { class: ["words", cut && "cut"] }, text);
  if (!cut) return h("div", props, body);
  const more = button(`Show all ${number(text.length)} characters`, {
    small: true, look: "quiet", "aria-expanded": "false",
    onclick: () => {
      const folded = body.classList.toggle("cut");
      more.setAttribute("aria-expanded", String(!folded));
      more.lastChild.textContent = folded ? `Show all ${number(text.length)} characters` : "Show less";
    },
  });
  return h("div", props, body, more);
}

/** A model's reply in parts: what stands before its code, the code, and what stands behind. Also of a reply that is
 *  still being written. */
export function partsOf(reply) {
  const fence = /^[ \t]*```[ \t]*\w*[ \t]*$/m.exec(reply);
  if (!fence) return { before: reply.replace(/(^|\n)[ \t]*`{1,3}\w*$/, ""), code: "", after: "" };
  const rest = reply.slice(fence.index + fence[0].length + 1);
  const end = /^[ \t]*```/m.exec(rest);
  return {
    before: reply.slice(0, fence.index).trim(),
    code: (end ? rest.slice(0, end.index) : rest).replace(/\n$/, ""),
    after: end ? rest.slice(end.index + end[0].length).trim() : "",
  };
}
