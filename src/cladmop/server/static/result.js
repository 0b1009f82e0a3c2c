/** The result of one trial: its probability beside its base rate, and what speaks for caution. */

import { h } from "./dom.js";
import { count, percent, percentRange, phaseGroup, plural, points, setInWords } from "./format.js";
import { resultScale } from "./scale.js";
import { get } from "./state.js";

/** The head of the result, with the one figure that people came for. */
export function hero() {
  const { prediction, trial, version } = get();
  const facts = [prediction.nctid, trial.phase && trial.phase !== "not applicable" ? trial.phase : "no phase stated"];
  return h(
    "section",
    { class: "hero", "aria-labelledby": "result-title" },
    h("p", { class: "facts" }, facts.filter(Boolean).join(" · ")),
    h("h1", { id: "result-title", tabindex: "-1", dir: "auto" }, prediction.title || prediction.nctid || "Trial without a title"),
    version && h("p", { class: "hint" }, version),
    figure(prediction),
    scale(prediction),
    h("ul", { class: "readings" }, ...readings(prediction, get().model?.tested).map((words) => h("li", {}, words))),
    outside(prediction),
    warnings(prediction.warnings),
    h("p", { class: "note" }, "What it is: how often past trials that look like this one reached their aim, as a model learned it: an association. What it is not: a cause, a judgement of the drug, or medical advice. ", get().model?.terms),
  );
}

/** @param {any} prediction */
function baseWords(prediction) {
  return `base rate of ${phaseGroup(prediction.base_rate_group)}`;
}

/** @param {any} prediction */
function figure(prediction) {
  const difference = prediction.probability - prediction.base_rate;
  const side = Math.abs(difference) < 0.005 ? "the same as" : difference > 0 ? "above" : "below";
  const distance = side === "the same as" ? "" : `${Math.abs(difference * 100).toFixed(0)} points `;
  return h(
    "p",
    { class: "figure" },
    h("span", { class: "big" }, percent(prediction.probability)),
    h("span", { class: "hidden-text" }, " "),
    h(
      "span",
      { class: "beside" },
      h("strong", {}, "probability of success"),
      h("span", {}, `– ${baseWords(prediction)} ${percent(prediction.base_rate)}`),
      h("span", { class: "soft" }, `${distance}${side} it, which ${count(prediction.base_rate_trials)} training trials gave`),
    ),
  );
}

/** @param {any} prediction */
function scale(prediction) {
  const { low, high, level } = prediction.interval ?? { low: prediction.probability, high: prediction.probability, level: 0.9 };
  return resultScale({
    value: prediction.probability, low, high, level,
    base: prediction.base_rate, baseLabel: baseWords(prediction),
  });
}

/** @param {any} prediction */
function readings({ interval, sets, domain }, tested) {
  const lines = [];
  if (interval) {
    lines.push(`${percent(interval.level)} interval ${percentRange(interval)}: where the figure would lie had the model learned from other samples of such trials.`);
  }
  const widest = [...(sets ?? [])].sort((one, other) => other.level - one.level);
  // The narrower set is worth a line only where it says something else.
  const told = widest.filter((set, index) => index === 0 || set.outcomes.length !== widest[0].outcomes.length);
  if (told.length) lines.push([...told.map(setInWords), heldInTest(tested, told[0].level)].filter(Boolean).join(" "));
  if (domain && !domain.outside) lines.push("The trial lies within what the model has learned from.");
  return lines;
}

/**
 * How often the test split's outcome was in the sets of a level.
 * @param {any} tested of the answer of GET /model
 * @param {number} level
 */
function heldInTest(tested, level) {
  const measured = tested?.coverage?.[String(level)];
  return measured && `Such sets held the outcome of ${percent(measured.covered)} of ${plural(measured.trials, "test trial")} (${tested.data}).`;
}

/** @param {any} prediction */
function outside({ domain }) {
  if (!domain?.outside) return null;
  return h(
    "p",
    { class: "caution", id: "outside" },
    h("strong", {}, "Outside of what the model knows. "),
    "This trial lies farther from those it learned from than 95% of the trials held out of training did. Tests held too few such trials to say how much less their figures are worth.",
  );
}

/** @param {string[]} words */
export function warnings(words) {
  if (!words?.length) return null;
  return h(
    "div",
    { class: "caution" },
    h("strong", {}, words.length === 1 ? "Note" : "Notes"),
    h("ul", {}, ...words.map((word) => h("li", { dir: "auto" }, word))),
  );
}

