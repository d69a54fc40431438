// 诗境: the map of poems, the way from one poem to another, the neighbours of one.
import { $, el, english, fill, later, t, valuesOf } from "./dom.js";
import { ask } from "./api.js";
import { clearErrors, showError } from "./errors.js";
import { setLink } from "./link.js";
import { verse } from "./verse.js";

const STEPS = 9;
const NAMED = 2; // characters of a kind's name that are drawn
const MARGIN = 0.06; // of the plane, around the points
const canvas = $("#plane"), kind = $("#kind");
let map = null, loading = null, at = null, way = [];
let frame = { x: 0, y: 0, reach: 1 }; // the middle of the points, and how far they go

// --- the plane

/** Ask for the map once, however often it is wanted; again if that failed. */
async function load() {
  if (!map) await (loading ||= fetchMap().finally(() => (loading = null)));
}

async function fetchMap() {
  try {
    map = await ask("/v1/poem/map");
    frame = frameOf(map.points);
    draw();
  } catch (error) {
    $("#realm-error").textContent = error.message;
  }
}

function frameOf(points) {
  const [xs, ys] = [0, 1].map((n) => points.map((point) => point[n]));
  const middle = (all) => (Math.min(...all) + Math.max(...all)) / 2;
  const reach = Math.max(...[xs, ys].map((all) => (Math.max(...all) - Math.min(...all)) / 2));
  return { x: middle(xs), y: middle(ys), reach: reach * (1 + MARGIN) };
}

const hueOf = (number) => (number * 137.5) % 360; // the golden angle keeps neighbours apart
const isDark = () => getComputedStyle(document.documentElement).colorScheme === "dark";

function draw() {
  const side = canvas.clientWidth;
  if (!map || !side) return;
  const scale = window.devicePixelRatio || 1;
  canvas.width = canvas.height = side * scale;
  const pen = canvas.getContext("2d");
  pen.scale(scale, scale);
  const place = ([x, y]) => [((x - frame.x) / frame.reach + 1) * (side / 2), (1 - (y - frame.y) / frame.reach) * (side / 2)];
  const style = getComputedStyle(document.documentElement);
  const here = at && clusterAt(at).cluster;
  for (const point of map.points) {
    const strong = !here || point[2] === here;
    pen.fillStyle = `hsl(${hueOf(point[2])} 50% ${isDark() ? 66 : 44}% / ${strong ? 0.8 : 0.22})`;
    pen.beginPath();
    pen.arc(...place(point), (side > 500 ? 3.4 : 2.4) * (here && strong ? 1.3 : 1), 0, 7);
    pen.fill();
  }
  drawNames(pen, place, style, side, here);
  if (at) drawCursor(pen, place(at), style);
}

/** Names, the chosen kind's first, then the largest; one that would cover another is left out. */
function drawNames(pen, place, style, side, here) {
  const size = side > 500 ? 19 : 15;
  pen.font = `600 ${size}px "Noto Serif CJK SC", "Songti SC", serif`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.lineWidth = 5;
  pen.lineJoin = "round";
  pen.strokeStyle = style.getPropertyValue("--card");
  pen.fillStyle = style.getPropertyValue("--ink");
  const taken = [];
  const order = [...map.clusters].sort((a, b) => (b.cluster === here) - (a.cluster === here) || b.share - a.share);
  for (const cluster of order) {
    const own = map.points.filter((point) => point[2] === cluster.cluster);
    const [x, y] = place([0, 1].map((n) => median(own.map((point) => point[n]))));
    if (taken.some(([tx, ty]) => Math.abs(tx - x) < 2.4 * size && Math.abs(ty - y) < 1.3 * size)) continue;
    taken.push([x, y]);
    pen.strokeText(cluster.name.slice(0, NAMED), x, y);
    pen.fillText(cluster.name.slice(0, NAMED), x, y);
  }
}

function drawCursor(pen, [x, y], style) {
  pen.strokeStyle = style.getPropertyValue("--red");
  pen.lineWidth = 2.5;
  pen.beginPath();
  pen.arc(x, y, 9, 0, 7);
  pen.stroke();
}

const median = (numbers) => numbers.sort((a, b) => a - b)[numbers.length >> 1];

