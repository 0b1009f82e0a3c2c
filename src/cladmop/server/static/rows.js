/** A list of lines of the trial (criteria, drugs or diseases): what each contributes, and its editing in place. */

import { addLine, lineChanged, removeLine, restoreLine } from "./draft.js";
import { focusOn, h } from "./dom.js";
import { pointRange, points } from "./format.js";
import { effectBar } from "./scale.js";

/**
 * @typedef {import("./draft.js").Line} Line
 * @typedef {import("./draft.js").Kind} Kind
 * @typedef {{points: number, low: number, high: number, sure: boolean}} Effect
 *
 * @typedef {Object} Options
 * @property {import("./draft.js").Draft} draft
 * @property {Line[]} lines those shown, in this order
 * @property {(line: Line) => Effect | null} [effect] contribution of a line; none while the trial was not scored
 * @property {number} [limit] what half a bar's width stands for
 * @property {boolean} [sides] whether each line says which side it is on
 * @property {() => void} changed called after each edit
 */

/** @type {Object<Kind, string>} */
const NAMES = { inclusion: "inclusion criterion", exclusion: "exclusion criterion", drugs: "drug", diseases: "disease" };

/** @param {Line} line */
function labelOf(line) {
  const number = line.from === null ? "new" : String(line.from + 1);
  return `${NAMES[line.kind]} ${number}`;
}

/** @param {Options} options */
export function lineList(options) {
  return h("ol", { class: options.effect ? "rows" : "rows plain" }, ...options.lines.map((line) => row(line, options)));
}

/**
 * @param {Line} line
 * @param {Options} options
 */
function row(line, options) {
  const effect = options.effect?.(line) ?? null;
  const classes = [line.removed && "removed", !line.removed && lineChanged(line) && "changed"];
  if (effect?.sure && !lineChanged(line)) classes.push(effect.points > 0 ? "tint-up" : "tint-down");
  const item = h("li", { class: classes.filter(Boolean).join(" ") || null });
  if (options.effect) item.append(effectCell(lineChanged(line) ? null : effect, options.limit ?? 1));
  item.append(textCell(line, options), controls(line, item, options));
  return item;
}

/**
 * @param {Effect | null} effect
 * @param {number} limit
 */
function effectCell(effect, limit) {
  if (!effect) return h("div", { class: "effect none" }, h("span", { class: "hidden-text" }, "no figure"));
  const sign = effect.points > 0 ? "raises" : effect.points < 0 ? "lowers" : "changes nothing";
  return h(
    "div",
    { class: "effect", title: `${points(effect.points)} points, 90% interval ${pointRange(effect)}` },
    effectBar(effect, limit),
    h("span", { class: effect.sure ? "points" : "points pale" }, points(effect.points)),
    h("span", { class: "hidden-text" }, ` points, ${sign}, `),
    h("span", { class: "interval" }, `90%: ${pointRange(effect)}${effect.sure ? "" : ", unsure"}`),
  );
}

/**
 * @param {Line} line
 * @param {Options} options
 */
function textCell(line, options) {
  const number = line.from === null ? "new" : String(line.from + 1);
  const place = options.sides ? `${line.kind === "inclusion" ? "incl." : "excl."} ${number}` : number;
  const text = line.removed ? h("del", {}, line.was) : line.text;
  return h(
    "div",
    { class: "words", dir: "auto" },
    h("span", { class: "place" }, place),
    " ",
    text,
    line.removed && h("span", { class: "mark-changed" }, " removed"),
    !line.removed && lineChanged(line) && h("span", { class: "mark-changed" }, line.from === null ? " added" : " edited"),
  );
}

/**
 * @param {Line} line
 * @param {HTMLElement} item
 * @param {Options} options
 */
