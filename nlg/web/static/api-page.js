// The API, from its own OpenAPI: each path with examples that can be sent.
import { $, el } from "./dom.js";
import { ask } from "./api.js";

const shown = (value) => JSON.stringify(value, null, 2);

function tryOut(path, operation) {
  const { schema, examples } = operation.requestBody.content["application/json"];
  const names = Object.keys(examples);
  const body = el("textarea", { rows: 6, value: shown(examples[names[0]].value), spellcheck: false });
  const choice = el("select", { onchange: () => { body.value = shown(examples[choice.value].value); } }, ...names.map((name) => el("option", {}, name)));
  const answer = el("pre", { hidden: true, tabIndex: 0, "aria-live": "polite" });
  const send = el("button", { className: "go", onclick: () => sendBody(path, body.value, answer) }, "POST");
  const fields = (schema.anyOf || [schema]).map((one) => el("p", { className: "hint" }, `${one.title}: ${Object.keys(one.properties).join(", ")}`));
  return el("article", { className: "ask" }, el("h2", {}, `POST ${path}`), el("p", {}, operation.summary), ...fields,
    el("label", { className: "field" }, el("span", {}, "Example"), choice),
    el("label", { className: "field" }, el("span", {}, "Body"), body), el("div", { className: "actions" }, send), answer);
}

async function sendBody(path, text, answer) {
  answer.hidden = false;
  answer.textContent = "…";
  try {
    answer.textContent = shown(await ask(path, JSON.parse(text)));
  } catch (error) {
    answer.textContent = error.message;
  }
}

const { paths } = await ask("/openapi.json");
const posts = Object.entries(paths).filter(([, one]) => one.post);
const gets = Object.entries(paths).filter(([, one]) => one.get);
$("#paths").append(
  ...posts.map(([path, one]) => tryOut(path, one.post)),
  ...gets.map(([path, one]) => el("article", { className: "ask" }, el("h2", {}, "GET ", el("a", { href: path }, path)), el("p", {}, one.get.summary))),
);
document.documentElement.dataset.ready = "1";
