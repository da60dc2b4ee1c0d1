// Going to an asset, a run or a page by typing: `/` or Ctrl-K.

export function palette() {
  const dialog = document.querySelector("#palette");
  const [input, list] = [dialog.querySelector("input"), dialog.querySelector("[role=listbox]")];
  let [chosen, asked] = [0, 0];
  const choose = (place) => {
    const options = [...list.children];
    chosen = options.length ? (place + options.length) % options.length : 0;
    options.forEach((option, at) => option.setAttribute("aria-selected", String(at === chosen)));
    input.setAttribute("aria-activedescendant", options[chosen]?.id ?? "");
    options[chosen]?.scrollIntoView({ block: "nearest" });
  };
  const find = async () => {
    const mine = ++asked;
    const answer = await fetch(`/palette?q=${encodeURIComponent(input.value)}`);
    const found = await answer.json();
    if (mine !== asked) return;
    list.replaceChildren(...found.map(({ title, kind, path }, place) => {
      const option = document.createElement("a");
      Object.assign(option, { id: `option-${place}`, href: path, tabIndex: -1 });
      option.setAttribute("role", "option");
      const name = document.createElement("span");
      const what = document.createElement("small");
      [name.textContent, what.textContent] = [title, kind];
      option.append(name, what);
      return option;
    }));
    choose(0);
  };
  const open = () => { dialog.showModal(); input.select(); find().catch(() => {}); };
  document.querySelector("#find").addEventListener("click", open);
  addEventListener("keydown", (event) => {
    const isSlash = event.key === "/" && !event.target.matches("input, textarea, select");
    if (!isSlash && !(event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey))) return;
    event.preventDefault();
    if (!dialog.open) open();
  });
  input.addEventListener("input", () => find().catch(() => {}));
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") choose(chosen + 1);
    else if (event.key === "ArrowUp") choose(chosen - 1);
    else if (event.key === "Enter") list.children[chosen]?.click();
    else return;
    event.preventDefault();
  });
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
}
