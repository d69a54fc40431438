// A poem on the page: columns or rows, tones on a switch, characters that can be kept.
import { el, t } from "./dom.js";

const TONES = { 平: "○", 仄: "●", 多: "◎" };
export const FREE = "_";

export const markAfter = (number) => (number % 2 ? "。" : "，");
export const textOf = (lines) => lines.map((line, n) => line + markAfter(n)).join("");
export const rowsOf = (lines) => lines.map((line, n) => line + markAfter(n) + (n % 2 ? "\n" : "")).join("").trim();

const sizeOf = (poem) => (poem.lines.length > 4 ? "long" : "short");

/** Whether the last character of a line rhymes. */
function rhymes(poem, number) {
  if (!poem.rhyme) return false;
  return number % 2 === 1 || (number === 0 && (poem.pattern || "").includes("首句入韵"));
}

/** Plain verse, to be read only. */
export function verse(poem) {
  return el("div", { className: `verse ${sizeOf(poem)}` }, ...poem.lines.map((line, n) => el("p", { className: "line" }, line + markAfter(n))));
}

/**
 * A verse whose characters are buttons that keep them.
 *
 * `kept` is a set of "line,column"; `changed` is called when it changes.
 */
export function lockable(poem, kept, changed) {
  const box = el("div", { className: `verse lockable ${sizeOf(poem)}`, role: "group", "aria-label": t("点字留住它", "Click characters to keep them") });
  poem.lines.forEach((line, n) => box.append(lineOf(poem, line, n, kept, changed)));
  box.addEventListener("keydown", (event) => moveFocus(box, event));
  const first = box.querySelector("button");
  if (first) first.tabIndex = 0;
  return box;
}

function lineOf(poem, line, n, kept, changed) {
  const characters = [...line].map((character, column) => characterOf(poem, character, n, column, kept, changed));
  const places = [...line].map((_, column) => `${n},${column}`);
  const whole = places.every((place) => kept.has(place));
  const mark = el("button", {
    type: "button", className: "mark", tabIndex: -1, "aria-pressed": String(whole),
    "aria-label": t(`第 ${n + 1} 句`, `line ${n + 1}`), title: t("留住整句", "keep the line"),
    onclick: () => {
      for (const place of places) whole ? kept.delete(place) : kept.add(place);
      changed(`${n},mark`);
    },
  }, markAfter(n));
  mark.dataset.place = `${n},mark`;
  return el("p", { className: "line" }, ...characters, mark);
}

function characterOf(poem, character, n, column, kept, changed) {
  const place = `${n},${column}`;
  const tone = poem.tones?.[n]?.[column] || "";
  const foot = column === poem.lines[n].length - 1 && rhymes(poem, n);
  const button = el("button", {
    type: "button", className: foot ? "char foot" : "char", tabIndex: -1,
    "aria-pressed": String(kept.has(place)), "aria-label": tone ? `${character} ${tone}` : character,
    onclick: () => {
      kept.has(place) ? kept.delete(place) : kept.add(place);
      changed(place);
    },
  }, el("span", { className: "glyph" }, character), el("span", { className: "tone", "aria-hidden": "true" }, TONES[tone] || ""));
  button.dataset.place = place;
  return button;
}

/** Arrow keys go from character to character, whatever way they are written. */
function moveFocus(box, event) {
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const buttons = [...box.querySelectorAll("button")];
  const vertical = box.closest(".vertical");
  const line = buttons.filter((one) => one.closest(".line") === document.activeElement.closest(".line"));
  const across = vertical ? /Left|Right/.test(event.key) : /Up|Down/.test(event.key);
  const jump = across ? line.length * (vertical ? -step : step) : step;
  const next = buttons[buttons.indexOf(document.activeElement) + jump];
  if (!next) return;
  document.activeElement.tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
}

/** What `keep` of the API takes: FREE where nothing is kept. */
export function keepOf(poem, kept) {
  return textOf(poem.lines.map((line, n) => [...line].map((c, column) => (kept.has(`${n},${column}`) ? c : FREE)).join("")));
}
