/** What somebody put into the box: a number, JSON of a trial, or plain criteria. */

/**
 * @typedef {{kind: "empty"} | {kind: "nct", nctId: string} | {kind: "json", trial: any, note: string}
 *   | {kind: "text", text: string} | {kind: "wrong", why: string}} Input
 */

/**
 * @param {string} raw
 * @returns {Input}
 */
export function readInput(raw) {
  const text = raw.trim();
  if (!text) return { kind: "empty" };
  if (/^NCT\d{8}$/i.test(text)) return { kind: "nct", nctId: text.toUpperCase() };
  if (/^NCT\s*\d*$/i.test(text)) {
    return { kind: "wrong", why: `${text} is not an NCT number: it is NCT and eight digits, like NCT01234567.` };
  }
  if (/^[{[]/.test(text)) return readJson(text);
  if (text.startsWith("<")) {
    return { kind: "wrong", why: "This is XML or HTML; paste the study as JSON of ClinicalTrials.gov's API v2, or its criteria as text." };
  }
  return { kind: "text", text: raw };
}

/**
 * @param {string} text
 * @returns {Input}
 */
function readJson(text) {
  let value;
  try {
    value = JSON.parse(text);
  } catch (error) {
    // Criteria may begin with a bracket; JSON has a quoted name, a brace or an end right after it.
    if (/^\[(?!\s*[{[\]"])/.test(text)) return { kind: "text", text };
    return { kind: "wrong", why: `This is not valid JSON: ${/** @type {Error} */ (error).message}.` };
  }
  const trials = Array.isArray(value) ? value : Array.isArray(value.studies) ? value.studies : [value];
  if (trials.length > 1) {
    return { kind: "wrong", why: `This holds ${trials.length} trials; give one here, or score them all under Portfolio.` };
  }
  const [trial] = trials;
  if (trial === null || typeof trial !== "object" || Array.isArray(trial)) {
    return { kind: "wrong", why: "This JSON holds no trial: a trial is one object {…}." };
  }
  return { kind: "json", trial, note: "protocolSection" in trial ? "a ClinicalTrials.gov study" : "a trial as JSON" };
}

/**
 * What the page says about the box while it is being filled.
 * @param {Input} input
 * @param {boolean} canLookUp whether the server may ask the registry
 */
export function kindInWords(input, canLookUp) {
  if (input.kind === "nct") {
    return canLookUp ? `Reads as ${input.nctId}, to be looked up in the registry.` : "This server does not look up NCT numbers; paste the study itself.";
  }
  if (input.kind === "json") return `Reads as ${input.note}.`;
  if (input.kind === "text") return "Reads as plain eligibility criteria; say below what they do not.";
  return "";
}

/**
 * @param {string} text one name a line
 * @returns {string[]}
 */
export function namesOf(text) {
  return text.split("\n").map((line) => line.trim()).filter(Boolean);
}

/** A trial of nobody: typical sentences of an early oncology protocol. */
export const EXAMPLE = {
  criteria: `Inclusion Criteria:

* Age 18 years or older
* Histologically confirmed advanced or metastatic solid tumour that has progressed on standard therapy
* Measurable disease by RECIST 1.1
* ECOG performance status of 0 or 1
* Adequate bone marrow, liver and kidney function
* Life expectancy of at least 12 weeks
* Able to give written informed consent

Exclusion Criteria:

* Symptomatic or untreated brain metastases
* Chemotherapy, radiotherapy or another investigational drug within 4 weeks before the first dose
* Peripheral neuropathy of grade 2 or higher
* Uncontrolled infection, including HIV, hepatitis B or hepatitis C
* QTc interval longer than 470 ms
* Pregnancy or breast-feeding`,
  drugs: "docetaxel 60 mg/m2\ncarboplatin",
  diseases: "advanced solid tumour",
  phase: "phase 1",
};
