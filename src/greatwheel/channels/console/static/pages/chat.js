// The chat.

import { h } from "../dom.js";
import { empty } from "../ui.js";

export async function render(root) {
  root.append(h("h1", null, "Chat"), empty("Nothing here yet", "The chat comes soon."));
}
