// 问答: an answer marked where it stands, who voted for it, and what it rests on.
import { $, all, el, fill, t, toast, valuesOf } from "./dom.js";
import { ask } from "./api.js";
import { clearErrors, showError } from "./errors.js";

const FIRST = ["长江是亚洲第一长河，全长6300余公里，发源于青藏高原的唐古拉山脉，流经十一个省、自治区和直辖市，注入东海。", "黄河流入渤海。"];
const form = $("#qa-form"), list = $("#passages"), result = $("#qa-result");

function addPassage(text = "") {
  const number = list.children.length + 1;
  const area = el("textarea", { name: "passage", rows: 3, value: text, id: `passage-${number}` });
  const drop = el("button", { type: "button", className: "quiet", "aria-label": t(`去掉第 ${number} 段`, `Remove passage ${number}`), onclick: () => { row.remove(); renumber(); } }, "✕");
  const row = el("div", { className: "passage" }, el("label", { className: "field wide" }, el("span", { className: "number" }), area), drop);
  list.append(row);
  renumber();
  return area;
}

function renumber() {
  all(".number", list).forEach((one, n) => { one.textContent = t(`第 ${n + 1} 段`, `Passage ${n + 1}`); });
}

async function read(files) {
  for (const file of files) {
    if (file.size > 900_000) toast(t(`${file.name} 太大`, `${file.name} is too large`));
    else intoEmpty(await file.text());
  }
}

/** Put a text into the first empty passage, else into a new one. */
function intoEmpty(text) {
  const empty = all("textarea", list).find((area) => !area.value.trim());
  if (empty) empty.value = text;
  else addPassage(text);
}

async function answer(event) {
  event.preventDefault();
  clearErrors(form);
  const passages = all("textarea", list).map((area) => area.value).filter((text) => text.trim());
  const { question = "", threshold = "0" } = valuesOf(form);
  result.setAttribute("aria-busy", "true");
  try {
    const found = await ask("/v1/qa", { question, passages, threshold: Number(threshold), top_k: 3, explain: true });
    result.hidden = false;
    result.replaceChildren(...drawn(found, passages));
  } catch (error) {
    showError(form, error);
  } finally {
    result.removeAttribute("aria-busy");
  }
}

const percent = (share) => `${Math.round(100 * share)}%`;

function drawn(found, passages) {
  const head = found.answer ? said(found) : silence(found);
  const others = found.runners_up.filter((one) => one.text && found.answer);
  return [
    head,
    others.length ? el("p", { className: "hint" }, t("其次：", "Next: "), others.map((one) => `${one.text} ${percent(one.confidence)}`).join(t("、", ", "))) : null,
    ...passages.map((text, n) => passage(found, text, n)),
    found.explanation ? el("p", { className: "hint" }, t("底色越深，答案越靠它。", "The darker, the more the answer rests on it.")) : null,
  ].filter(Boolean);
}

function said(found) {
  return el("p", { className: "said" }, el("strong", {}, found.answer), el("span", { className: "sure" }, t(`把握 ${percent(found.confidence)}`, `${percent(found.confidence)} sure`)));
}

/** Say why there is no answer: the passages have none, or it was not sure enough. */
function silence(found) {
  const [best] = found.runners_up;
  if (best) {
    return el("p", { className: "said silent" }, t(`想到了「${best.text}」，但只有 ${percent(best.confidence)} 的把握，不到你要的，就不说了。`, `It thought of ${best.text}, but is only ${percent(best.confidence)} sure, less than you ask for.`));
  }
  const sure = Math.min(...found.votes.map((vote) => vote.no_answer ?? 1));
  return el("p", { className: "said silent" }, t(`这些文字里没有答案：最像的一段，也有 ${percent(sure)} 的可能没有答到。`, `These texts have no answer: the likeliest of them has none with a probability of ${percent(sure)}.`));
}

function passage(found, text, n) {
  const vote = found.votes[n];
  const mine = found.answer && found.passage === n;
  const inside = el("i");
  inside.style.setProperty("width", percent(vote.share));
  const none = vote.no_answer === null ? t("没读", "not read") : t(`没有答案的可能 ${percent(vote.no_answer)}`, `no answer: ${percent(vote.no_answer)}`);
  return el("section", { className: "evidence" },
    el("h3", {}, t(`第 ${n + 1} 段`, `Passage ${n + 1}`), " ", el("span", { className: "vote" }, t(`得票 ${percent(vote.share)}`, `vote ${percent(vote.share)}`), el("span", { className: "bar", "aria-hidden": "true" }, inside), el("small", {}, none))),
    el("p", { className: "text" }, ...(mine ? marked(found, text) : [text])));
}

/** The passage with its answer marked and what it rests on shaded. */
function marked(found, text) {
  const weights = new Map();
  for (const piece of found.explanation?.passage || []) {
    [...piece.text].forEach((_, n) => weights.set(piece.start + n, piece.weight));
  }
  const outside = [...weights].filter(([place]) => place < found.start || place >= found.end);
  const most = Math.max(...outside.map(([, weight]) => weight), 1e-9);
  return [...text].map((character, place) => { // places count characters, as Python does
    const inAnswer = place >= found.start && place < found.end;
    const node = el(inAnswer ? "mark" : "span", {}, character);
    const share = (weights.get(place) || 0) / most;
    if (!inAnswer && share > 0.12) node.style.setProperty("background", `color-mix(in srgb, var(--shade) ${Math.round(70 * share)}%, transparent)`);
    return node;
  });
}

export function start() {
  FIRST.forEach(addPassage);
  $("#passage-more").addEventListener("click", () => addPassage().focus());
  $("#passage-files").addEventListener("change", (event) => read(event.target.files));
  form.addEventListener("submit", answer);
  form.elements.threshold.addEventListener("input", (event) => { $("#sure").textContent = percent(event.target.value); });
  document.addEventListener("redraw", renumber);
  const drop = $("#drop");
  drop.addEventListener("dragover", (event) => { event.preventDefault(); drop.classList.add("over"); });
  drop.addEventListener("dragleave", () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    if (event.dataTransfer.files.length) read(event.dataTransfer.files);
    else intoEmpty(event.dataTransfer.getData("text"));
  });
}

export function open(values) {
  fill(form, values);
}
