/** Where the page begins: views, and the way from a trial to its result. */

import { api, isAbort, onTokenWanted } from "./api.js";
import { startBatchForm } from "./batch.js";
import { showConfirmation } from "./confirm.js";
import { criteria } from "./criteria.js";
import { announce, byId, focusOn, h } from "./dom.js";
import { createDraft, toTrial } from "./draft.js";
import { diseases, drugs } from "./drugs.js";
import { percent } from "./format.js";
import { about, hero, summary } from "./result.js";
import { toolbar } from "./share.js";
import { similar } from "./similar.js";
import { fillPhases, startForm } from "./start.js";
import { get, update, watch } from "./state.js";
import { askForToken } from "./token.js";
import { edited, forget, panel, peek } from "./whatif.js";

/** @typedef {"start" | "confirm" | "result" | "portfolio"} View */

/** @type {View[]} */
const VIEWS = ["start", "confirm", "result", "portfolio"];
/** @type {View} */
let trialView = "start";
/** @type {AbortController | null} */
let scoring = null;

/** @param {View} view */
function show(view) {
  for (const each of VIEWS) byId(each).hidden = each !== view;
  if (view !== "portfolio") {
    trialView = view;
    // A result may come in while the portfolio is on show: the address follows.
    if (location.hash === "#portfolio") history.replaceState(null, "", "#trial");
  }
  for (const link of document.querySelectorAll("[data-view]")) {
    const current = (link.getAttribute("data-view") === "portfolio") === (view === "portfolio");
    if (current) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

function followHash() {
  if (location.hash === "#portfolio") {
    show("portfolio");
    focusOn(byId("portfolio-title"));
  } else if (location.hash === "#trial") {
    show(trialView);
  }
}

/**
 * Score a trial and show all about it; the figure comes first, the rest as it arrives.
 * @param {any} given
 * @param {string} version
 */
async function score(given, version) {
  scoring?.abort();
  scoring = new AbortController();
  const { signal } = scoring;
  const prediction = await api.predict(given, signal);
  const { trial } = prediction;
  forget();
  update({
    trial, version, prediction, draft: createDraft(trial), explanation: null, explanationError: "", similar: null,
    similarError: "", change: null, changeError: "", changing: false, ranking: null, order: "written",
  });
  drawResult();
  show("result");
  window.scrollTo(0, 0);
  focusOn(byId("result-title"));
  announce(`Probability of success ${percent(prediction.probability)}, base rate ${percent(prediction.base_rate)}.`);
  fill(api.explain(trial, signal), "explanation");
  if (get().model?.index !== null) fill(api.similar(trial, signal), "similar");
}

/**
 * @param {Promise<any>} answer
 * @param {"explanation" | "similar"} name
 */
async function fill(answer, name) {
  try {
    update({ [name]: await answer });
  } catch (error) {
    if (!isAbort(error)) update({ [`${name}Error`]: /** @type {Error} */ (error).message });
  }
}

/** @type {Object<string, {keys: string[], draw: () => HTMLElement}>} */
const PARTS = {
  summary: { keys: ["explanation", "explanationError"], draw: summary },
  criteria: { keys: ["explanation", "draft", "order"], draw: () => criteria(edited) },
  drugs: { keys: ["explanation", "draft"], draw: () => drugs(edited) },
  diseases: { keys: ["explanation", "draft"], draw: () => diseases(edited) },
  // Before the panel, so that it stays at the foot of a narrow screen until the panel itself comes into sight.
  peek: { keys: ["change", "draft"], draw: peek },
  whatif: { keys: ["change", "changing", "changeError", "draft", "ranking", "model"], draw: () => panel(rescore) },
  similar: { keys: ["similar", "similarError", "model"], draw: similar },
};

function drawResult() {
  const parts = Object.entries(PARTS).map(([name, { draw }]) => h("div", { class: `part ${name}-part`, id: `part-${name}` }, draw()));
  byId("result").replaceChildren(toolbar(another), h("div", { class: "layout" }, h("div", { class: "part hero-part" }, hero()), ...parts));
}

/**
 * Draw a part again, but never under the hands of somebody who is writing in it.
 * @param {string} name
 */
function redraw(name) {
  const holder = document.getElementById(`part-${name}`);
  if (!holder) return;
  if (holder.querySelector(".line-form")) {
    holder.addEventListener("lineclosed", () => redraw(name), { once: true });
    return;
  }
  const { id } = document.activeElement ?? { id: "" };
  const held = holder.contains(document.activeElement) && id;
  holder.replaceChildren(PARTS[name].draw());
  if (held) document.getElementById(id)?.focus();
}

async function rescore() {
  const { draft, version } = get();
  if (!draft) return;
  try {
    await score(toTrial(draft), version && `${version}; edited here`);
  } catch (error) {
    if (!isAbort(error)) update({ changeError: /** @type {Error} */ (error).message });
  }
}

function another() {
  scoring?.abort();
  forget();
  show("start");
  focusOn(byId("box"));
}

/** @param {any} read answer of POST /read */
function confirm(read) {
  show("confirm");
  showConfirmation(read, {
    cancel: another,
    score: async (trial) => {
      try {
        await score(trial, "");
        return "";
      } catch (error) {
        return /** @type {Error} */ (error).message;
      }
    },
  });
}

async function loadModel() {
  try {
    const model = await api.model();
    update({ model });
    fillPhases();
    byId("about").replaceChildren(about(model));
  } catch (error) {
    byId("box-error").textContent = /** @type {Error} */ (error).message;
  }
}

onTokenWanted(askForToken);
for (const [name, { keys }] of Object.entries(PARTS)) watch(keys, () => redraw(name));
startForm({ score, confirm });
startBatchForm();
window.addEventListener("hashchange", followHash);
followHash();
await loadModel();
