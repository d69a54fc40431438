// What the server refuses, as a sentence beside the field that it is about.
import { $, all, english } from "./dom.js";
import { Refused } from "./api.js";

const RULES = [ // the server's words, the field, and the same in Chinese
  [/^the acrostic has (\d+) characters, with (\S+) it takes (\d+)/, "acrostic", (n, form, takes) => `藏头给了 ${n} 个字，${form}要 ${takes} 个。`],
  [/^the first line has (\d+) characters, with (\S+) it takes (\d+)/, "first_line", (n, form, takes) => `首句有 ${n} 个字，${form}每句 ${takes} 个。`],
  [/^the (acrostic|first line) .*: '(.)' is no Chinese character/, (part) => part.replace(" ", "_"), (_, c) => `「${c}」不是汉字。`],
  [/^no rhyme '(.*)' in level tone/, "rhyme", (name) => `平声韵里没有「${name}」；例如：一东、七阳、十一尤。`],
  [/^no author '(.*)'; (?:did you mean (\S+)\?)?/, "author", (name, near) => `不认识诗人「${name}」${near ? `；是 ${near} 吗？` : "。"}`],
  [/^the theme .* has no (Chinese character|word)/, "theme", () => "主题里要有汉字的词。"],
  [/^(.) is too rare/, "theme", (c) => `「${c}」太生僻，它不会写；换一个字吧。`],
  [/^line \d+, character \d+: (.+) has (.), (.+) has (.)/, "acrostic", (_, one, __, other) => `同一个位置又要「${one}」又要「${other}」，请改一个。`],
  [/^no (\S+) .*(keeps|rhyme|plan|found)/, null, (form) => `照这些要求写不成${form}；请换一个字，或少留几个。`],
  [/is no 五绝, 七绝, 五律 or 七律/, null, () => "请给一首五绝、七绝、五律或七律：四句或八句，每句五字或七字。"],
  [/are two forms/, null, () => "两首诗要同一种体裁。"],
  [/nothing to answer/, "line", () => "请写一句中文。"],
  [/(\d+) characters, at most (\d+) can be answered/, "line", (n, most) => `有 ${n} 个字，最多 ${most} 个。`],
  [/no answer keeps all rules/, "line", () => "没有对得上的；少留几个字试试。"],
  [/^what to keep, .* has/, "line", () => "留住的字和出句长短不一；请重新对一次。"],
  [/^give a line or a theme/, "line", () => "请写一句上联。"],
  [/^the question is empty/, "question", () => "请写一个问题。"],
  [/^passage (\d+) is empty/, "passage", (n) => `第 ${n} 段是空的。`],
  [/^there is no passage/, "passage", () => "请给一段文字，答案从那里来。"],
  [/the request is too large/, "passage", () => "文字太长了，一次最多约三十万字。"],
  [/^(\d+) passages; send at most (\d+)/, "passage", (n, most) => `有 ${n} 段，最多 ${most} 段。`],
  [/has no Chinese characters/, "text", () => "里面还没有汉字。"],
  [/requests wait already/, null, () => "现在人多，请过一会儿再来。"],
  [/no answer within/, null, () => "等得太久，停下了；请少要一点，或过一会儿再来。"],
];

/** Take the errors of a form away. */
export function clearErrors(form) {
  for (const box of all(".error", form)) box.textContent = "";
  for (const field of all("[aria-invalid]", form)) {
    field.removeAttribute("aria-invalid");
    field.removeAttribute("aria-describedby");
  }
}

/** Show an error beside its field, else at the end of the form. */
export function showError(form, error) {
  if (error.name === "AbortError") return;
  if (!(error instanceof Refused)) console.error(error);
  const [name, text] = understood(error.message);
  const field = name && form.elements[name];
  if (!field || !field.closest) {
    $(".error", form).textContent = text;
    return;
  }
  const beside = fieldError(field);
  beside.textContent = text;
  field.setAttribute("aria-invalid", "true");
  field.setAttribute("aria-describedby", beside.id);
  field.closest("details")?.setAttribute("open", "");
  field.focus();
}

function fieldError(field) {
  const label = field.closest(".field");
  let box = $(".beside-field", label);
  if (!box) {
    box = Object.assign(document.createElement("span"), { className: "error beside-field", id: `error-${field.form.id}-${field.name}` });
    box.setAttribute("role", "alert");
    label.append(box);
  }
  return box;
}

function understood(message) {
  for (const [pattern, field, chinese] of RULES) {
    const found = pattern.exec(message);
    if (!found) continue;
    const name = typeof field === "function" ? field(...found.slice(1)) : field;
    return [name, english() ? message : chinese(...found.slice(1))];
  }
  return [null, message];
}
