// One exchange: the forms that other programs take, and the first of two to compare.

export function exchange() {
  const dialog = document.getElementById("form");
  const text = dialog.querySelector("pre");
  const save = document.getElementById("save");
  for (const link of document.querySelectorAll("[data-form]")) {
    link.addEventListener("click", async (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      const answer = await fetch(link.href);
      text.textContent = await answer.text();
      document.getElementById("form-title").textContent = link.dataset.form;
      save.href = `${link.href}${link.href.includes("?") ? "&" : "?"}download=1`;
      dialog.showModal();
    });
  }
  document.getElementById("shut").addEventListener("click", () => dialog.close());
  document.getElementById("copy").addEventListener("click", async (event) => {
    await navigator.clipboard.writeText(text.textContent);
    event.target.textContent = "Copied";
    setTimeout(() => { event.target.textContent = "Copy"; }, 1500);
  });
  comparing(document.querySelector("[data-mark]"));
}

const KEY = "wsgi-apimetrics-compare";

function comparing(link) {
  const { mark: own, compare } = link.dataset;
  const first = sessionStorage.getItem(KEY);
  if (first && first !== own) link.textContent = "Compare with the marked one";
  link.addEventListener("click", (event) => {
    event.preventDefault();
    if (first && first !== own) {
      sessionStorage.removeItem(KEY);
      location.assign(`${compare}?a=${encodeURIComponent(first)}&b=${encodeURIComponent(own)}`);
    } else {
      sessionStorage.setItem(KEY, own);
      link.textContent = "Marked: now open the other";
    }
  });
}
