// Forms that answer while one types, and links that change the page in place.

import { show } from "./live.js";

function address(form) {
  const query = new URLSearchParams(new FormData(form));
  for (const [name, value] of [...query]) if (value === "") query.delete(name);
  return `${form.getAttribute("action") ?? location.pathname}${query.size ? `?${query}` : ""}`;
}

export function search() {
  let waiting;
  const ask = (form) => {
    const to = address(form);
    history.replaceState(null, "", to);
    show(to).catch(() => {});
  };
  document.addEventListener("input", (event) => {
    const form = event.target.closest("form[data-live]");
    if (!form) return;
    clearTimeout(waiting);
    waiting = setTimeout(() => ask(form), event.target.matches("select, [type=checkbox]") ? 0 : 120);
  });
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("form[data-live]")) return;
    event.preventDefault();
    clearTimeout(waiting);
    ask(event.target);
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-inplace] a[href]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    const to = link.href.baseVal ?? link.getAttribute("href");
    if (!to.startsWith("/graph?") && to !== "/graph") return;
    event.preventDefault();
    history.pushState(null, "", to);
    show(to).catch(() => { location.href = to; });
  });
  addEventListener("popstate", () => show(location.href).catch(() => location.reload()));
}
