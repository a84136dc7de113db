// The parts that pages are made of. Everything looks as console.css says; nothing here takes HTML text, but what the
// server made of Markdown.

import { api, ApiError } from "./api.js";
import { fill, h, icon } from "./dom.js";
import { ago, moment } from "./format.js";

/** A button. Props as in h(), and `look`: "primary", "danger", "quiet" or none; `picture`: the name of an icon. */
export function button(label, { look, picture, small, ...props } = {}) {
  const classes = ["button", look, small && "small", props.class];
  return h("button", { type: "button", ...props, class: classes }, picture && icon(picture), h("span", null, label));
}

/** A button that shows its icon alone; `label` is said by screen readers and shown when pointed at. */
export function iconButton(label, picture, props = {}) {
  return h("button", { type: "button", title: label, "aria-label": label, ...props, class: ["icon-button", props.class] }, icon(picture));
}

/** Keep a button from being pressed twice while `work` is done; errors are shown as a toast. */
export async function busy(node, work) {
  if (node.getAttribute("aria-busy") === "true") return undefined;
  node.setAttribute("aria-busy", "true");
  try {
    return await work();
  } catch (error) {
    if (error.name !== "AbortError") toast(plain(error), "bad");
    return undefined;
  } finally {
    node.removeAttribute("aria-busy");
  }
}

/** A word in a coloured field; `tone`: "good", "bad", "warn", "live" or none. The word tells all, colour adds nothing. */
export const badge = (text, tone = "") => h("span", { class: ["badge", tone] }, text);

const TONES = {
  queued: "", admitted: "", running: "live", waiting: "warn", done: "good", failed: "bad", dead: "bad", cancelled: "",
  active: "live", idle: "", evicted: "", ended: "",
};

/** A task's or a session's state. */
export const statusBadge = (status) => badge(status, TONES[status] ?? "");

/** A moment: how long ago, and when it was as its title. */
export function when(value) {
  if (!value) return h("span", { class: "muted" }, "–");
  return h("time", { datetime: value, title: moment(value) }, ago(value));
}

/** What is shown where nothing is yet: what it would be, and what to do. */
export function empty(title, text, ...actions) {
  return h("div", { class: "empty" }, h("p", { class: "empty-title" }, title), text && h("p", null, text), actions);
}

/** What went wrong, in a place of the page, with a way to try again. */
export function failure(error, retry) {
  return h("div", { class: "notice bad", role: "alert" }, icon("warning"),
    h("div", null, h("p", null, plain(error)), retry && button("Try again", { small: true, picture: "refresh", onclick: retry })));
}

/** A line that tells something; `tone`: "warn", "bad", "good" or none. */
export function notice(text, tone = "") {
  return h("div", { class: ["notice", tone], role: tone === "bad" ? "alert" : "note" }, icon(tone === "good" ? "check" : "warning"), h("p", null, text));
}

/** An error in words for people. */
export function plain(error) {
  if (error instanceof ApiError) return error.message;
  console.error(error);
  return "Something in this page failed. Reload it; if it happens again, please report it.";
}

/** Grey lines in the place of what is being loaded, as high as that will be. */
export function skeleton(lines = 3) {
  return h("div", { class: "skeleton", "aria-hidden": "true" }, Array.from({ length: lines }, () => h("span")));
}

/** A labelled control of a form. `hint` stands below it and is read with it. */
export function field(label, control, hint) {
  control.id ||= `f-${crypto.randomUUID?.() ?? Math.random().toString(36).slice(2)}`;
  if (hint) control.setAttribute("aria-describedby", `${control.id}-hint`);
  return h("div", { class: "field" }, h("label", { for: control.id }, label), control,
    hint && h("p", { class: "hint", id: `${control.id}-hint` }, hint));
}

/** A choice. `options`: values, or [value, label] pairs. */
export function select(options, value, props = {}) {
  const node = h("select", props, options.map((option) => {
    const [each, label] = Array.isArray(option) ? option : [option, option];
    return h("option", { value: each }, label);
  }));
  if (value !== undefined && value !== null) node.value = value;
  return node;
}

