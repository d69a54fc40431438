// 对联: answers on scrolls, what else could stand at a place, and a check of one's own.
import { $, copy, el, fill, later, t, valuesOf } from "./dom.js";
import { ask } from "./api.js";
import { clearErrors, showError } from "./errors.js";
import { linkTo, setLink } from "./link.js";
import { coupletRule } from "./rules.js";

const FREE = "_";
const form = $("#couplet-form"), result = $("#couplet-result"), rewrite = $("#couplet-rewrite");
let asked = {}, replies = [], shown = 0, kept = new Map(); // place from 0 -> character

function bodyOf({ line = "", reverse, count = "4", keep = "" }) {
  return { line, reverse: Boolean(reverse), count: Number(count), keep, scroll: true, explain: true };
}

async function answer(values) {
  clearErrors(form);
  asked = values;
  setLink("couplet", values);
  result.setAttribute("aria-busy", "true");
  try {
    ({ replies } = await ask("/v1/couplet", bodyOf(values)));
    shown = 0;
    result.hidden = false;
    show();
  } catch (error) {
    showError(form, error);
  } finally {
    result.removeAttribute("aria-busy");
  }
}

const isReverse = () => Boolean(asked.reverse);
const answerOf = (reply) => (isReverse() ? reply.first_line : reply.second_line);

function show() {
  const reply = replies[shown];
  $("#across").textContent = reply.scroll || "";
  $("#across").hidden = !reply.scroll;
  const [given, answered] = isReverse() ? ["#scroll-second", "#scroll-first"] : ["#scroll-first", "#scroll-second"];
  $(given).replaceChildren(...[...(isReverse() ? reply.second_line : reply.first_line)].map((c) => el("span", { className: "char" }, c)));
  $(answered).replaceChildren(...[...answerOf(reply)].map((c, place) => buttonAt(reply, c, place)));
  $("#others").replaceChildren();
  $("#answers").replaceChildren(...replies.map(choice));
  rewrite.hidden = !kept.size;
}

function buttonAt(reply, character, place) {
  const about = reply.places?.find((one) => one.place === place + 1);
  if (!about) return el("span", { className: "char" }, character);
  return el("button", {
    type: "button", className: kept.has(place) ? "char kept" : "char", "aria-label": `${character} ${about.tone}`,
    onclick: (event) => {
      for (const one of result.querySelectorAll(".chosen")) one.classList.remove("chosen");
      event.currentTarget.classList.add("chosen");
      explain(about, place);
    },
  }, character);
}

const percent = (share) => `${(100 * share).toFixed(share < 0.1 ? 1 : 0)}%`;

/** Say what else could stand at a place, and why it does not. */
function explain(about, place) {
  const here = t(
    `「${about.character}」${about.tone}声，对「${about.given}」${about.given_tone}声；模型给它 ${percent(about.probability)}。`,
    `${about.character} (${about.tone}) faces ${about.given} (${about.given_tone}); the model gives it ${percent(about.probability)}.`,
  );
  const rows = about.runners_up.map((other) => el("li", {},
    el("button", { type: "button", className: "glyphs", onclick: () => keep(place, other.character) }, other.character),
    el("span", { className: "bar", "aria-hidden": "true" }, bar(other.probability)),
    el("span", {}, percent(other.probability)),
    el("span", { className: "why" }, other.breaks.length ? other.breaks.map(coupletRule).join(t("；", "; ")) : t("也可以", "could stand too")),
  ));
  const isKept = kept.has(place);
  $("#others").replaceChildren(
    el("p", {}, here, " ", el("button", { type: "button", className: "quiet", onclick: () => (isKept ? letGo(place) : keep(place, about.character)) },
      isKept ? t("不留了", "let go") : t("留住它", "keep it"))),
    el("ul", { className: "others" }, ...rows),
  );
}

function bar(share) {
  const inside = el("i");
  inside.style.setProperty("width", percent(Math.min(1, share)));
  return inside;
}

function keep(place, character) {
  kept.set(place, character);
  rewriteRest();
}

function letGo(place) {
  kept.delete(place);
  show();
}

function rewriteRest() {
  const wish = [...answerOf(replies[shown])].map((_, place) => kept.get(place) || FREE).join("");
  answer({ ...asked, keep: wish });
}

function choice(reply, number) {
  return el("li", {}, el("button", {
    type: "button", className: "answer", "aria-pressed": String(number === shown),
    onclick: () => {
      shown = number;
      show();
      $(`#answers li:nth-child(${number + 1}) button`).focus();
    },
  }, el("span", { className: "glyphs" }, answerOf(reply)), el("span", { className: "score" }, reply.score.toFixed(2))));
}

// --- a couplet of one's own

const check = later(async () => {
  const values = valuesOf($("#couplet-check"));
  const box = $("#couplet-verdict");
  if (!values.first_line || !values.second_line) return box.replaceChildren();
  try {
    box.replaceChildren(...verdict(await ask("/v1/check/couplet", values)));
  } catch (error) {
    box.replaceChildren(el("p", { className: "error" }, error.message));
  }
});

function verdict(found) {
  const faults = (name) => new Set(found.violations.map((one) => one[name]));
  const lines = [[found.first_line, found.tones[0], faults("first_place")], [found.second_line, found.tones[1], faults("second_place")]];
  const rows = lines.map(([line, tones, wrong]) => el("p", { className: "checked" }, ...[...line].map((c, n) => el("span", { className: wrong.has(n + 1) ? "cell wrong" : "cell" },
    el("span", {}, c), el("small", {}, [...tones][n] || "")))));
  const words = found.violations.map((one) => el("li", {}, `${coupletRule(one.kind)}${one.second_place ? t(`（第 ${one.second_place} 字）`, ` (place ${one.second_place})`) : ""}`));
  const end = found.clean ? el("p", { className: "good" }, t("工整，没有犯规。", "No rule is broken.")) : el("ul", { className: "faults" }, ...words);
  return [...rows, end];
}

export function start() {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    kept = new Map();
    answer(valuesOf(form));
  });
  rewrite.addEventListener("click", rewriteRest);
  $("#couplet-check").addEventListener("input", check);
  $("#couplet-check").addEventListener("submit", (event) => event.preventDefault());
  $("#couplet-copy").addEventListener("click", () => {
    const { first_line, second_line, scroll } = replies[shown];
    copy([first_line, second_line, scroll].filter(Boolean).join("\n"));
  });
  $("#couplet-share").addEventListener("click", () => copy(linkTo("couplet", asked)));
}

export function open(values) {
  if (!values.line) return;
  fill(form, values);
  kept = new Map([...(values.keep || "")].flatMap((c, place) => (c === FREE ? [] : [[place, c]])));
  answer(values);
}
