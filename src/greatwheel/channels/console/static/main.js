// The frame: who is logged in, the navigation, and which page is shown.
//
// A page is a module `pages/<name>.js` with
//     export async function render(root, {api, params, me, config, signal})
// `params` is {id, rest, query}: of `#/tasks/tsk_1/calls?all=1` id is "tsk_1", rest ["calls"], query a URLSearchParams.
// `signal` is aborted when the page is left. It may return a function that cleans up, or {update(params), close()}:
// then `update` is called when the address changes within the page, and the page is not made anew.

import { api, ApiError, LOGGED_OUT } from "./api.js";
import { fill, h, icon } from "./dom.js";
import { loginPage } from "./login.js";
import { remember } from "./remembered.js";
import { confirm, failure, iconButton, plain, skeleton, toast } from "./ui.js";

const PAGES = [
  { name: "chat", label: "Chat" },
  { name: "tasks", label: "Tasks" },
  { name: "sessions", label: "Sessions" },
  { name: "agents", label: "Agents" },
  { name: "overview", label: "Overview" },
  { name: "organisation", label: "Organisation", admin: true },
];
const app = document.getElementById("app");
let me = null;
let config = null;
const QUESTION_MS = 20_000;
let questionTimer;
let shown = null; // {name, controller, close, update}

async function start() {
  const key = keyOfAddress();
  loaded(address().page).catch(() => {}); // on its way while the server is asked who is there
  [me, config] = await Promise.all([whoAmI(), publicConfig()]);
  if (key && (me === null || (await confirm(SOMEBODY_ELSE)))) await logInBy(key);
  if (me === null) showLogin();
  else showFrame();
}

const SOMEBODY_ELSE = {
  title: "Log in again?",
  text: "The address that was opened holds a key. Log in with it only if you know where it comes from.",
  action: "Log in with it",
};

/** The key in `#key=gwk_…`; it leaves the address and the history at once. */
function keyOfAddress() {
  const key = new URLSearchParams(location.hash.slice(1)).get("key");
  if (key !== null) history.replaceState(null, "", location.pathname);
  return key;
}

async function whoAmI() {
  try {
    return await api.get("/api/me");
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return null;
    fill(app, h("main", { id: "main", class: "alone" }, failure(error, () => location.reload())));
    throw error;
  }
}

/** The public settings; null when they can't be had (now). */
async function publicConfig() {
  return api.get("/api/config").catch(() => null);
}

async function logInBy(key) {
  try {
    await api.post("/api/login", { key });
    me = await api.get("/api/me");
  } catch (error) {
    me = null;
    toast(plain(error), "bad");
  }
}

function showLogin() {
  leave();
  document.title = "Log in · Greatwheel";
  fill(app, loginPage(async () => {
    me = await api.get("/api/me");
    showFrame();
  }));
}

async function logOut() {
  try {
    await api.post("/api/logout");
  } catch (error) {
    if (error.status !== 401) return toast(plain(error), "bad");
  }
  me = null;
  return showLogin();
}

async function showFrame() {
  const nav = h("nav", { id: "nav", "aria-label": "Main" },
    h("ul", null, PAGES.filter((page) => !page.admin || me.role === "admin").map(entry)));
  const menu = iconButton("Menu", "menu", { class: "menu", "aria-expanded": "false", "aria-controls": "side" });
  const side = h("div", { id: "side" },
    h("a", { class: "brand", href: "#/chat" }, icon("wheel"), h("span", null, "Greatwheel")), nav, foot());
  const fold = (open) => {
    side.classList.toggle("open", open);
    menu.setAttribute("aria-expanded", String(open));
  };
  menu.addEventListener("click", () => fold(!side.classList.contains("open")));
  side.addEventListener("click", (event) => event.target.closest("a") && fold(false));
  side.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !side.classList.contains("open")) return;
    fold(false);
    menu.focus();
  });
  const bar = h("header", { class: "bar" }, menu, h("span", { class: "bar-title", id: "bar-title" }));
  const shade = h("div", { class: "shade", onclick: () => fold(false) });
  fill(app, h("div", { class: "frame" }, bar, side, shade, h("main", { id: "main", tabIndex: -1 })));
  countQuestions();
  config ??= (await publicConfig()) ?? {};
  route();
}