/** A table. `columns`: [{label, cell(row) → child, number?, hidden?}]; `hidden` columns leave narrow screens. */
export function table(caption, columns, rows, rowProps = () => ({})) {
  const classes = (column) => [column.number && "number", column.hidden && "wide-only"];
  const head = h("tr", null, columns.map((column) => h("th", { scope: "col", class: classes(column) }, column.label)));
  const body = rows.map((row) => h("tr", rowProps(row), columns.map((column) => h("td", { class: classes(column) }, column.cell(row)))));
  return scrollable(caption, h("table", null, h("caption", { class: "unseen" }, caption), h("thead", null, head), h("tbody", null, body)));
}

/** A region that scrolls by itself, for the keyboard, too. */
export function scrollable(label, ...children) {
  return h("div", { class: "scrollable", tabIndex: 0, role: "region", "aria-label": label }, children);
}

/** Copies what `text()` gives. */
export function copyButton(text, label = "Copy") {
  const node = iconButton(label, "copy", {
    onclick: async () => {
      const done = await copied(text());
      fill(node, icon(done ? "check" : "warning"));
      toast(done ? "Copied." : "The browser does not let this page copy; select the text by hand.", done ? "" : "bad");
      setTimeout(() => fill(node, icon("copy")), 1500);
    },
  });
  return node;
}

async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copiedBySelection(text); // pages that came without TLS have no clipboard
  }
}

function copiedBySelection(text) {
  const area = h("textarea", { value: text, readOnly: true, class: "unseen", "aria-hidden": "true" });
  (document.querySelector("dialog[open]") ?? document.body).append(area);
  area.select();
  try {
    return document.execCommand("copy");
  } finally {
    area.remove();
  }
}

/** A line at the edge of the page, for some seconds. */
export function toast(text, tone = "") {
  const node = h("div", { class: ["toast", tone] }, h("span", null, text), iconButton("Dismiss", "close", { onclick: () => node.remove() }));
  document.getElementById("toasts").append(node);
  setTimeout(() => node.remove(), tone === "bad" ? 9000 : 3500);
}

/** A dialog that keeps the focus until it is closed (Escape, too). `build(close)` gives its content; the promise gives
 *  what `close` was called with, undefined when it was dismissed. */
export function dialog(title, build, { wide = false } = {}) {
  return new Promise((resolve) => {
    let result;
    const before = document.activeElement;
    const heading = h("h2", { id: "dialog-title" }, title);
    const node = h("dialog", { class: wide ? "wide" : "", "aria-labelledby": "dialog-title" });
    const close = (value) => {
      result = value;
      node.close();
      node.remove(); // at once, for it may show a secret; its event comes later
    };
    append(node, heading, close, build(close));
    node.addEventListener("click", (event) => event.target === node && close());
    node.addEventListener("close", () => {
      node.remove();
      before?.focus?.();
      resolve(result);
    });
    document.body.append(node);
    node.showModal();
  });
}

function append(node, heading, close, content) {
  const head = h("header", null, heading, iconButton("Close", "close", { onclick: () => close() }));
  node.append(h("div", { class: "dialog-body" }, head, content));
}

/** Ask before something that can't be undone; true when it is wanted. */
export async function confirm({ title, text, action = "Continue", danger = false }) {
  const wanted = await dialog(title, (close) => [
    h("p", null, text),
    h("footer", null, button("Cancel", { onclick: () => close(false), autofocus: danger }), // Enter must not destroy
      button(action, { look: danger ? "danger" : "primary", onclick: () => close(true), autofocus: !danger })),
  ]);
  return wanted === true;
}

/** Text as the server renders its Markdown; plain text until that has come, and if it can't be had. */
export function markdown(text) {
  const node = h("div", { class: "prose" }, h("p", { class: "as-written" }, text));
  api.post("/console/markdown", { text }).then(({ html, cut }) => {
    node.innerHTML = html; // cleaned by the server: the only place where HTML text becomes elements
    for (const wide of node.querySelectorAll("pre, table")) wide.tabIndex = 0;
    if (cut) node.append(h("p", { class: "muted" }, "The rest is too long to be shown here; copy it to see all."));
    node.dispatchEvent(new CustomEvent("shown", { bubbles: true }));
  }, () => {});
  return node;
}
