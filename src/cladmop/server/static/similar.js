/** Past trials that resemble this one, and how often such trials succeeded. */

import { h } from "./dom.js";
import { count, percent, percentRange } from "./format.js";
import { rateScale } from "./scale.js";
import { get } from "./state.js";

const OUTCOMES = { successful: "successful", unproven: "unproven", stopped: "stopped" };
const REGISTRY = "https://clinicaltrials.gov/";

export function similar() {
  const { similar: found, similarError, model } = get();
  const holder = h("section", { class: "similar", "aria-labelledby": "similar-title" }, h("h2", { id: "similar-title" }, "Similar past trials"));
  if (model && !model.index) holder.append(h("p", { class: "hint" }, "This server holds no index of past trials."));
  else if (similarError) holder.append(h("p", { class: "error", role: "alert" }, similarError));
  else if (!found) holder.append(h("p", { class: "waiting" }, "Looking through past trials …"));
  else holder.append(...content(found));
  return holder;
}

/** @param {any} found answer of POST /similar */
function content(found) {
  return [
    found.trials.length ? table(found.trials) : h("p", { class: "hint" }, "No past trial to compare with."),
    found.base_rates.length > 0 && h("h3", {}, "How often past trials succeeded"),
    found.base_rates.length > 0 && rates(found.base_rates),
    found.source && h("p", { class: "note" }, found.source),
  ].filter(Boolean);
}

/** @param {any[]} trials */
function table(trials) {
  const head = ["Trial", "Phase", "Start", "Outcome", "Similarity"];
  return h(
    "table",
    { class: "stack" },
    h("caption", { class: "hidden-text" }, "Nearest past trials, most similar first"),
    h("thead", {}, h("tr", {}, ...head.map((name) => h("th", { scope: "col" }, name)))),
    h("tbody", {}, ...trials.map(trialRow)),
  );
}

/** @param {any} trial */
function trialRow(trial) {
  const outcome = Object.hasOwn(OUTCOMES, trial.outcome) ? trial.outcome : "unknown";
  return h(
    "tr",
    {},
    h("th", { scope: "row", dir: "auto" }, link(trial), " ", trial.title),
    h("td", { "data-name": "Phase", class: "short" }, trial.phase ?? ""),
    h("td", { "data-name": "Start", class: "short" }, (trial.start_date ?? "").slice(0, 7) || "unknown"),
    h("td", { "data-name": "Outcome" }, h("span", { class: `outcome ${outcome}` }, trial.outcome), trial.reason && h("span", { class: "soft" }, ` ${trial.reason}`)),
    h("td", { "data-name": "Similarity", class: "number" }, trial.similarity.toFixed(2)),
  );
}

/** @param {any} trial */
function link(trial) {
  // Only the registry is linked to, whatever an index says.
  if (!String(trial.link ?? "").startsWith(REGISTRY)) return trial.nct_id;
  return h("a", { href: trial.link, rel: "noopener noreferrer", target: "_blank" }, trial.nct_id);
}

/** @param {any[]} baseRates */
function rates(baseRates) {
  return h(
    "table",
    { class: "rates" },
    h("caption", { class: "hidden-text" }, "Share of successful past trials with its 95% interval"),
    h("thead", {}, h("tr", {}, ...["Of", "Successful", "Share, 0 to 100%", "95% interval"].map((name) => h("th", { scope: "col" }, name)))),
    h("tbody", {}, ...baseRates.map(rateRow)),
  );
}

/** @param {any} rate */
function rateRow(rate) {
  const known = rate.trials > 0 && typeof rate.rate === "number";
  const words = known ? `${percent(rate.rate)}, interval ${percentRange(rate)}` : "unknown";
  return h(
    "tr",
    {},
    h("th", { scope: "row", dir: "auto" }, rate.of),
    h("td", { class: "number" }, `${count(rate.successes)} of ${count(rate.trials)}`),
    h("td", { class: "drawn" }, known && rateScale({ value: rate.rate, low: rate.low, high: rate.high, words })),
    h("td", { class: "number" }, known ? h("strong", {}, percent(rate.rate)) : "unknown", known && h("span", { class: "soft" }, ` ${percentRange(rate)}`)),
  );
}
