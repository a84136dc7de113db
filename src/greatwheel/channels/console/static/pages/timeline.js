// What happened in a task, event by event, as it happens.

import { h } from "../dom.js";
import { compact, duration } from "../format.js";
import { badge, when } from "../ui.js";
import { fold } from "./journal.js";

const MOST = 1000;
const OUTCOMES = { finished: "good", final: "good", answered: "good", raised: "bad", lost: "bad", failed: "bad", limit: "warn", no_code: "warn", refused: "warn", budget: "warn", steps: "warn" };

const line = (...parts) => h("p", { class: "row small" }, parts);
const took = (seconds) => h("span", { class: "muted" }, duration(seconds));

/** What is shown of each type, as [title, children]. Types that are not here are passed over. */
const SHOWN = {
  "run.started": (data) => [["Began", data.model && [" with ", h("code", null, data.model)]], []],
  "step.started": (data) => [`Step ${data.step}: the model is asked`, []],
  "model.replied": (data) => [`Step ${data.step}: the model replied`, [line(usage(data.usage)), data.code ? fold("Code", data.code) : data.text && fold("Text", data.text)]],
  "host_call.served": (data) => [[h("code", null, data.name), data.error ? " failed" : " answered"], [
    line(took(data.seconds)), data.request && fold("Asked", data.request), data.error && h("p", { class: "reason" }, data.error)]],
  "step.completed": (data) => [data.outcome === "no_code" ? `Step ${data.step}: there was no code` : `Step ${data.step}: the code ran`, [
    line(badge(String(data.outcome).replace("_", " "), OUTCOMES[data.outcome] ?? ""), took(data.seconds)),
    data.stdout && fold("Printed", data.stdout), data.error && h("p", { class: "reason" }, data.error), data.hint && h("p", { class: "muted small" }, data.hint)]],
  "message.sent": (data) => ["A message", [h("p", { class: "said" }, data.text)]],
  "question.asked": (data) => ["A question", [h("p", { class: "said" }, data.question)]],
  "question.answered": () => ["The question was answered", []],
  "limit.warned": (data) => ["A limit is near", [fold("Limit", JSON.stringify(data))]],
  "run.completed": (data) => ["The run ended", [badge(String(data.outcome), OUTCOMES[data.outcome] ?? ""), data.reason && h("p", { class: "muted" }, data.reason)]],
};

/** A list that is filled by `add(event)`; events are {id, type, data, at?}. */
export function timeline() {
  const list = h("ol", { class: "timeline plain", "aria-label": "Events" });
  const note = h("p", { class: "muted", hidden: true }, `Only the first ${MOST} events are shown; the journal has every call.`);
  function add(event) {
    const shown = Object.hasOwn(SHOWN, event.type) ? SHOWN[event.type](event.data ?? {}) : null;
    if (shown === null) return;
    if (event.type === "model.replied" && list.lastElementChild?.dataset.type === "step.started") list.lastElementChild.remove();
    if (list.children.length >= MOST) return void (note.hidden = false);
    const [title, more] = shown;
    list.append(h("li", { dataset: { type: event.type } }, h("div", { class: "spread" }, h("p", { class: "what" }, title), when(event.at ?? new Date().toISOString())), more));
  }
  return { node: h("div", null, list, note), add };
}

function usage(used) {
  const tokens = (used?.prompt_tokens ?? 0) + (used?.completion_tokens ?? 0);
  return h("span", { class: "muted" }, [tokens && `${compact(tokens)} tokens`, used?.model_seconds && duration(used.model_seconds)].filter(Boolean).join(", "));
}
