// What every page has; the modules of the others are loaded where they are needed.
// No module writes markup: text goes into the page as textContent only (Trusted Types hold that).
import { keys } from "./keys.js";

const root = document.documentElement;
document.getElementById("theme")?.addEventListener("click", () => {
  const dark = getComputedStyle(root).colorScheme === "dark"
    || (!root.dataset.theme && matchMedia("(prefers-color-scheme: dark)").matches);
  root.dataset.theme = dark ? "light" : "dark";
  try { localStorage.setItem("wsgi-apimetrics-theme", root.dataset.theme); } catch { /* not kept */ }
  dispatchEvent(new Event("themechange"));
});

keys();
if (document.querySelector("[data-plot]")) import("./plots.js").then((module) => module.plots());
if (document.querySelector("table.list")) import("./list.js").then((module) => module.list());
if (document.querySelector(".forms")) import("./exchange.js").then((module) => module.exchange());

// A page of figures renews itself, unless somebody is reading it.
const again = Number(document.body.dataset.again);
if (again) {
  setInterval(() => {
    const busy = document.hidden || document.querySelector("details[open]") || scrollY > 200
      || document.activeElement !== document.body;
    if (!busy) location.reload();
  }, again * 1000);
}
