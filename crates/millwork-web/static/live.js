// A page that follows the event log: it is fetched again and updated in place, so that the layout doesn't jump and
// what the reader has opened, scrolled, typed or chosen isn't lost.
//
// Elements are matched by what they are about, not by their place: a form by what it decides about, a row by its key. So what the
// reader has begun about one thing never becomes that of another.

import { showTimes } from "./times.js";

const OVERTAKEN = "The page has changed since you began. What you typed is kept; a decision that was overtaken is refused.";

function isOurs(name, element) {
  // What the reader or a script of ours has set.
  return name === "style" || name === "open" && element.matches("details, dialog") || name === "data-zoom";
}

function morphAttributes(now, next) {
  for (const { name, value } of [...next.attributes]) {
    if (now.getAttribute(name) !== value && !isOurs(name, now)) now.setAttribute(name, value);
  }
  for (const { name } of [...now.attributes]) {
    if (!next.hasAttribute(name) && !isOurs(name, now)) now.removeAttribute(name);
  }
}

/// The hidden fields that say how things stood when the page was made. The others say what a form decides about.
const GUARDS = "[name=form_token], [name=seen], [name=known]";

/// What an element is about; undefined if only its place says so. Attributes are read as such: a field called `id` hides the form's.
function identity(element) {
  const [key, id] = [element.getAttribute("data-key"), element.getAttribute("id")];
  if (key !== null) return `key ${key}`;
  if (id) return `id ${id}`;
  if (element.matches("[role=alert]")) return "alert";
  if (element.matches("form[method=post]")) {
    const fields = [...element.querySelectorAll(`input[type=hidden]:not(${GUARDS})`)];
    return [element.getAttribute("action"), ...fields.map(({ name, value }) => `${name}=${value}`)].join(" ");
  }
  if (element.matches("button, input, select, textarea, option")) {
    const value = element.matches("button, option, [type=radio], [type=checkbox]") ? element.value : "";
    return [...["type", "name", "formaction"].map((name) => element.getAttribute(name)), value].join(" ");
  }
}

/// The elements in another one, by what they are about; the others by their heading, and which of their kind they are under it.
function identified(parent) {
  const [found, counts] = [new Map(), new Map()];
  let heading = "";
  for (const child of parent.children) {
    if (/^H[1-6]$/.test(child.nodeName)) heading = child.firstChild?.textContent ?? "";
    const name = `${child.nodeName} ${identity(child) ?? `under ${heading}`}`;
    const count = counts.get(name) ?? 0;
    counts.set(name, count + 1);
    found.set(`${name} ${count}`, child);
  }
  return found;
}

function morph(now, next, reader) {
  if (now.isEqualNode(next)) return;
  if (now === document.activeElement && now.matches("input, select, textarea")) return;
  if (now.matches("input[type=hidden]:not([name=form_token])") && reader.forms.has(now.form)) {
    if (now.value !== next.value) reader.overtaken.add(now.form);
    return;
  }
  morphAttributes(now, next);
  const [there, wanted] = [identified(now), identified(next)];
  const staying = new Set();
  for (const [name, child] of there) {
    if (wanted.has(name)) continue;
    if (!keeps(reader, child)) child.remove();
    else staying.add(child);
  }
  const isText = (node) => node.nodeType !== Node.ELEMENT_NODE;
  const same = new Map([...wanted].map(([name, child]) => [child, there.get(name)]));
  let place = now.firstChild;
  const pass = () => { const passed = place; place = place.nextSibling; return passed; };
  for (const child of [...next.childNodes]) {
    if (isText(child)) {
      if (place?.nodeType !== child.nodeType) now.insertBefore(child, place);
      else if (place.data !== child.data) pass().data = child.data;
      else pass();
      continue;
    }
    while (place && (isText(place) || staying.has(place))) {
      const passed = pass();
      if (!staying.has(passed)) passed.remove();
    }
    const kept = same.get(child);
    if (!kept) {
      now.insertBefore(child, place);
      continue;
    }
    if (kept === place) pass();
    // What has the focus would lose it if it were moved.
    else if (!kept.contains(document.activeElement)) now.insertBefore(kept, place);
    else {
      while (place !== kept) {
        const passed = pass();
        if (!staying.has(passed)) now.append(passed);
      }
      pass();
    }
    morph(kept, child, reader);
  }
  while (place) {
    const passed = pass();
    if (!staying.has(passed)) passed.remove();
  }
}

