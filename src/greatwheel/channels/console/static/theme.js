// Sets the theme before anything is painted. The choice is kept in this browser alone.
(() => {
  let chosen = null;
  try {
    chosen = localStorage.getItem("greatwheel.theme");
  } catch {
    // Storage may be forbidden: then the system's theme it is.
  }
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
})();
