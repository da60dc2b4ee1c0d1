// What every page does. Without it everything can still be read.

import { graph } from "./graph.js";
import { follow } from "./live.js";
import { palette } from "./palette.js";
import { search } from "./search.js";
import { showTimes } from "./times.js";

function themes() {
  const isDark = () => (document.documentElement.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  document.querySelector("#theme").addEventListener("click", () => {
    const theme = isDark() ? "light" : "dark";
    document.documentElement.dataset.theme = theme;
    try { localStorage.setItem("millwork-theme", theme); } catch { /* It holds for this page then. */ }
  });
}

showTimes(document);
themes();
palette();
search();
graph();
follow();