/** What drives the result, in plain words. */
export function summary() {
  const { explanation, explanationError } = get();
  const holder = h("section", { class: "summary", "aria-labelledby": "summary-title" }, h("h2", { id: "summary-title" }, "In plain words"));
  if (explanationError) holder.append(h("p", { class: "error", role: "alert" }, explanationError));
  else if (!explanation) holder.append(h("p", { class: "waiting" }, "Leaving out each criterion, drug and disease in turn …"));
  else {
    holder.append(...sentences(explanation.summary).map((words) => h("p", { dir: "auto" }, words)));
    if (typeof explanation.rest === "number") holder.append(h("p", { class: "note" }, restInWords(explanation.rest)));
  }
  return holder;
}

/**
 * Cut a text after each sentence, but never within a quotation.
 * @param {string} text
 */
function sentences(text) {
  const ends = [...text.matchAll(/\.\s+(?=[A-Z])|\n+/g)]
    .map((end) => end.index + 1)
    .filter((end) => (text.slice(0, end).match(/"/g) ?? []).length % 2 === 0);
  return [...ends, text.length].map((end, place) => text.slice(ends[place - 1] ?? 0, end).trim()).filter(Boolean);
}

/** @param {number} rest log-odds */
function restInWords(rest) {
  const amount = `${rest < 0 ? "\u2212" : "+"}${Math.abs(rest).toFixed(2)}`;
  return `The figures of single lines do not add up to the score: ${amount} log-odds belong to the rest, which no single removal accounts for.`;
}

/** @param {any} model answer of GET /model */
export function about(model) {
  return h(
    "section",
    { "aria-labelledby": "about-title" },
    h("h2", { id: "about-title" }, "About the model"),
    h("p", {}, [model.title, model.version && `version ${model.version}`].filter(Boolean).join(", ")),
    model.trained_on && h("p", {}, h("strong", {}, "Learned from: "), model.trained_on),
    rates(model.base_rates),
    model.coverage && h("p", {}, h("strong", {}, "Checked: "), coverage(model.coverage)),
    model.tested && h("p", {}, h("strong", {}, "Tested: "), tested(model.tested)),
    model.terms && h("p", {}, h("strong", {}, "Terms: "), model.terms),
    h("p", {}, "The page and the model run on this server; nothing is sent elsewhere."),
  );
}

/** @param {any} baseRates by phase group */
function rates(baseRates) {
  const parts = Object.entries(baseRates).map(
    ([group, { rate, trials }]) => `${phaseGroup(group)} ${percent(rate)} of ${plural(trials, "trial")}`,
  );
  return h("p", {}, h("strong", {}, "Base rates: "), parts.join(", "));
}

/** @param {any} found what a test split said */
function tested({ data, trials, coverage: sets, ece, brier, roc_auc: auc }) {
  const before = (/** @type {any} */ one) => `${one.before.value.toFixed(3)} before calibration, ${interval(one.after)} after`;
  const levels = Object.entries(sets).map(([level, one]) => `${percent(Number(level))} sets held ${(one.covered * 100).toFixed(1)}% (${(one.low * 100).toFixed(1)} to ${(one.high * 100).toFixed(1)}%) of outcomes`);
  return `${data}, ${plural(trials, "trial")}: ${levels.join(", ")}; ROC-AUC ${interval(auc)}; calibration error ${before(ece)}; Brier score ${before(brier)} (95% intervals).`;
}

/** @param {{value: number, low: number, high: number}} estimate */
function interval({ value, low, high }) {
  return `${value.toFixed(3)} (${low.toFixed(3)} to ${high.toFixed(3)})`;
}

/** @param {any} measured by level, as "0.9" */
function coverage(measured) {
  return Object.entries(measured)
    .sort(([one], [other]) => Number(other) - Number(one))
    .map(([level, { covered, low, high, trials }]) =>
      `of ${plural(trials, "trial")} that it had not learned from, the outcome was among those not ruled out at ` +
      `${percent(Number(level))} in ${(covered * 100).toFixed(1)}% (${(low * 100).toFixed(1)} to ${(high * 100).toFixed(1)}%)`)
    .join("; ") + ".";
}

/**
 * The difference that a set of edits makes, as one line.
 * @param {any} change answer of POST /whatif
 */
export function changeInWords({ before, after, change }) {
  return `${percent(before.probability)} → ${percent(after.probability)}, ${points(change.points)} points`;
}
