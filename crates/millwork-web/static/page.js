// Times in the reader's zone, and pages that follow the event log. Without this script everything can still be read.

function showTimes(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    if (Number.isNaN(at.getTime())) continue;
    time.title = time.dateTime;
    time.textContent = at.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" });
  }
}

async function refresh() {
  const answer = await fetch(location.href, { headers: { accept: "text/html" } });
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const [now, next] = [document.querySelector("main"), page.querySelector("main")];
  // What somebody is typing into stays.
  if (!now || !next || now.contains(document.activeElement) && document.activeElement.matches("input, select")) return;
  if (now.innerHTML === next.innerHTML) return;
  now.replaceChildren(...next.childNodes);
  showTimes(now);
}

function follow() {
  const after = document.body.dataset.after;
  if (after === undefined) return;
  const run = document.body.dataset.run;
  const stream = new EventSource(`/api/v1/events/stream?after=${after}${run ? `&run=${run}` : ""}`);
  // One look at a time, and another one if something has happened meanwhile.
  let [busy, again] = [false, false];
  const changed = async () => {
    again = true;
    if (busy) return;
    busy = true;
    while (again) {
      again = false;
      await new Promise((over) => setTimeout(over, 150));
      await refresh().catch(() => {});
    }
    busy = false;
  };
  const kinds = ["run_queued", "run_started", "run_canceling", "run_succeeded", "run_failed", "run_canceled", "run_lost",
    "run_retrying", "step_started", "step_succeeded", "step_failed", "step_skipped", "step_retrying", "step_progressed",
    "materialized", "observed", "check_evaluated", "logged"];
  for (const kind of kinds) stream.addEventListener(kind, changed);
}

addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.target.matches("input, textarea, select")) return;
  const search = document.querySelector("input[type=search]");
  if (search) { event.preventDefault(); search.focus(); }
});

showTimes(document);
follow();
