/** What if the trial were another one: each edit is scored against the trial as given. */

import { api, isAbort } from "./api.js";
import { announce, h } from "./dom.js";
import { countChanges, createDraft, toTrial } from "./draft.js";
import { percent, plural, pointRange, points, shorten } from "./format.js";
import { changeScale } from "./scale.js";
import { changeInWords } from "./result.js";
import { get, update } from "./state.js";

const WAIT_MS = 300;
const SHOWN = 8;

/** @type {AbortController | null} */
let running = null;
/** @type {number | undefined} */
let timer;
let allShown = false;

/** Ask for the change once the edits pause; an answer to older edits is dropped. */
export function edited() {
  window.clearTimeout(timer);
  running?.abort();
  const { draft } = get();
  if (!draft || countChanges(draft) === 0) return update({ change: null, changing: false, changeError: "" });
  update({ changing: true });
  timer = window.setTimeout(ask, WAIT_MS);
}

async function ask() {
  const { draft, trial } = get();
  if (!draft) return;
  running = new AbortController();
  const { signal } = running;
  try {
    const change = await api.whatIf(trial, toTrial(draft), signal);
    update({ change, changing: false, changeError: "" });
    announce(`${changeInWords(change)}. Association, not cause.`);
  } catch (error) {
    if (!isAbort(error) && !signal.aborted) update({ change: null, changing: false, changeError: /** @type {Error} */ (error).message });
  }
}

/** Take all edits back. */
export function reset() {
  const { trial } = get();
  update({ draft: createDraft(trial) });
  edited();
  announce("All edits are taken back.");
}

/** Forget what belongs to the last trial. */
export function forget() {
  window.clearTimeout(timer);
  running?.abort();
  allShown = false;
}

/** @param {() => void} rescore score the edited trial in full */
export function panel(rescore) {
  const { draft, model } = get();
  const edits = draft ? countChanges(draft) : 0;
  return h(
    "aside",
    { class: "whatif", id: "whatif", "aria-labelledby": "whatif-title", tabindex: "-1" },
    h("h2", { id: "whatif-title" }, "What if"),
    phaseField(model?.phases ?? []),
    outcome(edits),
    edits > 0 &&
      h("div", { class: "actions live" },
        h("button", { type: "button", class: "small", id: "reset", onclick: reset }, "Reset"),
        h("button", { type: "button", class: "small", id: "rescore", onclick: rescore }, "Score the edited trial in full")),
    ranking(),
  );
}

/** @param {string[]} phases */
function phaseField(phases) {
  const { draft } = get();
  if (!draft) return null;
  const given = draft.phase || "not applicable";
  const options = phases.includes(given) ? phases : [given, ...phases];
  const select = h("select", { id: "phase" }, ...options.map((phase) => h("option", { value: phase, selected: phase === given }, phase)));
  select.addEventListener("change", () => {
    draft.phase = select.value;
    edited();
  });
  return h("div", { class: "field row live" }, h("label", { for: "phase" }, "Phase"), select);
}

/** @param {number} edits */
function outcome(edits) {
  const { change, changing, changeError } = get();
  if (changeError) return h("p", { class: "error", role: "alert" }, changeError);
  if (edits === 0) return h("p", { class: "hint live" }, "Edit, remove or add a criterion, drug or disease, or change the phase: the change of the probability shows here. Association, not cause.");
  if (!change) return h("p", { class: "waiting" }, changing ? `Scoring ${plural(edits, "edit")} …` : "");
  return h(
    "div",
    { class: changing ? "change stale" : "change" },
    h("p", { class: "from-to" }, h("span", { class: "soft" }, percent(change.before.probability)), " → ", h("strong", {}, percent(change.after.probability))),
    changeScale(change.before.probability, change.after.probability),
    h("p", {}, h("strong", { class: change.change.points < 0 ? "down" : "up" }, `${points(change.change.points)} points`), ` (90% interval ${pointRange(change.change)})`,
      change.change.sure ? "." : ": not sure, no change lies within it."),
    h("ul", { class: "edits" }, ...change.changed.map((/** @type {string} */ words) => h("li", { dir: "auto" }, words))),
    h("p", { class: "note" }, h("strong", {}, "Association, not cause. "), change.note),
  );
}

