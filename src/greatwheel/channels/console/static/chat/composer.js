// Where a person writes: the words, a file, and with what they go.

import { fill, h, icon } from "../dom.js";
import { button, dialog, iconButton, toast } from "../ui.js";
import { Attachment } from "./attachment.js";

const MOST_INSTRUCTIONS = 20_000;

export class Composer {
  /** `hooks`: {send({text, attachment, instructions, edited}), stop(), editLast()}. */
  constructor(config, hooks) {
    this.config = config;
    this.hooks = hooks;
    this.live = false;
    this.attachment = null;
    this.instructions = "";
    this.words = h("textarea", { rows: "1", "aria-label": "Your message", placeholder: "Ask something …", maxlength: String(config.input_chars ?? 1_000_000),
      oninput: () => this.draw(), onkeydown: (event) => this.key(event) });
    this.file = h("input", { type: "file", class: "unseen", tabIndex: -1, "aria-hidden": "true", onchange: () => {
      if (this.file.files[0]) this.attach(this.file.files[0]);
      this.file.value = "";
    } });
    this.files = h("div", { class: "attachments" });
    this.editing = h("div", { class: "editing", hidden: true });
    this.submit = h("button", { type: "submit", class: "send", "aria-label": "Send", title: "Send (Enter)" }, icon("arrow"));
    this.stop = h("button", { type: "button", class: "send stop", "aria-label": "Stop", title: "Stop the agent", hidden: true, onclick: () => hooks.stop() }, icon("stop"));
    this.told = button("Instructions", { small: true, look: "quiet", picture: "settings", onclick: () => this.instruct() });
    this.element = h("form", { class: "composer", "aria-label": "Message", onsubmit: (event) => {
      event.preventDefault();
      this.send();
    } }, this.editing, this.files, h("div", { class: "field-of-words" }, this.words),
    h("div", { class: "composer-row" },
      iconButton("Give a file as context", "upload", { onclick: () => this.file.click() }), this.told, this.file,
      h("span", { class: "keys muted" }, h("kbd", null, "Enter"), " sends, ", h("kbd", null, "Shift"), "+", h("kbd", null, "Enter"), " breaks the line"),
      this.stop, this.submit));
    this.draw();
  }

  key(event) {
    if (event.isComposing) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.send();
    } else if (event.key === "ArrowUp" && !this.words.value && !this.live) {
      event.preventDefault();
      this.hooks.editLast();
    } else if (event.key === "Escape") {
      if (this.edited) this.edit(null);
      else this.words.blur();
    }
  }

  send() {
    const text = this.words.value.trim();
    if (!text) return this.words.focus();
    if (this.live) return toast("The agent is still at it. Wait for its answer, or stop it.");
    if (this.attachment?.busy) return toast("The file is still on its way.");
    if (this.attachment?.failed) return toast("The file could not be taken: remove it first.");
    const order = { text, attachment: this.attachment, instructions: this.instructions, edited: this.edited ?? null };
    this.words.value = "";
    this.attachment = null;
    fill(this.files);
    this.edit(null);
    this.draw();
    return this.hooks.send(order);
  }

  /** Give back what could not be sent. */
  restore({ text, attachment, edited }) {
    if (this.words.value) return;
    if (edited) this.edit(edited);
    this.words.value = text;
    if (attachment && !this.attachment) this.hold(attachment);
    this.draw();
  }

  /** Edit the words of a turn, the session's last; null: no longer. */
  edit(turn) {
    if (!turn && !this.edited) return;
    const was = this.edited;
    this.edited = turn;
    this.editing.hidden = !turn;
    if (turn) {
      fill(this.editing, h("span", null, "Sending this takes the session back to before your last message."), button("Cancel", { small: true, look: "quiet", onclick: () => this.edit(null) }));
      this.words.value = turn.task.input;
      this.words.focus();
      this.words.setSelectionRange(this.words.value.length, this.words.value.length);
    } else if (was && this.words.value === was.task.input) {
      this.words.value = "";
    }
    this.draw();
  }

  attach(file) {
    if (this.element.hidden) return;
    if (this.attachment && !this.attachment.removed) this.attachment.remove();
    this.hold(new Attachment(file, this.config.upload_bytes ?? 100_000_000, () => {
      if (this.attachment?.removed) this.attachment = null;
    }));
  }

  hold(attachment) {
    this.attachment = attachment;
    fill(this.files, attachment.element);
  }

  /** Whether the agent works: then it can be stopped, and nothing sent. */
  setLive(live) {
    if (this.live === live) return;
    const focused = document.activeElement === this.stop || document.activeElement === this.submit;
    this.live = live;
    this.stop.hidden = !live;
    this.submit.hidden = live;
    if (focused) this.words.focus();
  }

  /** A session that has ended, or is somebody else's, takes nothing. */
  close(yes) {
    this.element.hidden = yes;
  }

  draw() {
    this.submit.disabled = false;
    this.words.parentNode.dataset.value = this.words.value; // the field grows with its words: see chat.css
    this.told.classList.toggle("set", Boolean(this.instructions));
    this.told.lastChild.textContent = this.instructions ? "Instructions set" : "Instructions";
  }

  async instruct() {
    const area = h("textarea", { id: "instructions", rows: "10", maxlength: String(MOST_INSTRUCTIONS), value: this.instructions, "aria-describedby": "instructions-hint", autofocus: true });
    const given = await dialog("Instructions", (close) => h("form", { onsubmit: (event) => {
      event.preventDefault();
      close(area.value);
    } },
    h("label", { for: "instructions" }, "System prompt"), area,
    h("p", { class: "hint", id: "instructions-hint" }, "Goes after the loop's own system prompt, with each message of this chat. Agents with a program of their own may pass it over."),
    h("footer", null, button("Clear", { look: "quiet", onclick: () => close("") }), button("Use", { look: "primary", type: "submit" }))), { wide: true });
    if (given === undefined) return;
    this.instructions = given.trim();
    this.onInstructions?.(this.instructions);
    this.draw();
  }
}
