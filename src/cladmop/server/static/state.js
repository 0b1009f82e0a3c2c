/** All that the page knows, in one place: changed by `update`, watched by `watch`. */

/**
 * @typedef {import("./draft.js").Draft} Draft
 * @typedef {Object} State
 * @property {any} model answer of GET /model
 * @property {any} trial the trial that was scored, in our schema
 * @property {string} version which version of the registry's record it is, in words
 * @property {any} prediction answer of POST /predict
 * @property {any} explanation answer of POST /explain, or null while it is not there
 * @property {string} explanationError
 * @property {any} similar answer of POST /similar, or null
 * @property {string} similarError
 * @property {Draft | null} draft the trial under edit
 * @property {any} change answer of POST /whatif for the draft, or null
 * @property {string} changeError
 * @property {boolean} changing whether an answer of /whatif is awaited
 * @property {any} ranking answer of POST /whatif/rank, or null
 * @property {"written" | "largest"} order of the criteria
 */

/** @type {State} */
const state = {
  model: null,
  trial: null,
  version: "",
  prediction: null,
  explanation: null,
  explanationError: "",
  similar: null,
  similarError: "",
  draft: null,
  change: null,
  changeError: "",
  changing: false,
  ranking: null,
  order: "written",
};

/** @type {{keys: string[], listener: () => void}[]} */
const watchers = [];

/** @returns {Readonly<State>} */
export function get() {
  return state;
}

/**
 * Change some fields, then tell who watches one of them.
 * @param {Partial<State>} patch
 */
export function update(patch) {
  Object.assign(state, patch);
  for (const { keys, listener } of watchers) {
    if (keys.some((key) => key in patch)) listener();
  }
}

/**
 * Call a listener after each change of one of the fields.
 * @param {string[]} keys
 * @param {() => void} listener
 */
export function watch(keys, listener) {
  watchers.push({ keys, listener });
}
