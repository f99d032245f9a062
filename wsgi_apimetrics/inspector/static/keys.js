// The keyboard: / to search, j and k to move, Enter to open, x to mark, g and a letter to go.

const typing = (element) => element.matches("input, select, textarea, [contenteditable]");
const pages = { o: 0, e: 1, c: 2 };

export function keys() {
  let going = false;
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (typing(event.target)) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    if (document.querySelector("dialog[open]")) return;
    const links = document.querySelectorAll('nav[aria-label="Pages"] a');
    if (going && event.key in pages) {
      links[pages[event.key]]?.click();
    } else if (event.key === "/") {
      const field = document.getElementById("q");
      if (field) field.focus(); else links[1]?.click();
      event.preventDefault();
    } else if (event.key === "j" || event.key === "k") {
      move(event.key === "j" ? 1 : -1);
    } else if (event.key === "x") {
      current()?.dispatchEvent(new Event("choose", { bubbles: true }));
    } else if (event.key === "n") {
      document.querySelector('a[rel="next"]')?.click();
    }
    going = event.key === "g";
  });
}

const current = () => document.querySelector("table.list tr.at");

function move(step) {
  const rows = [...document.querySelectorAll("table.list tbody tr")].filter((row) => row.querySelector("a"));
  if (!rows.length) return;
  const at = rows.indexOf(current());
  const next = rows[Math.min(rows.length - 1, Math.max(0, at < 0 ? 0 : at + step))];
  current()?.classList.remove("at");
  next.classList.add("at");
  next.querySelector("a").focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
}
