// The settings of the organisation itself.

import { append, fill, h } from "../dom.js";
import { busy, button, field, plain, select, toast } from "../ui.js";

export async function settings(place, { api, signal }) {
  const [org, agents] = await Promise.all([api.get("/api/organisation", { signal }), api.list("/api/agents", { signal })]);
  const names = [...new Set([org.triage_agent, ...agents.items.map((agent) => agent.name)])];
  const count = (value) => h("input", { type: "number", min: 1, step: 1, required: true, inputmode: "numeric", value });
  const concurrency = count(org.concurrency), idle = count(org.idle_seconds), triage = select(names, org.triage_agent);
  const problem = h("p", { class: "problem", role: "alert" });
  const submit = button("Save", { look: "primary", type: "submit" });
  async function send() {
    fill(problem);
    try {
      await api.patch("/api/organisation", { concurrency: Number(concurrency.value), idle_seconds: Number(idle.value), triage_agent: triage.value });
      toast("Saved.");
    } catch (error) {
      fill(problem, plain(error));
    }
  }
  append(place, [h("h2", null, "Settings"),
    h("form", { class: "card narrow", onsubmit: (event) => { event.preventDefault(); busy(submit, send); } },
      h("dl", { class: "facts" }, h("dt", null, "Name"), h("dd", null, org.name), h("dt", null, "Id"), h("dd", { class: "mono" }, org.org_id)),
      field("Tasks at once", concurrency, "So many are admitted or run; the others wait in the queue."),
      field("Idle time, in seconds", idle, "A session that does nothing for so long leaves memory. It comes back when it is asked something."),
      field("Triage agent", triage, "Gets the tasks that name no agent."),
      problem, h("div", { class: "row" }, submit))]);
}
