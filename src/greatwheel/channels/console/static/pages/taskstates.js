// The states of tasks as people ask for them, and what can be done about a task in each.

import { confirm, toast } from "../ui.js";

/** Of a name in the address: its label, and the states that it means. */
export const STATES = {
  queued: ["Queued", ["queued"]],
  running: ["Running", ["admitted", "running"]],
  waiting: ["Waiting", ["waiting"]],
  failed: ["Failed", ["failed"]],
  dead: ["Dead", ["dead"]],
  done: ["Done", ["done"]],
  cancelled: ["Cancelled", ["cancelled"]],
};
/** The columns of the board. */
export const COLUMNS = [
  ["Queued", "queued", ["queued"]],
  ["Running", "running", ["admitted", "running"]],
  ["Waiting", "waiting", ["waiting"]],
  ["Failed or dead", "dead", ["failed", "dead"]],
  ["Done", "done", ["done", "cancelled"]],
];

export const isOpen = (task) => ["queued", "admitted", "running", "waiting"].includes(task.status);
/** A task that another one called is tried again with that one. */
export const canRetry = (task) => !task.parent_id && ["failed", "dead"].includes(task.status);

/** Why a task did not end well, in a line; empty when it did, or has not ended. */
export function reasonOf(task) {
  if (task.error) return task.error;
  return task.status === "cancelled" ? "It was cancelled." : "";
}

/** Ask, then stop a task; true when it was done. */
export async function cancel(api, task) {
  const text = "It is stopped, with everything that it started. What it has paid for is lost, and it can't go on later.";
  if (!(await confirm({ title: "Cancel this task?", text, action: "Cancel the task", danger: true }))) return false;
  const after = await api.post(`/api/tasks/${encodeURIComponent(task.task_id)}/cancel`);
  toast(after.status === "cancelled" ? "Cancelled." : "It is told to stop.");
  return true;
}

/** Queue a task again, after asking where something is lost by it; true when it was done. */
export async function retry(api, task) {
  const text = "A failed task begins anew: its journal is forgotten, and its model calls are paid again.";
  if (task.status === "failed" && !(await confirm({ title: "Begin this task anew?", text, action: "Begin anew" }))) return false;
  await api.post(`/api/tasks/${encodeURIComponent(task.task_id)}/retry`);
  toast("Queued again.");
  return true;
}
