// Audits the page as it is rendered and returns the violations: [{ rule, selector, what }].
(() => {
  const MOST = 4; // of one rule and wording
  const found = [];
  const counts = new Map();

  function report(rule, element, what) {
    const kind = `${rule} ${what.replace(/[\d.]+/g, "")}`;
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
    if (counts.get(kind) <= MOST) found.push({ rule, selector: element ? selectorOf(element) : "document", what });
  }

  function selectorOf(element) {
    const parts = [];
    for (let at = element; at && at !== document.body && parts.length < 4; at = at.parentElement) {
      if (at.id) { parts.unshift(`#${at.id}`); break; }
      const classes = typeof at.className === "string" ? at.className : at.className?.baseVal ?? "";
      parts.unshift(at.localName + classes.trim().split(/\s+/).filter(Boolean).map((name) => `.${name}`).join(""));
    }
    return parts.join(" > ") || element.localName;
  }

  function isShown(element) {
    return element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
  }

  // ---- names

  function textOf(element) {
    if (element.nodeType === Node.TEXT_NODE) return element.data;
    if (element.nodeType !== Node.ELEMENT_NODE || element.getAttribute("aria-hidden") === "true") return "";
    if (element.hasAttribute("aria-label")) return element.getAttribute("aria-label");
    if (element.localName === "img") return element.alt;
    if (element.localName === "svg") return element.querySelector(":scope > title")?.textContent ?? "";
    return [...element.childNodes].map(textOf).join("");
  }

  function nameOf(element) {
    const by = (element.getAttribute("aria-labelledby") ?? "").split(/\s+/).filter(Boolean);
    const named = by.map((id) => document.getElementById(id)).filter(Boolean).map(textOf).join(" ");
    const labels = [...element.labels ?? []].map(textOf).join(" ");
    const value = element.matches("input[type=submit], input[type=button], input[type=reset]") ? element.value : "";
    const own = element.matches("input, select, textarea") ? "" : textOf(element);
    return (named || element.getAttribute("aria-label") || labels || value || own || element.title || "").trim();
  }

  for (const field of document.querySelectorAll("input:not([type=hidden], [type=submit], [type=button], [type=reset]), select, textarea")) {
    if (isShown(field) && !nameOf(field)) report("label", field, "has no label");
  }
  for (const control of document.querySelectorAll("button, a[href], summary, [role=button], [role=link], [role=tab], [role=checkbox], [role=switch], [role=option], input[type=submit]")) {
    if (isShown(control) && !nameOf(control)) report("name", control, "has no name");
  }
  for (const image of document.querySelectorAll("img:not([alt])")) report("name", image, "has no alt");
  for (const image of document.querySelectorAll("[role=img], [role=dialog], dialog[open], [role=region], [role=progressbar], progress, meter")) {
    if (isShown(image) && !nameOf(image)) report("name", image, "has a role and no name");
  }
  for (const picture of document.querySelectorAll("svg")) {
    const hides = picture.closest("[aria-hidden=true], [role=img], [role=presentation]");
    if (!hides && isShown(picture) && !nameOf(picture)) report("name", picture, "is neither hidden nor named");
  }
  for (const inner of document.querySelectorAll(":is(a[href], button, summary) :is(a[href], button, input, select, textarea)")) {
    report("nesting", inner, "is a control within a control");
  }
  for (const hidden of document.querySelectorAll("[aria-hidden=true] :is(a[href], button, input, select, textarea, [tabindex='0'])")) {
    if (isShown(hidden) && hidden.tabIndex >= 0) report("hidden", hidden, "is hidden from readers and can have the focus");
  }

  // ---- structure

  if (!document.documentElement.lang) report("language", null, "has no language");
  if (!document.title.trim()) report("title", null, "has no title");
  for (const [landmark, selector] of [["header", "body > header, [role=banner]"], ["nav", "nav, [role=navigation]"], ["main", "main, [role=main]"]]) {
    if (!document.querySelector(selector)) report("landmark", null, `has no ${landmark}`);
  }
  if (document.querySelectorAll("main, [role=main]").length > 1) report("landmark", null, "has more than one main");
  const navigations = [...document.querySelectorAll("nav")].filter(isShown).map((nav) => nav.getAttribute("aria-label") ?? "");
  if (new Set(navigations).size < navigations.length) report("landmark", null, "has two navs of the same name");

  const headings = [...document.querySelectorAll("h1, h2, h3, h4, h5, h6")].filter(isShown);
  const firsts = headings.filter((heading) => heading.localName === "h1").length;
  if (firsts !== 1) report("heading", null, `has ${firsts} first headings`);
  let level = 0;
  for (const heading of headings) {
    const next = Number(heading.localName[1]);
    if (level && next > level + 1) report("heading", heading, `jumps from h${level} to h${next}`);
    if (!textOf(heading).trim()) report("heading", heading, "is empty");
    level = next;
  }
  const ids = new Set();
  for (const element of document.querySelectorAll("[id]")) {
    if (ids.has(element.id)) report("id", element, `has an id that another element has`);
    ids.add(element.id);
  }
  for (const attribute of ["aria-labelledby", "aria-describedby", "aria-controls", "for"]) {
    for (const element of document.querySelectorAll(`[${attribute}]`)) {
      for (const id of element.getAttribute(attribute).split(/\s+/).filter(Boolean)) {
        if (!document.getElementById(id)) report("reference", element, `has ${attribute}="${id}", which is not there`);
      }
    }
  }
  for (const header of document.querySelectorAll("th:not([scope])")) report("table", header, "has no scope");
  for (const table of document.querySelectorAll("table:not([role])")) {
    if (!table.querySelector("th")) report("table", table, "has no header");
  }
  for (const element of document.querySelectorAll("[tabindex]")) {
    if (element.tabIndex > 0) report("order", element, "has a positive tabindex");
  }

  // ---- contrast

  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 1;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const parsed = new Map();

  // Any colour of CSS as [red, green, blue, alpha], the first three in 0..255.
  function rgba(colour) {
    if (!parsed.has(colour)) {
      context.clearRect(0, 0, 1, 1);
      context.fillStyle = colour;
      context.fillRect(0, 0, 1, 1);
      const [red, green, blue, alpha] = context.getImageData(0, 0, 1, 1).data;
      parsed.set(colour, [red, green, blue, alpha / 255]);
    }
    return parsed.get(colour);
  }

  function over([red, green, blue, alpha], [r, g, b]) {
    const mix = (above, below) => above * alpha + below * (1 - alpha);
    return [mix(red, r), mix(green, g), mix(blue, b)];
  }

  function luminance(colour) {
    const [red, green, blue] = colour.map((part) => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  }

  function contrast(one, other) {
    const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a);
    return (light + 0.05) / (dark + 0.05);
  }

  // What the browser paints where no element has a background.
  const root = getComputedStyle(document.documentElement);
  const isDark = root.colorScheme.includes("dark") && matchMedia("(prefers-color-scheme: dark)").matches;
  const paper = rgba(isDark ? "#121212" : "#ffffff");

  // The background of an element; undefined behind a picture.
  function behind(element) {
    const layers = [];
    for (let at = element; at; at = at.parentElement) {
      const style = getComputedStyle(at);
      if (style.backgroundImage !== "none") return undefined;
      layers.unshift(rgba(style.backgroundColor));
    }
    return layers.reduce((below, layer) => over(layer, below), paper);
  }

  // What a text of an SVG is drawn on: the shapes before it that lie under its middle.
  function behindInSvg(text) {
    const svg = text.ownerSVGElement;
    let below = behind(svg);
    const box = text.getBoundingClientRect();
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    for (const shape of svg.querySelectorAll("rect, circle, ellipse, path, polygon")) {
      if (!(shape.compareDocumentPosition(text) & Node.DOCUMENT_POSITION_FOLLOWING)) break;
      const place = shape.getBoundingClientRect();
      const isUnder = x >= place.left && x <= place.right && y >= place.top && y <= place.bottom;
      const style = getComputedStyle(shape);
      if (!isUnder || style.fill === "none" || style.fill.startsWith("url") || !isShown(shape) || !below) continue;
      const [red, green, blue, alpha] = rgba(style.fill);
      below = over([red, green, blue, alpha * style.fillOpacity * opacityOf(shape)], below);
    }
    return below;
  }

  function opacityOf(element) {
    let opacity = 1;
    for (let at = element; at; at = at.parentElement) opacity *= getComputedStyle(at).opacity;
    return opacity;
  }

  function isDisabled(element) {
    return element.closest(":disabled, [aria-disabled=true]") !== null;
  }

  const looked = new Set();
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = texts.nextNode(); node && looked.size < 5000; node = texts.nextNode()) {
    const element = node.parentElement;
    if (!node.data.trim() || looked.has(element) || !isShown(element) || isDisabled(element)) continue;
    if (element.closest("script, style, noscript, title, desc, option, datalist")) continue;
    looked.add(element);
    const box = element.getBoundingClientRect();
    if (box.width <= 1 || box.height <= 1 || box.bottom + scrollY <= 0) continue;
    const style = getComputedStyle(element);
    const isDrawn = element.ownerSVGElement != null;
    const below = isDrawn ? behindInSvg(element) : behind(element);
    if (!below) continue;
    const [red, green, blue, alpha] = rgba(isDrawn ? style.fill : style.color);
    const ratio = contrast(over([red, green, blue, alpha * opacityOf(element)], below), below);
    const size = Number.parseFloat(style.fontSize);
    const needed = size >= 24 || size >= 18.66 && style.fontWeight >= 700 ? 3 : 4.5;
    if (ratio < needed - 0.005) report("contrast", element, `has a contrast of ${ratio.toFixed(2)} where ${needed} is needed`);
  }

  // ---- size

  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth > width) {
    report("overflow", null, `is ${document.documentElement.scrollWidth} px wide in a window of ${width}`);
    for (const element of document.body.querySelectorAll("*")) {
      const box = element.getBoundingClientRect();
      const scrolls = (at) => at && at !== document.body && (getComputedStyle(at).overflowX !== "visible" || scrolls(at.parentElement));
      if (box.right > width + 1 && box.width > 0 && isShown(element) && !scrolls(element.parentElement)) {
        report("overflow", element, `reaches to ${Math.round(box.right)} px`);
      }
    }
  }

  for (const [kind, count] of counts) if (count > MOST) found.push({ rule: kind.split(" ")[0], selector: "…", what: `and ${count - MOST} more:${kind.slice(kind.indexOf(" "))}` });
  return found;
})()
