// A question of an agent, and the place to answer it.

import { h } from "../dom.js";
import { busy, button, field, toast, when } from "../ui.js";

/** The question as a form; `answered()` is called when the server has the answer. */
export function questionForm(api, question, answered) {
  const path = `/api/tasks/${encodeURIComponent(question.task_id)}/answer`;
  async function send(answer) {
    await api.post(path, { answer, call: question.call });
    toast("Answered; the task goes on.");
    await answered();
  }
  return h("section", { class: "card task-question", "aria-label": "Question" },
    h("p", { class: "muted small" }, question.agent, " asks, ", when(question.asked_at), question.expires_at && [", until ", when(question.expires_at)]),
    h("p", { class: "said" }, question.question),
    question.choices ? choices(question.choices, send) : free(send));
}

function choices(options, send) {
  return h("div", { class: "row" }, options.map((option) => button(option, { onclick: (event) => busy(event.currentTarget, () => send(option)) })));
}

function free(send) {
  const text = h("textarea", { rows: 2, required: true, maxlength: 100_000 });
  const submit = button("Answer", { look: "primary", type: "submit" });
  const onsubmit = (event) => {
    event.preventDefault();
    busy(submit, () => send(text.value));
  };
  return h("form", { onsubmit }, field("Your answer", text), h("div", { class: "row" }, submit));
}
