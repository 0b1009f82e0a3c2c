/** The criteria text with its drivers marked, each line editable. */

import { focusOn, h } from "./dom.js";
import { widest } from "./scale.js";
import { addButton, lineList } from "./rows.js";
import { get, update } from "./state.js";

/**
 * @typedef {import("./draft.js").Line} Line
 * @typedef {import("./draft.js").Kind} Kind
 */

/** The widest contribution of the explanation, so that all bars of a page share one scale. */
export function sharedLimit() {
  const { explanation } = get();
  return explanation ? widest([...explanation.items, ...explanation.drugs, ...explanation.diseases]) : 1;
}

/** @param {Line} line */
function effectOf(line) {
  const items = get().explanation?.items ?? [];
  return items.find((/** @type {any} */ item) => item.side === line.kind && item.item === (line.from ?? -1) + 1) ?? null;
}

/** @param {() => void} changed called after each edit */
export function criteria(changed) {
  const { explanation, order } = get();
  return h(
    "section",
    { class: "criteria", "aria-labelledby": "criteria-title", "data-part": "criteria" },
    h("div", { class: "section-head" }, h("h2", { id: "criteria-title" }, "Eligibility criteria"), orderSwitch(order)),
    explanation && legend(),
    ...(order === "largest" && explanation ? [sorted(changed)] : [side("inclusion", "Inclusion", changed), side("exclusion", "Exclusion", changed)]),
  );
}

function legend() {
  return h(
    "p",
    { class: "legend" },
    h("span", { class: "key up" }, "+ raises"),
    h("span", { class: "key down" }, "\u2212 lowers"),
    h("span", { class: "key unsure" }, "unsure"),
    h("span", { class: "words" }, "Percentage points by which a line's presence moves the probability; the thin line is its 90% interval."),
  );
}

/** @param {"written" | "largest"} order */
function orderSwitch(order) {
  const choice = (/** @type {"written" | "largest"} */ value, /** @type {string} */ label) =>
    h(
      "label",
      {},
      h("input", {
        type: "radio", name: "order", value, checked: order === value,
        onchange: () => {
          update({ order: value });
          focusOn(document.querySelector(`input[name="order"][value="${value}"]`));
        },
      }),
      h("span", {}, label),
    );
  return h("fieldset", { class: "switch live" }, h("legend", { class: "hidden-text" }, "Order of the criteria"),
    choice("written", "as written"), choice("largest", "largest first"));
}

/** @param {() => void} changed */
function sorted(changed) {
  const { draft } = get();
  if (!draft) return null;
  const size = (/** @type {Line} */ line) => Math.abs(effectOf(line)?.points ?? 0);
  const lines = [...draft.lines.inclusion, ...draft.lines.exclusion].sort((one, other) => size(other) - size(one));
  return lineList({ draft, lines, effect: effectOf, limit: sharedLimit(), sides: true, changed });
}

/**
 * @param {Kind} kind
 * @param {string} title
 * @param {() => void} changed
 */
function side(kind, title, changed) {
  const { draft, explanation } = get();
  if (!draft) return null;
  const lines = draft.lines[kind];
  const redraw = () => {
    update({ draft });
    focusOn(document.querySelector(`#result [data-add="${kind}"] button`));
    changed();
  };
  return h(
    "section",
    { "aria-labelledby": `${kind}-title` },
    h("h3", { id: `${kind}-title` }, title, " ", h("span", { class: "soft" }, String(lines.length))),
    lines.length
      ? lineList({ draft, lines, effect: explanation ? effectOf : undefined, limit: sharedLimit(), changed })
      : h("p", { class: "hint" }, "None given."),
    addButton(kind, draft, redraw),
  );
}
