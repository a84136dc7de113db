// The list of sessions beside a conversation.

import { api } from "../api.js";
import { fill, h, icon } from "../dom.js";
import { button, empty, failure, skeleton, when } from "../ui.js";

const PAGE = 40;
const SEARCH_MS = 250;

export class SessionList {
  constructor({ signal, onNew }) {
    this.signal = signal;
    this.chosen = null;
    this.items = [];
    this.entries = h("ul", { class: "session-list" });
    this.more = h("div");
    this.search = h("input", { type: "search", placeholder: "Search", "aria-label": "Search in sessions", oninput: () => this.typed() });
    this.element = h("aside", { class: "sessions", "aria-label": "Sessions" },
      h("div", { class: "sessions-head" },
        button("New chat", { picture: "plus", look: "primary", title: "New chat (Ctrl+K)", onclick: onNew }),
        h("div", { class: "search" }, icon("search"), this.search)),
      h("nav", { "aria-label": "Your sessions" }, this.entries, this.more));
    fill(this.entries, h("li", null, skeleton(6)));
  }

  typed() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.load(), SEARCH_MS);
  }

  /** Load the first page (again). */
  async load() {
    try {
      await this.page(null);
    } catch (error) {
      if (error.name !== "AbortError") fill(this.entries, h("li", null, failure(error, () => this.load())));
    }
  }

  async page(cursor) {
    const asked = this.search.value.trim();
    const page = await api.get(api.query("/api/sessions", { roots: true, mine: true, search: asked, limit: PAGE, cursor }), { signal: this.signal });
    if (asked !== this.search.value.trim()) return;
    this.items = cursor ? [...this.items, ...page.items] : page.items;
    this.draw(asked);
    fill(this.more, page.next && button("More", { small: true, look: "quiet", onclick: () => this.page(page.next) }));
  }

  draw(asked) {
    if (this.items.length) return fill(this.entries, this.items.map((item) => this.entry(item)));
    const nothing = asked ? empty("Nothing found", "No session of yours has these words.") : h("p", { class: "muted none" }, "Your sessions will stand here.");
    return fill(this.entries, h("li", null, nothing));
  }

  entry(item) {
    const current = item.session_id === this.chosen;
    return h("li", null, h("a", { href: `#/chat/${encodeURIComponent(item.session_id)}`, "aria-current": current ? "page" : null, dataset: { session: item.session_id } },
      h("span", { class: "session-title clip" }, item.title ?? "Nothing asked yet"),
      h("span", { class: "session-facts muted" }, item.forked_from && icon("fork"), h("span", { class: "clip" }, item.agent), when(item.created_at),
        item.status === "ended" && "ended")));
  }

  choose(sessionId) {
    this.chosen = sessionId;
    for (const link of this.entries.querySelectorAll("a")) {
      if (link.dataset.session === sessionId) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
  }
}
