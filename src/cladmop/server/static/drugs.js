/** Drugs and diseases: what each contributes, how each name was read, and their structures. */

import { focusOn, h } from "./dom.js";
import { percent } from "./format.js";
import { sharedLimit } from "./criteria.js";
import { addButton, lineList } from "./rows.js";
import { get, update } from "./state.js";

/** @typedef {import("./draft.js").Line} Line */

/**
 * Find the figure of a line: by its place where the server explained each line, else by its name.
 * @param {"drugs" | "diseases"} kind
 */
function effectOf(kind) {
  return (/** @type {Line} */ line) => {
    const effects = get().explanation?.[kind] ?? [];
    const own = line.from !== null ? effects[line.from] : undefined;
    return own?.name === line.was ? own : (effects.find((/** @type {any} */ one) => one.name === line.was) ?? null);
  };
}

/**
 * @param {"drugs" | "diseases"} kind
 * @param {() => void} changed
 */
function editableLines(kind, changed) {
  const { draft, explanation } = get();
  if (!draft) return [];
  const lines = draft.lines[kind];
  const redraw = () => {
    update({ draft });
    focusOn(document.querySelector(`#result [data-add="${kind}"] button`));
    changed();
  };
  return [
    lines.length
      ? lineList({ draft, lines, effect: explanation ? effectOf(kind) : undefined, limit: sharedLimit(), changed })
      : h("p", { class: "hint" }, "None given."),
    addButton(kind, draft, redraw),
  ];
}

/** @param {() => void} changed called after each edit */
export function drugs(changed) {
  const { prediction } = get();
  return h(
    "section",
    { class: "drugs", "aria-labelledby": "drugs-title", "data-part": "drugs" },
    h("h2", { id: "drugs-title" }, "Drugs"),
    ...editableLines("drugs", changed),
    prediction.drugs.length > 0 && h("h3", {}, "How the names were read"),
    prediction.drugs.length > 0 && h("ul", { class: "cards" }, ...prediction.drugs.map(card)),
    prediction.drugs.some((/** @type {any} */ drug) => drug.drawing) &&
      h("p", { class: "note" }, "Where atoms are tinted, blue ones speak for success and orange ones against it, by the part of the model that sees structures; that part has little weight."),
  );
}

/** @param {any} drug */
function card(drug) {
  const name = drug.name === drug.query ? drug.query : `${drug.query} → ${drug.name}`;
  const unmapped = drug.kind === "unmapped";
  return h(
    "li",
    { class: "card" },
    structure(drug),
    h(
      "div",
      {},
      h("h4", { dir: "auto" }, name),
      unmapped
        ? h("p", { class: "flag" }, "Unmapped: the name is not known, so the model does not see a structure.")
        : h("p", { class: "hint" }, drug.kind.replaceAll("_", " ")),
      h("dl", {}, ...facts(drug)),
    ),
  );
}

/** @param {any} drug */
function facts(drug) {
  const pairs = [
    ["InChIKey", drug.inchikey],
    ["Source", drug.source === "none" ? null : [drug.source, drug.date].filter(Boolean).join(", ")],
    ["Confidence", drug.kind === "unmapped" ? null : percent(drug.confidence)],
    ["Conflicts", drug.conflict?.length ? drug.conflict.join("; ") : null],
  ];
  return pairs
    .filter(([, value]) => value)
    .flatMap(([name, value]) => [h("dt", {}, name), h("dd", { class: name === "InChIKey" ? "code" : null }, value)]);
}

/** @param {any} drug */
function structure(drug) {
  const svg = highlighted(drug) ?? drug.drawing;
  if (!svg) return h("div", { class: "structure empty", "aria-hidden": "true" }, "no structure");
  return h("img", { class: "structure", alt: `Structure of ${drug.name}`, src: asImage(svg), width: 180, height: 130 });
}

/** @param {any} drug the drawing with tinted atoms, once there is one */
function highlighted(drug) {
  const explained = get().explanation?.drugs ?? [];
  const fits = (/** @type {any} */ one) => [drug.query, drug.name].includes(one.name) || one.name.toLowerCase().includes(drug.query.toLowerCase());
  return explained.find((/** @type {any} */ one) => one.drawing && fits(one))?.drawing;
}

/** @param {string} svg */
function asImage(svg) {
  const bytes = new TextEncoder().encode(svg);
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return `data:image/svg+xml;base64,${btoa(binary)}`;
}

/** @param {() => void} changed called after each edit */
export function diseases(changed) {
  const { prediction } = get();
  const codes = prediction.diseases;
  return h(
    "section",
    { class: "diseases", "aria-labelledby": "diseases-title", "data-part": "diseases" },
    h("h2", { id: "diseases-title" }, "Diseases"),
    ...editableLines("diseases", changed),
    h("p", { class: "codes" }, h("strong", {}, "ICD-10-CM codes that the model saw: "),
      ...(codes.length ? codes.map((/** @type {string} */ code) => h("code", {}, code)) : ["none"])),
  );
}
