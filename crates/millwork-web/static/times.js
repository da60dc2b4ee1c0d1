// Moments in the reader's zone, with the exact instant on hover.

const day = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const brief = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const near = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });

export function showTimes(root) {
  const today = new Date().toDateString();
  for (const time of root.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    if (Number.isNaN(at.getTime())) continue;
    time.title = time.dateTime;
    time.textContent = (at.toDateString() === today ? near : day).format(at);
  }
  for (const text of root.querySelectorAll("text[data-time]")) {
    const at = new Date(text.dataset.time);
    if (!Number.isNaN(at.getTime())) text.textContent = (at.toDateString() === today ? near : brief).format(at);
  }
}
