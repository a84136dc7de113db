// A file that is given to the agent as its context: sent at once, with its progress, and named in the order by its id.

import { api } from "../api.js";
import { fill, h, icon } from "../dom.js";
import { bytes, number } from "../format.js";
import { iconButton, plain } from "../ui.js";

export class Attachment {
  /** `most`: bytes that the server takes; `changed()` is called when it is ready, failed or gone. */
  constructor(file, most, changed) {
    this.name = file.name;
    this.changed = changed;
    this.bar = h("progress", { max: "1", value: 0, "aria-label": `Sending ${file.name}` });
    this.facts = h("span", { class: "muted" }, bytes(file.size));
    this.element = h("div", { class: "attachment" }, icon("file"), h("span", { class: "clip" }, file.name), this.facts, this.bar,
      iconButton(`Remove ${file.name}`, "close", { class: "small", onclick: () => this.remove() }));
    if (file.size > most) this.fail(`This has ${bytes(file.size)}; at most ${bytes(most)} can be given.`);
    else if (file.size === 0) this.fail("This file is empty.");
    else this.send(file);
  }

  async send(file) {
    const sending = api.upload("/api/uploads", file, (share) => { this.bar.value = share; });
    this.stop = sending.stop;
    try {
      const kept = await sending.promise;
      this.id = kept.upload_id;
      this.bar.remove();
      fill(this.facts, `${number(kept.chars)} characters`);
      this.changed();
    } catch (error) {
      if (error.name !== "AbortError") this.fail(plain(error));
    }
  }

  fail(reason) {
    this.failed = true;
    this.bar.remove();
    this.element.classList.add("failed");
    this.element.append(h("p", { class: "problem", role: "alert" }, reason));
    this.changed();
  }

  /** It is being sent. */
  get busy() {
    return !this.id && !this.failed;
  }

  remove() {
    this.removed = true;
    this.stop?.();
    this.element.remove();
    this.changed();
  }
}
