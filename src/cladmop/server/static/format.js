/** Figures as words: the same rounding everywhere. */

const MINUS = "\u2212";

/** @param {number} share 0 to 1 */
export function percent(share) {
  if (share > 0 && share < 0.005) return "<1%";
  if (share < 1 && share >= 0.995) return ">99%";
  return `${Math.round(share * 100)}%`;
}

/** @param {number} difference of two probabilities, -1 to 1; as signed percentage points */
export function points(difference) {
  const rounded = Math.round(difference * 1000) / 10;
  if (rounded === 0) return "0.0";
  return `${rounded > 0 ? "+" : MINUS}${Math.abs(rounded).toFixed(1)}`;
}

/** @param {{low: number, high: number}} range of a difference of probabilities */
export function pointRange({ low, high }) {
  return `${points(low)} to ${points(high)}`;
}

/** @param {{low: number, high: number}} range of a probability */
export function percentRange({ low, high }) {
  return `${percent(low)} to ${percent(high)}`;
}

/** @param {number} number */
export function count(number) {
  return number.toLocaleString("en-US");
}

/** @param {string} group phase group as the server names it: I, II, III, all */
export function phaseGroup(group) {
  return group === "all" ? "all phases" : `phase ${group}`;
}

/**
 * @param {number} number
 * @param {string} one
 * @param {string} [many]
 */
export function plural(number, one, many = `${one}s`) {
  return `${count(number)} ${number === 1 ? one : many}`;
}

/**
 * What a set of outcomes that holds the true one in 90% of trials says.
 * @param {{level: number, outcomes: string[]}} set
 */
export function setInWords({ level, outcomes }) {
  const at = percent(level);
  if (outcomes.length > 1) return `The model cannot rule out either outcome at ${at}.`;
  if (outcomes.length === 0) return `Neither outcome fits at ${at}: the trial is unlike those the model was calibrated on.`;
  return `The model rules out ${outcomes[0] === "success" ? "failure" : "success"} at ${at}.`;
}

/**
 * @param {string} text
 * @param {number} length most characters
 */
export function shorten(text, length) {
  const flat = text.replace(/\s+/g, " ").trim();
  return flat.length <= length ? flat : `${flat.slice(0, length - 1).trimEnd()}…`;
}
