// Before the page is drawn: the theme that the user chose, if any.
try {
  const chosen = localStorage.getItem("wsgi-apimetrics-theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
} catch { /* no storage: the system's theme */ }
