// 格律: a poem checked as it is typed.
import { $, el, fill, later, t, valuesOf } from "./dom.js";
import { ask } from "./api.js";
import { clearErrors, showError } from "./errors.js";
import { setLink } from "./link.js";
import { poemRule } from "./rules.js";

const form = $("#prosody-form"), result = $("#prosody-result");
let number = 0; // of the last check: an older answer is dropped

async function check() {
  const mine = ++number;
  const { text = "", book, strict_tones } = valuesOf(form);
  clearErrors(form);
  if (!text) return result.replaceChildren();
  try {
    const found = await ask("/v1/check/poem", { text, book, strict_tones: Boolean(strict_tones) });
    if (mine !== number) return;
    result.replaceChildren(...drawn(found, book));
    setLink("prosody", { text, book });
  } catch (error) {
    if (mine === number) showError(form, error);
  }
}

function drawn(found, book) {
  const faults = new Map(found.violations.map((one) => [`${one.line},${one.place}`, "wrong"]));
  for (const one of found.rescues) {
    faults.set(`${one.line},${one.place}`, "departs");
    faults.set(`${one.by_line},${one.by_place}`, "saves");
  }
  return [verdictOf(found), el("div", { className: "checked-poem" }, ...found.lines.map((line, n) => lineOf(found, line, n, faults))), ...remarks(found, book)];
}

function verdictOf(found) {
  if (!found.form) return el("p", { className: "said silent" }, t("不是五绝、七绝、五律或七律，只看平仄和押韵。", "None of the four forms: only tones and rhyme are looked at."));
  const about = [found.form, found.style, found.pattern].filter(Boolean).join(" · ");
  const free = found.style === "古绝" || found.style === "仄韵诗";
  const end = found.clean ? t("合律", "no rule is broken") : free ? t("不受近体格律所拘", "not bound by these rules") : t(`不合律：${found.violations.length} 处`, `${found.violations.length} faults`);
  return el("p", { className: found.clean || free ? "said good" : "said bad" }, el("strong", {}, end), el("span", { className: "sure" }, about));
}

function lineOf(found, line, n, faults) {
  const pattern = [...(found.patterns[n] || "")];
  return el("p", { className: "checked" }, ...[...line].map((character, column) => el("span", { className: `cell ${faults.get(`${n + 1},${column + 1}`) || ""}` },
    el("small", { className: "pattern" }, pattern[column] || ""), el("span", {}, character), el("small", {}, [...found.tones[n]][column] || ""))));
}

function remarks(found, book) {
  const at = (one) => t(`第 ${one.line} 句「${found.lines[one.line - 1][one.place - 1]}」`, `line ${one.line}, ${found.lines[one.line - 1][one.place - 1]}`);
  const item = (className) => (one) => el("li", { className }, at(one), t("，", ": "), poemRule(one.kind), one.about ? ` (${one.about})` : "");
  const rhyme = found.rhymes[book];
  const words = [];
  if (rhyme?.group) words.push(el("li", {}, t(`押 ${book} ${rhyme.group}：${[...rhyme.feet].join("、")}`, `rhymes in ${rhyme.group} of ${book}: ${rhyme.feet}`)));
  for (const one of found.polyphones.filter((p) => p.reading !== "多")) {
    words.push(el("li", {}, at(one), t(` 读${one.reading}声${one.word ? `，「${one.word}」` : ""}`, ` is read ${one.reading}${one.word ? ` in ${one.word}` : ""}`)));
  }
  if (found.known_lines) words.push(el("li", {}, t(`有 ${found.known_lines} 句是古人写过的`, `${found.known_lines} of its lines are in old poems`)));
  return [el("ul", { className: "faults" }, ...found.violations.map(item("bad"))), el("ul", { className: "remarks" }, ...found.rescues.map(item("")), ...found.notes.map(item("")), ...words)];
}

export function start() {
  form.addEventListener("input", later(check));
  form.addEventListener("submit", (event) => event.preventDefault());
}

export function open(values) {
  fill(form, values);
  check();
}