function isChanged(control) {
  if (control.matches("[type=radio], [type=checkbox]")) return control.checked !== control.defaultChecked;
  return control.matches("input, textarea") && control.value !== control.defaultValue;
}

/// The forms that the reader has begun: that have the focus, or in which something was typed or chosen.
function begun(main) {
  const isBegun = (form) => [...form.elements].some((control) => control === document.activeElement || isChanged(control));
  return [...main.querySelectorAll("form:not([data-live])")].filter(isBegun);
}

/// Whether an element stays although the page lacks it: it has something that the reader has begun, or says why nothing was done.
function keeps(reader, element) {
  if (element.matches(".overtaken")) return reader.forms.has(element.closest("form"));
  const gone = [...reader.forms].filter((form) => element.contains(form));
  gone.forEach((form) => reader.overtaken.add(form));
  return gone.length > 0 || reader.follows && element.matches("main > [role=alert]");
}

function markOvertaken(form) {
  if (form.querySelector(".overtaken")) return;
  const note = document.createElement("p");
  note.className = "problem overtaken";
  note.setAttribute("role", "alert");
  note.textContent = OVERTAKEN;
  form.append(note);
}

/// Changes what is shown into what was fetched. What is begun is left alone if the page follows the log, and gives way if the reader goes on.
function update(now, next, follows) {
  const forms = begun(now);
  const chosen = forms.flatMap((form) => [...form.elements].filter((control) => control.matches("[type=radio]:checked")));
  const choices = chosen.map(({ form, name, value }) => ({ form, name, value }));
  const decisions = forms.filter((form) => form.matches("[method=post]"));
  const reader = { follows, forms: new Set(follows ? decisions : []), overtaken: new Set() };
  morph(now, next, reader);
  for (const { form, name, value } of choices) {
    const control = [...form.elements].find((other) => other.type === "radio" && other.name === name && other.value === value);
    if (control) control.checked = true;
  }
  reader.overtaken.forEach(markOvertaken);
}

let latest = 0;

async function fetched(address, follows) {
  const mine = ++latest;
  const answer = await fetch(address, { headers: { accept: "text/html" } });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const [now, next] = [document.querySelector("main"), page.querySelector("main")];
  // A later question has been asked meanwhile, or this is no page of ours.
  if (mine !== latest || !next || answer.redirected && new URL(answer.url).pathname === "/login") return;
  showTimes(next);
  update(now, next, follows);
  document.title = page.title;
  dispatchEvent(new Event("millwork:shown"));
}

/// Shows the page of an address in place of this one.
export const show = (address) => fetched(address, false);

/// Follows the log while the page is visible. A page in the background, or one that was left and may come back, holds no
/// connection: a browser has six for a server, and without a free one no page loads.
export function follow() {
  const { after, run } = document.body.dataset;
  if (after === undefined) return;
  let [stream, last, isLost] = [undefined, after, false];
  let [isBusy, again, pause] = [false, false, 60];
  const changed = async (event) => {
    last = event?.lastEventId || last;
    again = true;
    if (isBusy) return;
    isBusy = true;
    while (again && stream) {
      again = false;
      await new Promise((over) => setTimeout(over, pause));
      const began = performance.now();
      await fetched(location.href, true).catch(() => {});
      // A busy server is asked less often.
      pause = Math.min(5000, Math.max(60, 4 * (performance.now() - began)));
    }
    isBusy = false;
  };
  const open = () => {
    if (stream) return;
    stream = new EventSource(`/changes?after=${last}${run ? `&run=${run}` : ""}`);
    stream.addEventListener("changed", changed);
    stream.addEventListener("error", () => { isLost = true; document.body.dataset.lost = ""; });
    stream.addEventListener("open", () => {
      delete document.body.dataset.lost;
      if (isLost) changed();
      isLost = false;
    });
  };
  const close = () => { stream?.close(); stream = undefined; };
  const look = () => { if (document.hidden) close(); else { open(); changed(); } };
  document.addEventListener("visibilitychange", look);
  addEventListener("pagehide", close);
  addEventListener("pageshow", (event) => { if (event.persisted) look(); });
  if (!document.hidden) open();
}
