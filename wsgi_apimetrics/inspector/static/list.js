// The list: rows that come in while one looks, and two rows to compare.

import { follow } from "./live.js";

const KEPT = 200;

export function list() {
  if (document.body.dataset.live) follow(came);
  choosing();
}

function came({ rows, gap }) {
  if (gap) {
    // More than is worth sending: the newest alone, and a line where the others would be.
    document.querySelector("table.list tbody").prepend(document.getElementById("gap").content.cloneNode(true));
    document.getElementById("more").hidden = false;
  }
  rows.forEach(put);
}

function put(values) {
  const body = document.querySelector("table.list tbody");
  if (body.querySelector(`tr[data-id="${CSS.escape(values.id)}"]`)) return;
  const row = document.getElementById("row").content.querySelector("tr").cloneNode(true);
  row.dataset.id = values.id;
  for (const cell of row.querySelectorAll("[data-f]")) cell.textContent = values[cell.dataset.f];
  row.querySelector("a").href = values.href;
  row.querySelector(".t").title = values.day;
  row.querySelector(".status").className = `status s${values.class}`;
  row.classList.add("new");
  body.querySelector("tr.none")?.remove();
  body.prepend(row);
  while (body.rows.length > KEPT) body.lastElementChild.remove();
  const count = document.querySelector("#count strong");
  const number = Number(count?.textContent.replaceAll(",", ""));
  if (number >= 0 && number < 9999) count.textContent = (number + 1).toLocaleString("en");
}

function choosing() {
  const button = document.getElementById("compare");
  if (!button) return;
  let chosen = [];
  document.addEventListener("choose", (event) => {
    const { id } = event.target.dataset;
    chosen = chosen.includes(id) ? chosen.filter((one) => one !== id) : [...chosen, id].slice(-2);
    for (const row of document.querySelectorAll("table.list tr[data-id]")) {
      row.classList.toggle("chosen", chosen.includes(row.dataset.id));
    }
    document.getElementById("marked").textContent = String(chosen.length);
  });
  document.querySelector("table.list").addEventListener("click", (event) => {
    const row = event.target.closest("tr[data-id]");
    if (!row || event.target.closest("a")) return;
    if (event.shiftKey) row.dispatchEvent(new Event("choose", { bubbles: true }));
    else row.querySelector("a").click();
  });
  button.addEventListener("click", () => {
    if (chosen.length === 2) location.assign(`${button.dataset.href}?a=${chosen[0]}&b=${chosen[1]}`);
    else document.getElementById("hint").textContent = button.title;
  });
}
