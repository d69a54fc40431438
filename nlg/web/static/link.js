// A panel's request in the address: #poem?theme=秋思&seed=7
export function readLink() {
  const [name, query = ""] = location.hash.slice(1).split("?");
  return { name, values: Object.fromEntries(new URLSearchParams(query)) };
}

/** The address that asks the same again. */
export function linkTo(name, values) {
  const query = new URLSearchParams(values).toString();
  return `${location.origin}${location.pathname}#${name}${query ? `?${query}` : ""}`;
}

/** Put it into the address bar, without a new entry in the history. */
export function setLink(name, values) {
  history.replaceState(null, "", linkTo(name, values));
}
