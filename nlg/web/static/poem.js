// 作诗: on demand or at random, written before one's eyes, kept in part and rewritten.
import { $, copy, el, fill, newSeed, t, toast, valuesOf } from "./dom.js";
import { events } from "./api.js";
import { drawCard, save } from "./card.js";
import { clearErrors, showError } from "./errors.js";
import { linkTo, setLink } from "./link.js";
import { keepOf, lockable, rowsOf, textOf } from "./verse.js";

const form = $("#poem-form"), box = $("#poem-verses"), tools = $("#poem-tools");
const again = $("#poem-again");
let asked = {}; // the values that the poems on the page are of
let running = null;

const switches = () => Object.fromEntries([...tools.querySelectorAll("input")].map((one) => [one.name, one.checked]));

/** The body of the API for the values of the form. */
function bodyOf(values, how) {
  const { count = "1", seed, ...rest } = values;
  const body = { ...rest, count: Number(count), seed: Number(seed), traditional: how.traditional };
  // One poem on demand comes line by line if it is the only draft.
  if (isOnDemand(rest) && count === "1") body.candidates = 1;
  return body;
}

const isOnDemand = (values) => Object.keys(values).some((name) => name !== "form");

async function write(values) {
  running?.abort();
  const mine = (running = new AbortController());
  clearErrors(form);
  asked = values;
  setLink("poem", values);
  box.replaceChildren();
  box.setAttribute("aria-busy", "true");
  $("#poem-said").textContent = "";
  $("#poem-hint").hidden = true;
  tools.hidden = again.hidden = false;
  showHow();
  const poems = [];
  try {
    for await (const [name, poem] of events("/v1/poem", bodyOf(values, switches()), mine.signal)) {
      if (name === "done") break;
      if (name === "lines" && poems.length) box.lastChild.remove();
      if (name === "lines") poems[0] = poem;
      else poems.push(poem);
      box.append(card(poem, name === "lines"));
    }
    $("#poem-said").textContent = poems.map((poem) => textOf(poem.lines)).join(" ");
    $("#poem-hint").hidden = !poems.length;
  } catch (error) {
    if (mine !== running) return;
    tools.hidden = !poems.length;
    showError(form, error);
  } finally {
    if (mine === running) box.removeAttribute("aria-busy");
  }
}

function card(poem, coming) {
  const kept = new Set();
  const holder = el("div", { className: "paper" });
  const rewrite = el("button", { type: "button", className: "go small", hidden: true, onclick: () => rewriteRest(poem, kept) }, t("改写其余", "Rewrite the rest"));
  const draw = (place) => {
    holder.replaceChildren(lockable(poem, kept, draw));
    rewrite.hidden = !kept.size;
    if (place) {
      const button = holder.querySelector(`[data-place="${place}"]`);
      holder.querySelector('[tabindex="0"]').tabIndex = -1;
      button.tabIndex = 0;
      button.focus();
    }
  };
  draw();
  if (coming) holder.querySelector(".line:last-child").classList.add("arriving");
  return el("article", { className: "card" }, holder, el("p", { className: "facts" }, factsOf(poem)), el("div", { className: "actions" }, rewrite, ...actionsOf(poem)));
}

function factsOf(poem) {
  const parts = [poem.form];
  if (poem.rhyme) parts.push(t(`押${poem.rhyme}`, `rhymes in ${poem.rhyme}`));
  if (poem.pattern) parts.push(poem.pattern);
  parts.push(t(`种子 ${poem.seed}`, `seed ${poem.seed}`));
  return parts.join(" · ");
}

function actionsOf(poem) {
  const quiet = (text, onclick) => el("button", { type: "button", className: "quiet", onclick }, text);
  return [
    quiet(t("复制", "Copy"), () => copy(rowsOf(poem.lines))),
    quiet(t("链接", "Link"), () => copy(linkTo("poem", asked))),
    quiet(t("存成图片", "Picture"), () => save(drawCard(poem, asked.theme || ""), poem.lines[0])),
    quiet(t("看邻居", "Neighbours"), () => document.dispatchEvent(new CustomEvent("neighbours", { detail: textOf(poem.lines) }))),
  ];
}

function rewriteRest(poem, kept) {
  const { first_line, ...rest } = asked;
  write({ ...rest, form: poem.form, keep: keepOf(poem, kept), seed: String(newSeed()) });
}

/** Keep to the switches; traditional characters come from the server. */
function showHow() {
  const how = switches();
  box.classList.toggle("vertical", how.vertical);
  box.classList.toggle("with-tones", how.tones);
}

export function start() {
  const fresh = () => ({ ...valuesOf(form), seed: String(newSeed()) });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    write(fresh());
  });
  again.addEventListener("click", () => write({ ...asked, seed: String(newSeed()) }));
  tools.addEventListener("change", (event) => {
    if (event.target.name === "traditional") write(asked);
    else showHow();
  });
}

/** Ask what an address says. */
export function open(values) {
  if (!Object.keys(values).length) return;
  fill(form, values);
  if (values.author || values.rhyme || values.first_line) $("details", form).open = true;
  write({ seed: "1", ...values });
  toast(t("照链接里的要求作诗", "Writing what the link asks for"));
}
