/** A trial under edit: every line remembers what it was, so that each change can be undone and named. */

/**
 * @typedef {"inclusion" | "exclusion" | "drugs" | "diseases"} Kind
 * @typedef {Object} Line
 * @property {Kind} kind
 * @property {number | null} from place in the trial as scored, from 0; null where the line is new
 * @property {string} was text in the trial as scored; empty where the line is new
 * @property {string} text
 * @property {string} smiles structure given with an edited drug, or empty
 * @property {boolean} removed
 *
 * @typedef {Object} Draft
 * @property {any} trial as scored, in our schema
 * @property {string} phase
 * @property {string} title
 * @property {Object<Kind, Line[]>} lines
 */

/** @type {Kind[]} */
export const KINDS = ["inclusion", "exclusion", "drugs", "diseases"];

/**
 * @param {any} trial in our schema
 * @returns {Draft}
 */
export function createDraft(trial) {
  const lines = /** @type {any} */ ({});
  for (const kind of KINDS) {
    lines[kind] = (trial[kind] ?? []).map((/** @type {any} */ value, /** @type {number} */ from) => {
      const text = typeof value === "string" ? value : value.name;
      return { kind, from, was: text, text, smiles: "", removed: false };
    });
  }
  return { trial, phase: trial.phase ?? "", title: trial.title ?? "", lines };
}

/** @param {Line} line */
export function lineChanged(line) {
  return line.from === null || line.removed || line.text !== line.was || line.smiles !== "";
}

/** @param {Draft} draft */
export function countChanges(draft) {
  const changed = KINDS.flatMap((kind) => draft.lines[kind]).filter(lineChanged);
  return changed.length + (draft.phase === (draft.trial.phase ?? "") ? 0 : 1);
}

/**
 * The trial that the draft describes; all that was not edited is passed on as it was.
 * @param {Draft} draft
 */
export function toTrial(draft) {
  const trial = { ...draft.trial, title: draft.title, phase: draft.phase || null };
  for (const kind of KINDS) {
    trial[kind] = draft.lines[kind]
      .filter((line) => !line.removed)
      .map((line) => {
        if (!lineChanged(line)) return draft.trial[kind][/** @type {number} */ (line.from)];
        if (kind === "inclusion" || kind === "exclusion") return line.text;
        return line.smiles ? { name: line.text, smiles: line.smiles } : { name: line.text };
      });
  }
  return trial;
}

/**
 * @param {Draft} draft
 * @param {Kind} kind
 * @param {string} text
 * @param {string} smiles
 * @returns {Line}
 */
export function addLine(draft, kind, text, smiles = "") {
  const line = { kind, from: null, was: "", text, smiles, removed: false };
  draft.lines[kind].push(line);
  return line;
}

/**
 * Take a line out: one of the trial as scored stays to be put back, a new one goes.
 * @param {Draft} draft
 * @param {Line} line
 */
export function removeLine(draft, line) {
  if (line.from === null) draft.lines[line.kind] = draft.lines[line.kind].filter((other) => other !== line);
  else line.removed = true;
}

/** @param {Line} line */
export function restoreLine(line) {
  line.removed = false;
  line.text = line.was;
  line.smiles = "";
}