function ranking() {
  const { ranking: ranked, draft } = get();
  if (!draft || draft.lines.inclusion.length + draft.lines.exclusion.length === 0) return null;
  const holder = h("section", { class: "ranking live", "aria-labelledby": "ranking-title" }, h("h3", { id: "ranking-title" }, "Which removal would raise it most?"));
  if (ranked === "waiting") holder.append(h("p", { class: "waiting" }, "Leaving out one criterion at a time …"));
  else if (typeof ranked === "string") holder.append(h("p", { class: "error", role: "alert" }, ranked), rankButton());
  else if (!ranked) holder.append(rankButton());
  else holder.append(...removals(ranked));
  return holder;
}

function rankButton() {
  return h("button", { type: "button", class: "small", id: "rank", onclick: rank }, "Rank removals");
}

async function rank() {
  const { trial } = get();
  update({ ranking: "waiting" });
  try {
    const ranked = await api.rank(trial, new AbortController().signal);
    if (get().trial !== trial) return;
    update({ ranking: ranked });
    document.getElementById("ranked")?.focus();
  } catch (error) {
    if (get().trial === trial) update({ ranking: /** @type {Error} */ (error).message });
  }
}

/** @param {any} ranked answer of POST /whatif/rank */
function removals(ranked) {
  const shown = allShown ? ranked.removals : ranked.removals.slice(0, SHOWN);
  const more = () => {
    allShown = true;
    update({ ranking: ranked });
    document.getElementById("ranked")?.focus();
  };
  return [
    h("ol", { class: "ranked", id: "ranked", tabindex: "-1", "aria-label": "Removals, largest rise first" }, ...shown.map(removal)),
    shown.length < ranked.removals.length && h("button", { type: "button", class: "quiet", onclick: more }, `Show all ${ranked.removals.length}`),
    h("p", { class: "note" }, "Association, not cause. ", ranked.note),
  ].filter(Boolean);
}

/** @param {any} one */
function removal(one) {
  const { draft } = get();
  const line = draft?.lines[/** @type {import("./draft.js").Kind} */ (one.side)][one.item - 1];
  const name = `${one.side} criterion ${one.item}`;
  const id = `try-${one.side}-${one.item}`;
  const toggle = () => {
    if (!line) return;
    line.removed = !line.removed;
    update({ draft });
    edited();
    document.getElementById(id)?.focus();
  };
  return h(
    "li",
    {},
    h("span", { class: `points ${one.points < 0 ? "down" : "up"}${one.sure ? "" : " pale"}`, title: `90% interval ${pointRange(one)}` }, points(one.points)),
    h("span", { class: "words", dir: "auto" }, h("span", { class: "place" }, `${one.side === "inclusion" ? "incl." : "excl."} ${one.item}`), ` ${shorten(one.text, 90)}`,
      h("span", { class: "soft" }, ` (${pointRange(one)}${one.sure ? ", sure" : ""})`)),
    h("button", { type: "button", class: "quiet", id, "aria-pressed": String(Boolean(line?.removed)), "aria-label": `Try without ${name}`, onclick: toggle }, line?.removed ? "Undo" : "Try"),
  );
}

/** A line at the foot of a narrow screen, where the panel is out of sight. */
export function peek() {
  const { change, draft } = get();
  if (!change || !draft || countChanges(draft) === 0) return h("div", { class: "peek live", hidden: true });
  return h("div", { class: "peek live" }, h("a", { href: "#whatif" }, h("strong", {}, changeInWords(change)), h("span", {}, " association, not cause")));
}
