// Zooming and moving the graph: by buttons, wheel, dragging and keys. Without this script the drawing scrolls.

export function graph() {
  const view = document.querySelector("#graph-view");
  if (!view) return;
  const drawing = () => view.querySelector("svg");
  const width = () => drawing()?.viewBox.baseVal.width ?? 1;
  const fit = () => Math.min(1, view.clientWidth / width());
  let scale = 1;
  const zoom = (to, x = view.clientWidth / 2, y = view.clientHeight / 2) => {
    const before = scale;
    scale = Math.min(3, Math.max(0.05, to));
    const svg = drawing();
    if (!svg) return;
    svg.style.width = `${width() * scale}px`;
    view.scrollLeft = (view.scrollLeft + x) * scale / before - x;
    view.scrollTop = (view.scrollTop + y) * scale / before - y;
  };
  const reset = () => zoom(Math.max(fit(), 0.35));
  reset();
  let shown = width();
  // Another drawing has come in its place.
  addEventListener("millwork:shown", () => { if (width() !== shown) { shown = width(); reset(); } else zoom(scale); });
  document.addEventListener("click", (event) => {
    const step = event.target.closest("[data-zoom-by]")?.dataset.zoomBy;
    if (step === undefined) return;
    if (step === "fit") zoom(fit());
    else zoom(scale * Number(step));
  });
  view.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const box = view.getBoundingClientRect();
    zoom(scale * Math.exp(-event.deltaY / 300), event.clientX - box.left, event.clientY - box.top);
  }, { passive: false });
  view.addEventListener("keydown", (event) => {
    const steps = { ArrowLeft: [-60, 0], ArrowRight: [60, 0], ArrowUp: [0, -60], ArrowDown: [0, 60] };
    if (event.key in steps) view.scrollBy(...steps[event.key]);
    else if (event.key === "+" || event.key === "=") zoom(scale * 1.25);
    else if (event.key === "-") zoom(scale / 1.25);
    else if (event.key === "0") zoom(fit());
    else return;
    event.preventDefault();
  });
  let [from, hasMoved] = [undefined, false];
  view.addEventListener("pointerdown", (event) => {
    if (event.button || event.pointerType !== "mouse") return;
    [from, hasMoved] = [[event.clientX, event.clientY, view.scrollLeft, view.scrollTop], false];
  });
  addEventListener("pointermove", (event) => {
    if (!from) return;
    const [x, y] = [event.clientX - from[0], event.clientY - from[1]];
    hasMoved ||= Math.abs(x) + Math.abs(y) > 4;
    if (hasMoved) { view.scrollLeft = from[2] - x; view.scrollTop = from[3] - y; }
  });
  addEventListener("pointerup", () => { from = undefined; });
  // The end of a drag is no click on what lies below, and links aren't dragged away.
  view.addEventListener("click", (event) => { if (hasMoved) { event.preventDefault(); event.stopPropagation(); } hasMoved = false; }, true);
  view.addEventListener("dragstart", (event) => event.preventDefault());
}
