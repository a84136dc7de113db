// A question of an agent, answered in its place.

import { fill, h, icon } from "../dom.js";
import { api, ApiError } from "../api.js";
import { button, plain, toast } from "../ui.js";
import { words } from "./text.js";

export class Question {
  /** `answered()` is called when an answer was taken. */
  constructor(taskId, { question, choices, call }, answered) {
    this.taskId = taskId;
    this.call = call;
    this.answered = answered;
    this.reply = h("div", { class: "question-reply" });
    this.element = h("section", { class: "question", "aria-label": "A question for you" },
      h("div", { class: "question-head" }, icon("chat"), h("strong", null, "The agent asks")),
      words(question, { class: "question-text", id: `q-${taskId}-${call}` }), this.reply);
    if (choices) this.offer(choices);
    else this.ask();
  }

  offer(choices) {
    fill(this.reply, h("div", { class: "choices", role: "group", "aria-labelledby": `q-${this.taskId}-${this.call}` },
      choices.map((choice) => button(choice, { onclick: () => this.send(choice) }))));
  }

  ask() {
    this.field = h("textarea", { rows: "2", maxlength: "100000", "aria-labelledby": `q-${this.taskId}-${this.call}`, placeholder: "Your answer",
      onkeydown: (event) => {
        if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
        event.preventDefault();
        this.send(this.field.value);
      } });
    fill(this.reply, h("form", { class: "answer-form", onsubmit: (event) => {
      event.preventDefault();
      this.send(this.field.value);
    } }, this.field, button("Answer", { look: "primary", type: "submit" })));
  }

  async send(text) {
    if (!text.trim() || this.sending) return;
    this.sending = true;
    for (const node of this.reply.querySelectorAll("button, textarea")) node.disabled = true;
    try {
      await api.post(`/api/tasks/${encodeURIComponent(this.taskId)}/answer`, { answer: text, call: this.call });
      this.close(text);
      this.answered();
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) this.close(null);
      else for (const node of this.reply.querySelectorAll("button, textarea")) node.disabled = false;
      toast(plain(error), "bad");
    } finally {
      this.sending = false;
    }
  }

  /** The question is open no more; `text`: what was answered, null when that is not known. */
  close(text) {
    if (this.closed && text === null) return;
    this.closed = true;
    this.element.classList.add("closed");
    fill(this.reply, text === null ? h("p", { class: "muted" }, "Answered, or not open any more.")
      : [h("p", { class: "muted" }, "You answered"), words(text, { class: "question-answer" })]);
  }
}
