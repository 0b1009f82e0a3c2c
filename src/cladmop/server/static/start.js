/** The first screen: a trial is pasted, looked up, or read from a file. */

import { api, isAbort } from "./api.js";
import { byId } from "./dom.js";
import { phaseSelect } from "./confirm.js";
import { EXAMPLE, kindInWords, namesOf, readInput } from "./input.js";
import { get } from "./state.js";

/**
 * @typedef {Object} Acts
 * @property {(trial: any, version: string, title?: string) => Promise<void>} score throws what the server says
 * @property {(read: any) => void} confirm show what was read from a document
 */

/** @param {Acts} acts */
export function startForm(acts) {
  const box = byId("box");
  const form = byId("trial-form");
  box.addEventListener("input", showKind);
  byId("example").addEventListener("click", fillExample);
  form.addEventListener("submit", (/** @type {Event} */ event) => {
    event.preventDefault();
    guarded(() => submit(acts));
  });
  byId("file").addEventListener("change", () => {
    const [file] = byId("file").files;
    byId("file").value = "";
    if (file) guarded(() => readFile(file, acts));
  });
  acceptDrops(byId("drop"), (file) => guarded(() => readFile(file, acts)));
}

/** Make the phases that the model knows choosable. */
export function fillPhases() {
  byId("text-phase").replaceWith(phaseSelect("text-phase", "not applicable"));
}

function showKind() {
  const input = readInput(byId("box").value);
  byId("box-kind").textContent = kindInWords(input, get().model?.lookup ?? true);
  byId("text-fields").hidden = input.kind !== "text";
  byId("box-error").textContent = "";
}

function fillExample() {
  byId("box").value = EXAMPLE.criteria;
  byId("text-drugs").value = EXAMPLE.drugs;
  byId("text-diseases").value = EXAMPLE.diseases;
  byId("text-phase").value = EXAMPLE.phase;
  showKind();
  // The caret goes to the start, so that the box shows its beginning.
  byId("box").setSelectionRange(0, 0);
  byId("box").focus();
  byId("box").scrollTop = 0;
}

/**
 * Run one reading at a time, and show what went wrong beside the box.
 * @param {() => Promise<void>} work
 */
async function guarded(work) {
  const button = byId("trial-form").querySelector("button.main");
  if (button.disabled) return;
  byId("box-error").textContent = "";
  button.disabled = true;
  button.textContent = "Scoring …";
  try {
    await work();
  } catch (error) {
    if (!isAbort(error)) fail(/** @type {Error} */ (error).message);
  } finally {
    button.disabled = false;
    button.textContent = "Score the trial";
  }
}

/** @param {string} words */
function fail(words) {
  byId("box-error").textContent = words;
  byId("box").focus();
}

/** @param {Acts} acts */
async function submit(acts) {
  const input = readInput(byId("box").value);
  if (input.kind === "empty") return fail("Paste a trial, type an NCT number, or choose a file.");
  if (input.kind === "wrong") return fail(input.why);
  if (input.kind === "json") return acts.score(input.trial, "");
  if (input.kind === "nct") return lookUp(input.nctId, acts);
  return acts.score(
    {
      criteria: input.text,
      drugs: namesOf(byId("text-drugs").value),
      diseases: namesOf(byId("text-diseases").value),
      phase: byId("text-phase").value,
    },
    "",
  );
}

/**
 * @param {string} nctId
 * @param {Acts} acts
 */
async function lookUp(nctId, acts) {
  if (get().model && !get().model.lookup) return fail("This server does not look up NCT numbers; paste the study itself.");
  const { trial, version } = await api.lookup(nctId, new AbortController().signal);
  return acts.score(trial, version);
}

/**
 * @param {File} file
 * @param {Acts} acts
 */
async function readFile(file, acts) {
  const read = await api.read(file);
  return read.confirm ? acts.confirm(read) : acts.score(read.trial, "");
}

/**
 * @param {HTMLElement} target
 * @param {(file: File) => void} take
 */
function acceptDrops(target, take) {
  const over = (/** @type {boolean} */ on) => target.classList.toggle("over", on);
  target.addEventListener("dragover", (event) => {
    event.preventDefault();
    over(true);
  });
  target.addEventListener("dragleave", () => over(false));
  target.addEventListener("drop", (event) => {
    over(false);
    const file = event.dataTransfer?.files[0];
    if (!file) return;
    event.preventDefault();
    take(file);
  });
}
