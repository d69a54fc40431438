// Ask the server: JSON in, JSON or server-sent events out.
import { $, t } from "./dom.js";

export class Refused extends Error {}

let token = sessionStorage.getItem("token") || "";

async function send(path, body, accept, signal) {
  for (;;) {
    const headers = { accept };
    if (body) headers["content-type"] = "application/json";
    if (token) headers.authorization = `Bearer ${token}`;
    let answer;
    try {
      answer = await fetch(path, { method: body ? "POST" : "GET", headers, body: body && JSON.stringify(body), signal });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new Refused(t("连不上服务器；它还开着吗？", "The server cannot be reached; is it running?"));
    }
    if (answer.status === 401) {
      await askForToken();
      continue;
    }
    if (!answer.ok) throw new Refused((await answer.json()).error);
    return answer;
  }
}

async function askForToken() {
  const dialog = $("#token");
  dialog.showModal();
  await new Promise((done) => dialog.addEventListener("close", done, { once: true }));
  token = dialog.querySelector("input").value.trim();
  if (!token) throw new Refused(t("没有口令，问不了。", "Without a token nothing can be asked."));
  sessionStorage.setItem("token", token);
}

export async function ask(path, body, signal) {
  return (await send(path, body, "application/json", signal)).json();
}

/** Yield [name, value] of each event. */
export async function* events(path, body, signal) {
  const answer = await send(path, body, "text/event-stream", signal);
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const blocks = (rest + value).split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) {
      const [name, data] = block.split("\n");
      const found = JSON.parse(data.slice("data: ".length));
      if (name === "event: error") throw new Refused(found.error);
      yield [name.slice("event: ".length), found];
    }
  }
}
