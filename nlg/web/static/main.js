// The page: five panels, one address for each, two languages, light and dark.
import { $, all, english, t, translate } from "./dom.js";
import { readLink } from "./link.js";
import * as poem from "./poem.js";
import * as realm from "./realm.js";
import * as couplet from "./couplet.js";
import * as qa from "./qa.js";
import * as prosody from "./prosody.js";

const PANELS = { poem, realm, couplet, qa, prosody };
const opened = new Set();

function show(name, values) {
  for (const tab of all('[role="tab"]')) {
    const chosen = tab.id === `tab-${name}`;
    tab.setAttribute("aria-selected", String(chosen));
    tab.tabIndex = chosen ? 0 : -1;
    $(`#${tab.getAttribute("aria-controls")}`).hidden = !chosen;
  }
  if (opened.has(name) && !Object.keys(values).length) return;
  opened.add(name);
  PANELS[name].open(values);
}

function follow() {
  const { name, values } = readLink();
  show(name in PANELS ? name : "poem", values);
}

/** Go to a tab; the browser would also move the focus to its panel. */
function choose(event) {
  const tab = event.target.closest("a");
  if (!tab) return;
  event.preventDefault();
  history.pushState(null, "", tab.getAttribute("href"));
  follow();
}

function moveTab(event) {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  const tabs = all('[role="tab"]');
  const next = tabs[(tabs.indexOf(document.activeElement) + step + tabs.length) % tabs.length];
  next.focus();
  next.click();
}

function speak(language) {
  document.documentElement.lang = language;
  document.title = t("诗联问答 · nlg", "Verse · nlg");
  const button = $("#language");
  button.textContent = english() ? "中文" : "English";
  button.lang = english() ? "zh-CN" : "en";
  button.setAttribute("aria-label", english() ? "切换到中文" : "Switch to English");
  translate();
  paint(document.documentElement.dataset.colours);
  localStorage.setItem("language", language);
  document.dispatchEvent(new Event("redraw"));
}

const darkByDefault = matchMedia("(prefers-color-scheme: dark)");

function paint(colours) {
  const dark = colours ? colours === "dark" : darkByDefault.matches;
  if (colours) document.documentElement.dataset.colours = colours;
  $("#colours").textContent = dark ? t("日色", "Light") : t("夜色", "Dark");
  document.dispatchEvent(new Event("redraw"));
  return dark;
}

for (const panel of Object.values(PANELS)) panel.start();
window.addEventListener("hashchange", follow);
$(".tabs").addEventListener("keydown", moveTab);
$(".tabs").addEventListener("click", choose);
$("#language").addEventListener("click", () => speak(english() ? "zh-CN" : "en"));
$("#colours").addEventListener("click", () => {
  const next = paint(document.documentElement.dataset.colours) ? "light" : "dark";
  localStorage.setItem("colours", next);
  paint(next);
});
darkByDefault.addEventListener("change", () => paint(document.documentElement.dataset.colours));
paint(localStorage.getItem("colours") || "");
if (localStorage.getItem("language") === "en") speak("en");
follow();
document.documentElement.dataset.ready = "1";
