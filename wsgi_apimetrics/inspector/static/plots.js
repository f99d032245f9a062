// The plots: each draws the table beside it, which is there for who can't see a canvas.
// Dragging over a plot chooses a time range.

import uPlot from "./vendor/uplot/uPlot.js";

const colours = { rate: ["--link"], errors: ["--bad", "--warn"], latency: ["--good", "--move", "--warn"] };

export function plots() {
  const figures = [...document.querySelectorAll("[data-plot]")];
  let drawn = figures.map(draw);
  const again = () => {
    drawn.forEach((plot) => plot.destroy());
    drawn = figures.map(draw);
  };
  let timer;
  addEventListener("resize", () => { clearTimeout(timer); timer = setTimeout(again, 150); });
  addEventListener("themechange", again);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
  document.documentElement.dataset.plotted = "yes";
}

const colour = (name) => {
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
};

function draw(figure) {
  const place = figure.querySelector(".canvas");
  const rows = [...figure.querySelectorAll("tbody tr")];
  const names = [...figure.querySelectorAll("thead th")].slice(1).map((cell) => cell.textContent);
  const xs = rows.map((row) => Number(row.dataset.x));
  const ys = names.map((_, index) => rows.map((row) => {
    const { y } = row.querySelectorAll("[data-y]")[index].dataset;
    return y === "" ? null : Number(y);
  }));
  const ink = colour("--dim");
  const line = colour("--line");
  const axis = { stroke: ink, grid: { stroke: line, width: 1 }, ticks: { show: false }, font: "11px system-ui" };
  return new uPlot({
    width: place.clientWidth,
    height: 150,
    legend: { live: true },
    cursor: { y: false, drag: { x: true, y: false, setScale: false } },
    scales: { y: { range: (_, low, high) => [0, high > 0 ? high * 1.1 : 1] } },
    axes: [{ ...axis, size: 24, values: (plot, ticks) => ticks.map((tick) => moment(tick, xs)) }, { ...axis, size: 46 }],
    series: [{ label: "", value: (_, x) => (x ? moment(x, xs) : "") }, ...names.map((name, index) => series(name, colours[figure.dataset.plot][index], figure.dataset.plot === "rate"))],
    hooks: { setSelect: [(plot) => chosen(plot)] },
  }, [xs, ...ys], place);
}

function moment(seconds, xs) {
  const long = xs.at(-1) - xs[0] > 86400;
  const format = long ? { month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit" } : { hour: "2-digit", minute: "2-digit" };
  return new Date(seconds * 1000).toLocaleString("en-GB", format);
}

function series(label, name, filled) {
  const stroke = colour(name);
  const fill = filled ? stroke.replace("rgb(", "rgba(").replace(")", ", .12)") : undefined;
  return { label, stroke, fill, width: 1.5, points: { size: 4 }, spanGaps: true, value: (_, y) => (y == null ? "–" : y.toLocaleString("en", { maximumFractionDigits: 1 })) };
}

function chosen(plot) {
  const { left, width } = plot.select;
  if (width < 8) return;
  const query = new URLSearchParams(location.search);
  query.delete("last");
  query.set("since", String(Math.floor(plot.posToVal(left, "x"))));
  query.set("until", String(Math.ceil(plot.posToVal(left + width, "x"))));
  location.assign(`?${query}`);
}