/** How many questions wait for a person, at the page where they are answered. */
async function countQuestions() {
  clearTimeout(questionTimer);
  const link = document.querySelector('#nav a[data-page="tasks"]');
  if (me === null || !link) return;
  if (!document.hidden) {
    const waiting = await api.list("/api/questions").then((page) => page.items.length, () => 0);
    link.querySelector(".badge")?.remove();
    if (waiting) link.append(h("span", { class: "badge warn", title: "Questions that wait for an answer" }, waiting, h("span", { class: "unseen" }, waiting === 1 ? " question waits" : " questions wait")));
  }
  questionTimer = setTimeout(countQuestions, QUESTION_MS);
}

function entry(page) {
  return h("li", null, h("a", { href: `#/${page.name}`, dataset: { page: page.name } }, icon(page.name), h("span", null, page.label)));
}

function foot() {
  return h("div", { class: "side-foot" },
    h("p", { class: "who" }, h("span", { class: "muted" }, "Logged in as "), h("strong", null, me.name ?? me.user_id),
      h("span", { class: "muted" }, ` · ${me.role}`)),
    h("div", { class: "row" }, themeSwitch(), iconButton("Log out", "logout", { onclick: logOut })));
}

function themeSwitch() {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (document.documentElement.dataset.theme ?? (dark.matches ? "dark" : "light")) === "dark";
  const node = iconButton("", "sun");
  const draw = () => {
    const label = isDark() ? "Use the light theme" : "Use the dark theme";
    node.title = label;
    node.setAttribute("aria-label", label);
    fill(node, icon(isDark() ? "sun" : "moon"));
  };
  node.addEventListener("click", () => {
    const chosen = isDark() ? "light" : "dark";
    document.documentElement.dataset.theme = chosen;
    remember("greatwheel.theme", chosen);
    draw();
  });
  draw();
  return node;
}

function address() {
  const [path, query = ""] = location.hash.replace(/^#\/?/, "").split("?", 2);
  const [name, id, ...rest] = path.split("/").map(decoded);
  const found = PAGES.find((page) => page.name === name) ?? PAGES[0];
  return { page: found, params: { id: id || null, rest, query: new URLSearchParams(query) } };
}

function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function leave() {
  shown?.controller.abort();
  shown?.close?.();
  shown = null;
}

async function route() {
  if (me === null) return;
  const { page, params } = address();
  mark(page);
  if (shown?.name === page.name && shown.update) return void shown.update(params);
  const first = shown === null;
  leave();
  const mine = { name: page.name, controller: new AbortController() };
  shown = mine;
  const main = document.getElementById("main");
  const root = h("div", { class: ["page", `page-${page.name}`] }, skeleton(6));
  fill(main, root);
  if (!first) main.focus({ preventScroll: true });
  try {
    await render(page, root, params, mine);
  } catch (error) {
    if (error.name !== "AbortError" && shown === mine) fill(root, h("h1", null, page.label), failure(error, route));
  }
}

async function render(page, root, params, mine) {
  const module = await loaded(page);
  if (shown !== mine) return;
  root.replaceChildren();
  const given = await module.render(root, { api, params, me, config, signal: mine.controller.signal });
  const close = typeof given === "function" ? given : given?.close?.bind(given);
  if (shown !== mine) return void close?.();
  Object.assign(mine, { close, update: given?.update?.bind(given) });
}

async function loaded(page) {
  try {
    return await import(`./pages/${page.name}.js`);
  } catch (error) {
    console.error(error);
    throw new ApiError(0, { code: "console.page_missing", message: `The page “${page.label}” can't be loaded. Is the server running, and whole?` });
  }
}

function mark(page) {
  document.title = `${page.label} · Greatwheel`;
  document.getElementById("bar-title").textContent = page.label;
  for (const link of document.querySelectorAll("#nav a")) {
    if (link.dataset.page === page.name) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

window.addEventListener("hashchange", () => (location.hash.startsWith("#key=") ? start() : route()));
window.addEventListener(LOGGED_OUT, () => {
  if (me === null) return;
  me = null;
  showLogin();
  toast("You are logged out: the login is over, or its key was revoked.");
});
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault(); // its address is no page of ours
  document.getElementById("main").focus();
});
start();
