// A page that follows the event log: it is fetched again and updated in place, so that the layout doesn't jump and
// what the reader has opened, scrolled or typed isn't lost.

import { showTimes } from "./times.js";

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

export function morph(now, next) {
  if (now.nodeType !== next.nodeType || now.nodeName !== next.nodeName) return now.replaceWith(next);
  if (now.nodeType !== Node.ELEMENT_NODE) {
    if (now.data !== next.data) now.data = next.data;
    return;
  }
  if (now === document.activeElement && now.matches("input, select, textarea")) return;
  morphAttributes(now, next);
  const wanted = [...next.childNodes];
  wanted.forEach((child, place) => {
    const key = child.dataset?.key;
    let there = now.childNodes[place];
    if (key !== undefined && there?.dataset?.key !== key) {
      const kept = [...now.children].find((other) => other.dataset.key === key);
      if (kept) now.insertBefore(kept, there);
      else now.insertBefore(child, there ?? null);
      there = now.childNodes[place];
      if (there === child) return;
    }
    if (there) morph(there, child);
    else now.append(child);
  });
  while (now.childNodes.length > wanted.length) now.lastChild.remove();
}

let latest = 0;

/// Shows the page of an address in place of this one.
export async function show(address) {
  const mine = ++latest;
  const answer = await fetch(address, { headers: { accept: "text/html" } });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const [now, next] = [document.querySelector("main"), page.querySelector("main")];
  // A later question has been asked meanwhile, or this is no page of ours.
  if (mine !== latest || !next || answer.redirected && new URL(answer.url).pathname === "/login") return;
  showTimes(next);
  morph(now, next);
  document.title = page.title;
  dispatchEvent(new Event("millwork:shown"));
}

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
      await show(location.href).catch(() => {});
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