function controls(line, item, options) {
  const label = labelOf(line);
  const redraw = () => {
    const fresh = row(line, options);
    item.replaceWith(fresh);
    focusOn(fresh.querySelector("button"));
    options.changed();
  };
  const button = (/** @type {string} */ word, /** @type {() => void} */ act) =>
    h("button", { type: "button", class: "quiet", "aria-label": `${word} ${label}`, onclick: act }, word);
  const undo = button("Undo", () => {
    restoreLine(line);
    redraw();
  });
  if (line.removed) return h("div", { class: "controls live" }, undo);
  const edit = button(line.kind === "drugs" || line.kind === "diseases" ? "Swap" : "Edit", () => openEditor(line, item, options));
  const remove = button("Remove", () => {
    const next = /** @type {HTMLElement | null} */ (item.nextElementSibling ?? item.previousElementSibling);
    removeLine(options.draft, line);
    if (line.from !== null) return redraw();
    const place = item.closest("section");
    item.remove();
    focusOn(next?.querySelector("button") ?? place?.querySelector(".add button") ?? null);
    options.changed();
  });
  return h("div", { class: "controls live" }, line.from !== null && lineChanged(line) && undo, edit, remove);
}

/**
 * Replace a line by a field with its text.
 * @param {Line} line
 * @param {HTMLElement} item
 * @param {Options} options
 */
function openEditor(line, item, options) {
  const close = () => {
    const fresh = row(line, options);
    form.parentElement?.replaceWith(fresh);
    focusOn(fresh.querySelector("button"));
    tellClosed(fresh);
  };
  const form = lineForm(line.kind, labelOf(line), line.text, line.smiles, {
    save: (text, smiles) => {
      // The same name again is no edit, and a structure given for a drug that stays is one.
      line.text = text;
      line.smiles = smiles;
      close();
      options.changed();
    },
    cancel: close,
  });
  item.replaceWith(h("li", { class: "editing live" }, form));
  form.querySelector("textarea, input").focus();
}

/**
 * A part that waited for the field to close may be drawn again.
 * @param {HTMLElement} element
 */
function tellClosed(element) {
  element.dispatchEvent(new Event("lineclosed", { bubbles: true }));
}

/**
 * @param {Kind} kind
 * @param {string} label
 * @param {string} text
 * @param {string} smiles
 * @param {{save: (text: string, smiles: string) => void, cancel: () => void}} acts
 */
function lineForm(kind, label, text, smiles, acts) {
  const criterion = kind === "inclusion" || kind === "exclusion";
  const field = criterion
    ? h("textarea", { rows: 3, "aria-label": `Text of ${label}`, dir: "auto" })
    : h("input", { type: "text", "aria-label": `Name of ${label}`, dir: "auto" });
  const structure = h("input", { type: "text", "aria-label": `SMILES of ${label}, optional`, placeholder: "SMILES, optional", spellcheck: "false" });
  field.value = text;
  structure.value = smiles;
  const error = h("p", { class: "error", role: "alert" });
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    const value = field.value.trim();
    if (value) return acts.save(value, structure.value.trim());
    error.textContent = criterion ? "Write the criterion, or remove it." : "Write a name, or remove it.";
    return field.focus();
  };
  const keys = (/** @type {KeyboardEvent} */ event) => {
    if (event.key === "Escape") acts.cancel();
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) submit(event);
  };
  return h(
    "form",
    { class: "line-form", novalidate: true, onsubmit: submit, onkeydown: keys },
    field,
    kind === "drugs" && structure,
    error,
    h("div", { class: "actions" },
      h("button", { type: "submit", class: "small main" }, "Apply"),
      h("button", { type: "button", class: "small", onclick: () => acts.cancel() }, "Cancel")),
  );
}

/**
 * The button under a list that opens a field for a new line.
 * @param {Kind} kind
 * @param {import("./draft.js").Draft} draft
 * @param {() => void} redraw called after the line was added; draws the list again
 */
export function addButton(kind, draft, redraw) {
  const holder = h("div", { class: "add live", "data-add": kind });
  const rest = () => {
    const button = h("button", { type: "button", class: "small", onclick: open }, `Add ${kind === "diseases" ? "a" : kind === "drugs" ? "a" : "an"} ${NAMES[kind]}`);
    holder.replaceChildren(button);
    return button;
  };
  const open = () => {
    const form = lineForm(kind, `new ${NAMES[kind]}`, "", "", {
      save: (text, smiles) => {
        rest();
        addLine(draft, kind, text, smiles);
        redraw();
      },
      cancel: () => {
        rest().focus();
        tellClosed(holder);
      },
    });
    holder.replaceChildren(form);
    form.querySelector("textarea, input").focus();
  };
  rest();
  return holder;
}
