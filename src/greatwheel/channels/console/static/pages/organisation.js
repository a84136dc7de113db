// The organisation: users, API keys, limits, secrets, webhooks and settings. For admins.
//   #/organisation/keys

import { append, h } from "../dom.js";
import { notice } from "../ui.js";
import { keys } from "./keys.js";
import { limits } from "./limits.js";
import { secrets } from "./secrets.js";
import { settings } from "./orgsettings.js";
import { users } from "./users.js";
import { tabs, views } from "./views.js";
import { webhooks } from "./webhooks.js";

const PARTS = { users: ["Users", users], keys: ["API keys", keys], limits: ["Limits", limits], secrets: ["Secrets", secrets], webhooks: ["Webhooks", webhooks], settings: ["Settings", settings] };

export const render = (root, given) => views(root, given, (params) => part(Object.hasOwn(PARTS, params.id ?? "") ? params.id : "users"));

function part(name) {
  const [, make] = PARTS[name];
  return async (box, given) => {
    const place = h("section", { class: "part" });
    append(box, [h("h1", null, "Organisation"), tabs("Parts of the organisation", name, Object.entries(PARTS).map(([each, [text]]) => [each, text, `#/organisation/${each}`]))]);
    if (given.me.role !== "admin") return void append(box, [notice("Only admins see the organisation.", "warn")]);
    box.append(place);
    await make(place, given);
  };
}
