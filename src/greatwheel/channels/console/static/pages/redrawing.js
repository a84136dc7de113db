// Lists that people change, and the dialogs by which they do it.

import { fill, h } from "../dom.js";
import { busy, button, copyButton, dialog, notice, plain } from "../ui.js";

/** Fill the place with `draw(items, changed)` of what `load()` gives; `changed()` does so again, the focus kept at what
 *  has the same `data-focus`. */
export async function redrawn(place, load, draw) {
  async function changed() {
    const focused = document.activeElement?.dataset?.focus;
    fill(place, draw(await load(), changed));
    if (focused) place.querySelector(`[data-focus="${CSS.escape(focused)}"]`)?.focus();
  }
  await changed();
}

/** A dialog with a form. `send()` tells the server; what it refuses is said in the dialog, which stays open. Gives what
 *  `send` gave, undefined when it was dismissed. */
export function formDialog(title, fields, action, send) {
  return dialog(title, (close) => {
    const problem = h("p", { class: "problem", role: "alert" });
    const submit = button(action, { look: "primary", type: "submit" });
    const onsubmit = (event) => {
      event.preventDefault();
      fill(problem);
      busy(submit, async () => {
        try {
          close((await send()) ?? true);
        } catch (error) {
          fill(problem, plain(error));
        }
      });
    };
    const form = h("form", { onsubmit }, fields, problem, h("footer", null, button("Cancel", { onclick: () => close() }), submit));
    form.querySelector(":is(input, select, textarea):enabled").autofocus = true;
    return form;
  });
}

/** What is secret, the only time that it can be seen: it has the focus, so that one Enter too many closes nothing. */
export const shownOnce = (title, secret, copy) => dialog(title, (close) => [
  notice("It is shown only now. Copy it and keep it where secrets belong.", "warn"),
  h("div", { class: "row made-key" }, h("code", { class: "secret", tabIndex: 0, autofocus: true }, secret), copyButton(() => secret, copy)),
  h("footer", null, button("I have copied it", { look: "primary", onclick: () => close(true) })),
]);

/** Patterns as people write them: between commas or blanks. */
export const patternsOf = (text) => text.split(/[\s,]+/).filter(Boolean);