function clusterAt([x, y]) {
  let best = null, least = Infinity;
  for (const [px, py, number] of map.points) {
    const distance = (px - x) ** 2 + (py - y) ** 2;
    if (distance < least) [best, least] = [number, distance];
  }
  return map.clusters.find((one) => one.cluster === best);
}

/** A place always gives the same poem. */
const seedAt = ([x, y]) => (Math.round((x + 2) * 50) * 1000 + Math.round((y + 2) * 50));

function go(place) {
  at = place.map((one) => Math.max(-1, Math.min(1, one)));
  draw();
  const cluster = clusterAt(at);
  const share = `${(100 * cluster.share).toFixed(1)}%`;
  kind.textContent = t(`这一带多写「${[...cluster.name].join("、")}」，占 ${share}`, `Around here: ${[...cluster.name].join(", ")}; ${share} of all`);
  writeHere(cluster);
}

const writeHere = later(async (cluster) => {
  const box = $("#realm-verse");
  box.setAttribute("aria-busy", "true");
  try {
    const asked = { cluster: String(cluster.cluster), form: "五绝", seed: seedAt(at) };
    const { poems } = await ask("/v1/poem", asked);
    box.replaceChildren(verse(poems[0]));
    setLink("realm", { x: at[0].toFixed(2), y: at[1].toFixed(2) });
    $("#realm-error").textContent = "";
  } catch (error) {
    $("#realm-error").textContent = error.message;
  } finally {
    box.removeAttribute("aria-busy");
  }
}, 120);

function placeOf(event) {
  const box = canvas.getBoundingClientRect();
  const part = (one, start, size) => ((one - start) / size) * 2 - 1;
  return [frame.x + part(event.clientX, box.left, box.width) * frame.reach, frame.y - part(event.clientY, box.top, box.height) * frame.reach];
}

/** A click before the map has come waits for it. */
async function clicked(event) {
  await load();
  if (map) go(placeOf(event));
}

function moveByKey(event) {
  const step = { ArrowLeft: [-0.08, 0], ArrowRight: [0.08, 0], ArrowUp: [0, 0.08], ArrowDown: [0, -0.08] }[event.key];
  if (step) {
    event.preventDefault();
    const [x, y] = at || [0, 0];
    go([x + step[0], y + step[1]]);
  } else if (event.key === "Enter" && map) go(at || [0, 0]);
}

// --- the way from one poem to another

async function layPath(event) {
  event.preventDefault();
  const form = $("#path-form");
  clearErrors(form);
  const { from = "", to = "" } = valuesOf(form);
  try {
    const { poems } = await ask("/v1/poem", { interpolate: [from, to], steps: STEPS });
    way = poems;
    $("#path").hidden = false;
    showStep();
  } catch (error) {
    showError(form, error);
  }
}

function showStep() {
  const slider = $("#path-step");
  const poem = way[slider.value];
  if (!poem) return;
  slider.setAttribute("aria-valuetext", `${Number(slider.value) + 1} / ${way.length}`);
  $("#path-verse").replaceChildren(verse(poem));
}

// --- neighbours

async function visit(event) {
  event?.preventDefault();
  const form = $("#near-form");
  clearErrors(form);
  const { near = "", radius } = valuesOf(form);
  const box = $("#near-verses");
  box.setAttribute("aria-busy", "true");
  try {
    const { poems } = await ask("/v1/poem", { near, radius: Number(radius), count: 4, seed: 1 });
    box.replaceChildren(...poems.map((poem) => el("div", { className: "card" }, verse(poem))));
  } catch (error) {
    showError(form, error);
  } finally {
    box.removeAttribute("aria-busy");
  }
}

export function start() {
  canvas.addEventListener("click", clicked);
  canvas.addEventListener("keydown", moveByKey);
  $("#path-form").addEventListener("submit", layPath);
  $("#path-step").addEventListener("input", showStep);
  $("#near-form").addEventListener("submit", visit);
  window.addEventListener("resize", later(draw));
  document.addEventListener("redraw", draw);
  document.addEventListener("neighbours", ({ detail }) => {
    location.hash = "#realm";
    fill($("#near-form"), { near: detail });
    visit();
    $("#near-form").scrollIntoView({ block: "center" });
  });
}

export async function open({ x, y }) {
  await load();
  draw();
  if (x !== undefined && map) go([Number(x) || 0, Number(y) || 0]);
  else if (map && !at) kind.textContent = english() ? "Click a place." : "点一个地方。";
}
