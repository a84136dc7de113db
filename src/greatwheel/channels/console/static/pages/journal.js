// A task's journal: the model's reply to each step, and each call of the host, as they were recorded.

import { h, icon } from "../dom.js";
import { bytes, compact, duration } from "../format.js";
import { badge, empty, when } from "../ui.js";
import { listing } from "./listing.js";

const SHORT = 90; // characters of a line that needs no folding
const TONES = { started: "live", waiting: "warn", done: "good", failed: "bad" };

/** The journal of the task of that id; `begin()` of what is given loads it. */
export function journal(api, taskId, signal) {
  const path = `/api/tasks/${encodeURIComponent(taskId)}/calls`;
  return listing("Journal", COLUMNS, {
    load: ({ limit, cursor }) => api.get(api.query(path, { limit, cursor }), { signal }),
    key: (call) => call.seq,
    nothing: () => empty("No calls", "The model was not asked, and the code has called nothing."),
  });
}

const COLUMNS = [
  { label: "Step", number: true, cell: (call) => call.step },
  { label: "Call", class: "grow", cell: (call) => [h("code", { class: "name" }, call.seq < 0 ? "model" : call.name), ...details(call)] },
  { label: "State", cell: (call) => badge(call.state, TONES[call.state]) },
  { label: "Took", number: true, cell: (call) => duration(call.seconds) },
  { label: "Tokens", number: true, hidden: true, cell: (call) => tokensOf(call) },
  { label: "When", hidden: true, cell: (call) => when(call.at) },
];

function tokensOf(call) {
  const { prompt_tokens: prompt, completion_tokens: completion } = call;
  return prompt + completion ? h("span", { title: `${prompt} of the prompt, ${completion} of the completion` }, compact(prompt + completion)) : "";
}

function details(call) {
  return [
    call.request && fold("Asked", call.request),
    call.error ? h("p", { class: "reason" }, call.error) : null,
    call.answer !== null && call.answer !== undefined && fold("Answered", textOf(call)),
    call.answer === null && call.answer_bytes > 0 && h("p", { class: "muted small" }, `The answer has ${bytes(call.answer_bytes)}: too long to be shown.`),
  ].filter(Boolean);
}

const textOf = ({ answer, seq }) => {
  if (seq < 0 && typeof answer?.text === "string") return answer.text;
  return typeof answer === "string" ? answer : JSON.stringify(answer, null, 2);
};

/** Text that is folded away when it is long. */
export function fold(label, text) {
  const whole = String(text);
  const first = whole.split("\n", 1)[0];
  if (whole.length <= SHORT && first === whole) return h("p", { class: "folded-line" }, h("span", { class: "muted" }, `${label}: `), h("code", null, whole));
  return h("details", { class: "fold" }, h("summary", null, icon("chevron"), h("span", { class: "muted" }, `${label}: `), h("code", null, first.slice(0, SHORT))), h("pre", { tabIndex: 0 }, whole));
}
