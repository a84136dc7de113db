// The form by which an agent is made or changed. What the server refuses is told at the field that it is about.

import { fill, h } from "../dom.js";
import { busy, button, field, plain, select } from "../ui.js";

const BUDGET = [
  ["tokens", "Tokens", 1], ["model_calls", "Model calls", 1], ["seconds", "Seconds", "any"], ["depth", "Depth", 1], ["steps", "Steps", 1],
];
const EXAMPLE = "def handle(task):\n    return llm.complete(task[\"input\"])\n";

/** `agent`: null for a new one. `save(name, entry)` is given what the API takes; it may throw what the server says. */
export function agentForm(agent, source, models, save) {
  const kept = agent !== null && ["file", "git"].includes(agent.source_kind);
  const inputs = {
    name: agent === null && h("input", { required: true, maxlength: 63, pattern: "[A-Za-z][A-Za-z0-9_\\-]*", autocomplete: "off", spellcheck: "false" }),
    description: h("textarea", { rows: 2, maxlength: 10_000, value: agent?.description ?? "" }),
    bare: !kept && select([["", "Code, written here"], ["1", "No code: the loop does its tasks"]], agent?.source_kind === "bare" ? "1" : ""),
    source: !kept && h("textarea", { class: "code-input", rows: 16, spellcheck: "false", autocapitalize: "none", wrap: "off", value: agent === null ? EXAMPLE : source }),
    instructions: h("textarea", { rows: 4, maxlength: 20_000, value: agent?.instructions ?? "" }),
    model: select(modelChoices(models, agent?.model), agent?.model ?? ""),
    engine: select([["", "The installation's default"], "monty", "ouros"], agent?.engine ?? ""),
    tools: h("input", { value: (agent?.tools ?? ["*"]).join(", "), spellcheck: "false", autocapitalize: "none" }),
    denied: h("input", { value: (agent?.denied ?? []).join(", "), spellcheck: "false", autocapitalize: "none" }),
    ...Object.fromEntries(BUDGET.map(([name, , step]) => [name, h("input", { type: "number", min: 0, step, value: agent?.budget[name] ?? "", inputmode: "numeric" })])),
  };
  const problem = h("p", { class: "problem", role: "alert" });
  const submit = button(agent === null ? "Make the agent" : "Save", { look: "primary", type: "submit" });
  const code = !kept && named(inputs.source, "Code", "It must define handle(task). It runs in the sandbox.");
  const showCode = () => (code.hidden = inputs.bare.value === "1");

  async function send() {
    clear(inputs, problem);
    try {
      await save(agent?.name ?? inputs.name.value.trim(), entryOf(inputs, agent, kept));
    } catch (error) {
      if (error.name === "AbortError") throw error;
      tell(inputs, problem, error);
    }
  }
  if (!kept) {
    inputs.bare.addEventListener("change", showCode);
    showCode();
  }
  return h("form", { class: "card agent-form", novalidate: true, onsubmit: (event) => { event.preventDefault(); busy(submit, send); } },
    inputs.name && named(inputs.name, "Name", "Up to 63 letters, digits, _ and -, beginning with a letter."),
    named(inputs.description, "What it is for", "The triage agent, and agents that call it, read this."),
    kept ? h("p", { class: "muted" }, `Its code comes from ${agent.location.repository ?? "the folder of agents"}: ${agent.location.path}.`) : [named(inputs.bare, "Kind"), code],
    named(inputs.instructions, "Instructions", "Said to the model after the loop's own prompt, unless a task brings its own; code is given them with its task."),
    h("div", { class: "pair" }, named(inputs.model, "Model"), named(inputs.engine, "Engine")),
    h("div", { class: "pair" }, named(inputs.tools, "May call", "Names and patterns such as web_*, agent:*; * is everything."), named(inputs.denied, "May not call", "These win.")),
    h("fieldset", null, h("legend", null, "Budget of a task"), h("p", { class: "hint" }, "What is left empty is the installation's."),
      h("div", { class: "budget" }, BUDGET.map(([name, label]) => named(inputs[name], label)))),
    problem, h("div", { class: "row" }, submit, h("a", { class: "button", href: agent === null ? "#/agents" : `#/agents/${encodeURIComponent(agent.name)}` }, "Cancel")));
}

/** A field with a place for what is wrong with it. */
function named(input, label, hint) {
  const node = field(label, input, hint);
  const problem = h("p", { class: "problem field-problem", id: `${input.id}-problem`, hidden: true });
  input.setAttribute("aria-describedby", [input.getAttribute("aria-describedby"), problem.id].filter(Boolean).join(" "));
  input.problem = problem;
  node.append(problem);
  return node;
}

function modelChoices(models, chosen) {
  const names = [...new Set([...models.map((each) => each.name), ...(chosen ? [chosen] : [])])];
  return [["", "The installation's default"], ...names];
}

const listOf = (text) => text.split(/[\s,]+/).filter(Boolean);

function entryOf(inputs, agent, kept) {
  const given = { description: inputs.description.value, instructions: inputs.instructions.value, model: inputs.model.value || null, engine: inputs.engine.value || null, tools: listOf(inputs.tools.value), denied: listOf(inputs.denied.value) };
  given.budget = Object.fromEntries(BUDGET.filter(([name]) => inputs[name].value !== "").map(([name]) => [name, Number(inputs[name].value)]));
  if (!kept) return inputs.bare.value === "1" ? given : { ...given, source: inputs.source.value };
  const { path, repository, revision } = agent.location;
  return agent.source_kind === "file" ? { ...given, file: path } : { ...given, git: repository, path, revision };
}

function clear(inputs, problem) {
  fill(problem);
  for (const input of Object.values(inputs).filter(Boolean)) {
    input.removeAttribute("aria-invalid");
    fill(input.problem);
    input.problem.hidden = true;
  }
}

/** Say what the server said, at the field that it names; else below the form. */
function tell(inputs, problem, error) {
  const text = plain(error);
  const name = error.code === "agent.source_refused" ? "source" : fieldNamed(text, inputs);
  const input = name && inputs[name];
  if (!input) return void fill(problem, text);
  fill(input.problem, text);
  input.problem.hidden = false;
  input.setAttribute("aria-invalid", "true");
  input.focus();
}

/** `body.budget.tokens: …`, `Agent x: tools.0: …`, `… can't be an agent's name …` */
function fieldNamed(text, inputs) {
  if (/can't be an agent's name|agent named|name is taken/i.test(text)) return "name";
  const places = [...text.matchAll(/([a-z_.0-9]+):/g)].flatMap(([, place]) => place.split("."));
  return places.find((part) => Object.hasOwn(inputs, part));
}
