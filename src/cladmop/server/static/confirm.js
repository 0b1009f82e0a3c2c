/** What was read from a document, for its reader to correct before it is scored. */

import { byId, focusOn, h } from "./dom.js";
import { KINDS, createDraft, toTrial } from "./draft.js";
import { warnings } from "./result.js";
import { addButton, lineList } from "./rows.js";
import { get } from "./state.js";

/** @type {Object<import("./draft.js").Kind, string>} */
const TITLES = { inclusion: "Inclusion criteria", exclusion: "Exclusion criteria", drugs: "Drugs", diseases: "Diseases" };

/**
 * Show the extraction; `acts.score` gets the trial as the reader left it, and returns an error to show or nothing.
 * @param {any} read answer of POST /read
 * @param {{score: (trial: any) => Promise<string>, cancel: () => void}} acts
 */
export function showConfirmation(read, acts) {
  const draft = createDraft(read.trial);
  const section = byId("confirm");
  const title = h("input", { type: "text", id: "confirm-name", dir: "auto", oninput: () => (draft.title = title.value) });
  title.value = draft.title;
  const error = h("p", { class: "error", role: "alert" });
  const submit = async (/** @type {Event} */ event) => {
    const button = /** @type {HTMLButtonElement} */ (event.currentTarget);
    button.disabled = true;
    error.textContent = await acts.score(toTrial(draft));
    button.disabled = false;
  };
  section.replaceChildren(
    h("h1", { id: "confirm-title", tabindex: "-1" }, "Is this the trial?"),
    h("p", { class: "lead" }, "This was read from the document. Correct what is wrong, add what is missing, then score it."),
    ...[warnings(read.warnings)].filter(Boolean),
    h("div", { class: "pair" },
      h("div", { class: "field" }, h("label", { for: "confirm-name" }, "Title"), title),
      h("div", { class: "field" }, h("label", { for: "confirm-phase" }, "Phase"), phaseSelect("confirm-phase", draft.phase, (phase) => (draft.phase = phase)))),
    ...KINDS.map((kind) => part(kind, draft)),
    error,
    h("div", { class: "actions" },
      h("button", { type: "button", class: "main", id: "confirm-score", onclick: submit }, "Confirm and score"),
      h("button", { type: "button", onclick: acts.cancel }, "Cancel")),
  );
  focusOn(byId("confirm-title"));
}

/**
 * @param {string} id
 * @param {string} chosen
 * @param {(phase: string) => void} [changed]
 */
export function phaseSelect(id, chosen, changed) {
  const phases = get().model?.phases ?? [];
  const given = chosen || "not applicable";
  const options = phases.includes(given) ? phases : [given, ...phases];
  const select = h("select", { id }, ...options.map((/** @type {string} */ phase) => h("option", { value: phase, selected: phase === given }, phase)));
  select.addEventListener("change", () => changed?.(select.value));
  return select;
}

/**
 * @param {import("./draft.js").Kind} kind
 * @param {import("./draft.js").Draft} draft
 * @returns {HTMLElement}
 */
function part(kind, draft) {
  const lines = draft.lines[kind];
  const id = `confirm-${kind}`;
  const section = h("section", { "aria-labelledby": id }, h("h2", { id }, TITLES[kind], " ", h("span", { class: "soft" }, String(lines.length))));
  const redraw = () => {
    const fresh = part(kind, draft);
    section.replaceWith(fresh);
    focusOn(fresh.querySelector(".add button"));
  };
  section.append(
    lines.length ? lineList({ draft, lines, changed: () => undefined }) : h("p", { class: "hint" }, "None found."),
    addButton(kind, draft, redraw),
  );
  return section;
}
