/** A result to keep: printed, copied as JSON, or saved as one file that needs nothing else. */

import { announce, byId, h } from "./dom.js";
import { get } from "./state.js";

const STYLES = ["static/page.css", "static/result.css", "static/print.css"];
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

/** All that is known of the result, as plain values. */
export function resultAsJson() {
  const { trial, version, prediction, explanation, similar, change, model } = get();
  const { title = "", version: release = "", terms = "" } = model ?? {};
  return { saved: new Date().toISOString(), model: { title, version: release, terms }, version, trial, prediction, explanation, similar, whatif: change };
}

/**
 * The result as one HTML document without script; the browser's own serialiser escapes every text.
 * @returns {Promise<string>}
 */
export async function resultAsHtml() {
  const sheets = await Promise.all(STYLES.map(async (path) => (await fetch(new URL(path, document.baseURI))).text()));
  const { model, prediction } = get();
  const page = document.implementation.createHTMLDocument(`${prediction.nctid ?? "Trial"}: probability of success`);
  page.documentElement.lang = "en";
  page.head.prepend(
    h("meta", { charset: "utf-8" }),
    h("meta", { "http-equiv": "Content-Security-Policy", content: POLICY }),
    h("meta", { name: "viewport", content: "width=device-width, initial-scale=1" }),
    h("meta", { name: "color-scheme", content: "light dark" }),
  );
  const result = /** @type {HTMLElement} */ (byId("result").cloneNode(true));
  for (const gone of result.querySelectorAll(".live, button, input, select, textarea, form, script, [hidden]")) gone.remove();
  for (const waiting of result.querySelectorAll("[tabindex], [aria-live]")) waiting.removeAttribute("tabindex");
  const saved = `Saved on ${new Date().toISOString().slice(0, 10)} from cladmop${model?.version ? ` ${model.version}` : ""}. ${model?.terms ?? ""}`;
  page.body.className = "saved";
  page.body.append(h("main", {}, result, h("p", { class: "note" }, saved)));
  // This page's policy lets no style into an element, so it enters the text: our own sheets, of which the print sheet,
  // the last, takes away what only a live page needs.
  const style = `<style>${sheets.join("\n")}</style></head>`;
  return `<!DOCTYPE html>\n${page.documentElement.outerHTML.replace("</head>", () => style)}\n`;
}

/**
 * @param {string | Blob} content
 * @param {string} type
 * @param {string} name
 */
export function download(content, type, name) {
  const url = URL.createObjectURL(content instanceof Blob ? content : new Blob([content], { type }));
  const link = h("a", { href: url, download: name, class: "hidden-text" });
  document.body.append(link);
  link.click();
  link.remove();
  window.setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** @param {string} suffix */
function fileName(suffix) {
  return `cladmop-${get().prediction.nctid ?? "trial"}.${suffix}`;
}

/** @param {() => void} another start again */
export function toolbar(another) {
  const error = h("p", { class: "error", role: "alert" });
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(JSON.stringify(resultAsJson(), null, 2));
      error.textContent = "";
      announce("The result is copied as JSON.");
      button.textContent = "Copied";
      window.setTimeout(() => (button.textContent = "Copy JSON"), 2000);
    } catch {
      error.textContent = "The browser does not let this page copy; save the JSON as a file instead.";
    }
  };
  const saveHtml = async () => {
    try {
      download(await resultAsHtml(), "text/html;charset=utf-8", fileName("html"));
    } catch {
      error.textContent = "The file could not be made, since the server does not answer. Is it still running?";
    }
  };
  const button = h("button", { type: "button", class: "small", id: "copy", onclick: copy }, "Copy JSON");
  return h(
    "div",
    { class: "toolbar live" },
    h("button", { type: "button", class: "small", id: "another", onclick: another }, "Score another trial"),
    h("span", { class: "spring" }),
    h("button", { type: "button", class: "small", onclick: () => window.print() }, "Print"),
    h("button", { type: "button", class: "small", id: "save-html", onclick: saveHtml }, "Save HTML"),
    h("button", { type: "button", class: "small", id: "save-json", onclick: () => download(JSON.stringify(resultAsJson(), null, 2), "application/json", fileName("json")) }, "Save JSON"),
    button,
    error,
  );
}
