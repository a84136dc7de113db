// The page for those whom the server does not know yet.

import { api } from "./api.js";
import { fill, h, icon } from "./dom.js";
import { plain } from "./ui.js";

/** Asks for a key; `entered()` is called when the server has taken it. */
export function loginPage(entered) {
  const key = h("input", {
    id: "key", name: "key", type: "password", autocomplete: "current-password", required: true, autofocus: true,
    placeholder: "gwk_…", spellcheck: "false", autocapitalize: "none", "aria-describedby": "key-hint login-error",
  });
  const problem = h("p", { class: "problem", id: "login-error", role: "alert" });
  const submit = h("button", { class: "button primary", type: "submit" }, "Log in");

  async function log_in(event) {
    event.preventDefault();
    submit.setAttribute("aria-busy", "true");
    fill(problem);
    key.removeAttribute("aria-invalid");
    try {
      await api.post("/api/login", { key: key.value.trim() });
      key.value = "";
      await entered();
    } catch (error) {
      fill(problem, plain(error));
      key.setAttribute("aria-invalid", "true");
      key.select();
    } finally {
      submit.removeAttribute("aria-busy");
    }
  }

  return h("main", { id: "main", class: "login", tabIndex: -1 },
    h("form", { class: "card", onsubmit: log_in },
      h("div", { class: "login-brand" }, icon("wheel"), h("h1", null, "Greatwheel")),
      h("p", { class: "muted" }, "Agents that think by writing Python."),
      h("div", { class: "field" }, h("label", { for: "key" }, "API key"), key,
        h("p", { class: "hint", id: "key-hint" }, "The server's first start printed one; an admin can make more. It is not kept in this browser.")),
      problem, submit));
}
