// Elements, made without HTML text: what is passed as a child becomes a text node, whatever it holds.

const PROPERTIES = new Set(["value", "checked", "disabled", "hidden", "tabIndex", "selected", "open", "readOnly", "required"]);
const SAFE_LINK = /^(#|\/(?!\/)|https?:\/\/|mailto:)/i;
const SVG = "http://www.w3.org/2000/svg";

/** An element: `h("button", {class: "quiet", onclick: stop, "aria-label": "Stop"}, icon("stop"))`.
 *  Children may be nodes, text, numbers, lists of these; null, undefined and booleans are passed over. */
export function h(tag, props, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) set(node, name, value);
  append(node, children);
  return node;
}

/** As `h`, for a part of a picture. */
export function svg(tag, props, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(props ?? {})) {
    if (name.startsWith("on") || name === "style" || name === "href") throw new Error(`svg() takes no ${name}`);
    if (value !== null && value !== undefined && value !== false) node.setAttribute(name, String(value));
  }
  append(node, children);
  return node;
}

/** Put these in the place of all that is in `node`. */
export function fill(node, ...children) {
  node.replaceChildren();
  append(node, children);
  return node;
}

/** Add children at the end. */
export function append(node, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || typeof child === "boolean") continue;
    node.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
}

function set(node, name, value) {
  if (value === null || value === undefined) return;
  if (typeof value === "function") {
    if (!name.startsWith("on")) throw new Error(`h() takes no function as ${name}`);
    node.addEventListener(name.slice(2), value);
  } else if (name.startsWith("on") || name === "style" || name === "innerHTML" || name === "srcdoc") {
    throw new Error(`h() takes no ${name}`);
  } else if (name === "class") {
    node.className = Array.isArray(value) ? value.filter(Boolean).join(" ") : value;
  } else if (name === "dataset") {
    Object.assign(node.dataset, value);
  } else if (PROPERTIES.has(name)) {
    node[name] = value;
  } else if (name === "href" || name === "src" || name === "action") {
    if (SAFE_LINK.test(String(value))) node.setAttribute(name, String(value));
  } else if (value === true) {
    node.setAttribute(name, "");
  } else if (value !== false) {
    node.setAttribute(name, String(value));
  } else if (name.startsWith("aria-")) {
    node.setAttribute(name, "false");
  }
}

// Drawn on a field of 20 by 20, in lines.
const ICONS = {
  agents: "M7 8V5.5a3 3 0 0 1 6 0V8M4.5 8h11v8.5h-11zM8 12h.01M12 12h.01",
  arrow: "M10 16V4M5 9l5-5 5 5",
  back: "M12.5 4.5 7 10l5.5 5.5",
  chat: "M3.5 4.5h13v9h-7l-3.5 3v-3h-2.5z",
  check: "m4.5 10.5 3.5 3.5 7.5-8",
  chevron: "m7.5 5 5 5-5 5",
  close: "m5 5 10 10M15 5 5 15",
  copy: "M7.5 7.5h8v8h-8zM12.5 7.5v-3h-8v8h3",
  down: "M10 4v12M5 11l5 5 5-5",
  file: "M5.5 2.5h6l3 3v12h-9zM11.5 2.5v3h3",
  fork: "M6 6.5v7M6 9.5c0 2 8 1 8-3M6 6.5a2 2 0 1 0 0-4 2 2 0 0 0 0 4zM14 6.5a2 2 0 1 0 0-4 2 2 0 0 0 0 4zM6 17.5a2 2 0 1 0 0-4 2 2 0 0 0 0 4z",
  key: "M12.5 10.5a4 4 0 1 0-3.5-2L3 14.5V17h3v-2h2v-2l2-2",
  logout: "M8 3.5H4v13h4M8.5 10H17M13.5 6.5 17 10l-3.5 3.5",
  menu: "M3 5.5h14M3 10h14M3 14.5h14",
  moon: "M16 11.5A6.5 6.5 0 0 1 8.5 4 6.5 6.5 0 1 0 16 11.5z",
  more: "M5 10h.01M10 10h.01M15 10h.01",
  organisation: "M3.5 17V6.5L10 3l6.5 3.5V17M2 17h16M7 9h.01M10 9h.01M13 9h.01M7 12h.01M10 12h.01M13 12h.01M9 17v-2.5h2V17",
  overview: "M3 16.5h14M5 14V9.5M9 14V5M13 14v-6M16.5 14V11",
  plus: "M10 4v12M4 10h12",
  refresh: "M15.5 8A6 6 0 1 0 16 11M16 4v4h-4",
  rewind: "M4.5 8.5h7a4 4 0 0 1 0 8H8M7.5 5l-3.5 3.5L7.5 12",
  search: "M9 14.5a5.5 5.5 0 1 0 0-11 5.5 5.5 0 0 0 0 11zM13 13l4 4",
  sessions: "M4 4.5h12M4 8.5h12M4 12.5h8M4 16.5h5",
  settings: "M3 6h8M15 6h2M3 14h2M9 14h8M13 8a2 2 0 1 0 0-4 2 2 0 0 0 0 4zM7 16a2 2 0 1 0 0-4 2 2 0 0 0 0 4z",
  stop: "M5.5 5.5h9v9h-9z",
  sun: "M10 13a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM10 2v2M10 16v2M2 10h2M16 10h2M4.5 4.5l1.3 1.3M14.2 14.2l1.3 1.3M4.5 15.5l1.3-1.3M14.2 5.8l1.3-1.3",
  tasks: "M3 5l1.5 1.5L7 4M3 11l1.5 1.5L7 10M10 5.5h7M10 11.5h7M10 16.5h4",
  trash: "M4 5.5h12M8 5.5v-2h4v2M5.5 5.5l.8 11h7.4l.8-11M8.5 8.5v5M11.5 8.5v5",
  upload: "M10 13V3.5M6 7l4-4 4 4M3.5 13v3.5h13V13",
  warning: "M10 3 2.5 16.5h15zM10 8v4M10 14.2v.01",
  wheel: "M10 17a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM10 11.8a1.8 1.8 0 1 0 0-3.6 1.8 1.8 0 0 0 0 3.6zM10 3v5.2M10 11.8V17M3 10h5.2M11.8 10H17",
};

/** A picture that tells nothing by itself: whoever uses it gives the words. */
export function icon(name) {
  return svg("svg", { viewBox: "0 0 20 20", class: "icon", "aria-hidden": "true", focusable: "false" },
    svg("path", { d: ICONS[name], fill: "none", stroke: "currentColor", "stroke-width": "1.6",
      "stroke-linecap": "round", "stroke-linejoin": "round" }));
}
