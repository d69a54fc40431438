// Small helpers: find and make elements, both languages, notes that pass.

export const $ = (selector, root = document) => root.querySelector(selector);
export const all = (selector, root = document) => [...root.querySelectorAll(selector)];

/** Make an element; `props` are properties, `aria-…`, `data-…` and `on…`. */
export function el(name, props = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(props)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (key.includes("-") || key === "role" || key === "for") made.setAttribute(key, value);
    else made[key] = value;
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

export const english = () => document.documentElement.lang === "en";

/** The one of two texts that is in the language of the page. */
export const t = (chinese, inEnglish) => (english() ? inEnglish : chinese);

/** Show the texts of the page in its language. */
export function translate() {
  swap("data-en", (node) => node.textContent, (node, text) => { node.textContent = text; });
  for (const name of ["placeholder", "label"]) {
    const attribute = name === "label" ? "aria-label" : name;
    swap(`data-en-${name}`, (node) => node.getAttribute(attribute), (node, text) => node.setAttribute(attribute, text));
  }
}

function swap(attribute, read, write) {
  for (const node of all(`[${attribute}]`)) {
    const kept = attribute.replace("data-en", "data-zh");
    if (!node.hasAttribute(kept)) node.setAttribute(kept, read(node));
    write(node, node.getAttribute(english() ? attribute : kept));
  }
}

/** The values of a form that are not empty. */
export function valuesOf(form) {
  const pairs = [...new FormData(form)].map(([name, value]) => [name, value.trim()]);
  return Object.fromEntries(pairs.filter(([, value]) => value !== ""));
}

export function fill(form, values) {
  for (const [name, value] of Object.entries(values)) {
    const field = form.elements[name];
    if (!field) continue;
    if (field.type === "checkbox") field.checked = value === "1";
    else field.value = value;
  }
}

export function later(action, wait = 350) {
  let timer;
  return (...given) => {
    clearTimeout(timer);
    timer = setTimeout(() => action(...given), wait);
  };
}

export function toast(text) {
  const box = $("#toast");
  box.textContent = text;
  box.classList.add("shown");
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => box.classList.remove("shown"), 2200);
}

export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    toast(t("已复制", "Copied"));
  } catch {
    prompt(t("请复制：", "Copy this:"), text);
  }
}

/** A seed that a person can read out. */
export const newSeed = () => crypto.getRandomValues(new Uint32Array(1))[0] % 1_000_000;
