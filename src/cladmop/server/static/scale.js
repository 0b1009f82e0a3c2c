/** Two drawings: probabilities on a line from 0 to 100%, and contributions to either side of nothing. */

import { percent, percentRange } from "./format.js";
import { s } from "./dom.js";

/** @param {number} share */
const at = (share) => `${(Math.min(1, Math.max(0, share)) * 100).toFixed(2)}%`;

/**
 * @param {string} words what the drawing shows, for those who do not see it
 * @param {string} name class
 * @param {number} height in pixels
 */
function frame(words, name, height) {
  return s("svg", { class: name, role: "img", "aria-label": words, height, width: "100%" });
}

/** @param {number} share where a label stands, so that it stays inside */
function anchor(share) {
  if (share < 0.15) return "start";
  return share > 0.85 ? "end" : "middle";
}

/**
 * The large scale: a probability with its interval above the line, its base rate below.
 * @param {{value: number, low: number, high: number, level: number, base: number, baseLabel: string}} shown
 */
export function resultScale({ value, low, high, level, base, baseLabel }) {
  const words = `${percent(value)}, ${percent(level)} interval ${percentRange({ low, high })}; base rate ${percent(base)}`;
  const svg = frame(words, "scale", 92);
  svg.append(s("line", { class: "axis", x1: "0%", x2: "100%", y1: 40, y2: 40 }));
  for (const tick of [0, 0.25, 0.5, 0.75, 1]) {
    svg.append(
      s("line", { class: "axis", x1: at(tick), x2: at(tick), y1: 36, y2: 44 }),
      s("text", { class: "tick", x: at(tick), y: 88, "text-anchor": tick === 0 ? "start" : tick === 1 ? "end" : "middle" }, percent(tick)),
    );
  }
  svg.append(
    s("rect", { class: "band", x: at(low), width: at(high - low), y: 31, height: 18, rx: 3 }),
    s("line", { class: "base", x1: at(base), x2: at(base), y1: 26, y2: 54 }),
    s("text", { class: "base-label", x: at(base), y: 70, "text-anchor": anchor(base) }, `${baseLabel} ${percent(base)}`),
    s("circle", { class: "dot", cx: at(value), cy: 40, r: 8 }),
    s("text", { class: "value-label", x: at(value), y: 20, "text-anchor": anchor(value) }, `this trial ${percent(value)}`),
  );
  return svg;
}

/**
 * A small scale for a table's row: a share with its interval.
 * @param {{value: number, low: number, high: number, words: string}} shown
 */
export function rateScale({ value, low, high, words }) {
  const svg = frame(words, "scale small", 18);
  svg.append(
    s("line", { class: "axis", x1: "0%", x2: "100%", y1: 9, y2: 9 }),
    s("line", { class: "axis", x1: "50%", x2: "50%", y1: 5, y2: 13 }),
    s("rect", { class: "band", x: at(low), width: at(high - low), y: 5, height: 8, rx: 2 }),
    s("circle", { class: "dot", cx: at(value), cy: 9, r: 4.5 }),
  );
  return svg;
}

/**
 * Before and after an edit, on the same line.
 * @param {number} before
 * @param {number} after
 */
export function changeScale(before, after) {
  const svg = frame(`from ${percent(before)} to ${percent(after)} on a scale of 0 to 100%`, "scale", 26);
  const side = after >= before ? "up" : "down";
  svg.append(
    s("line", { class: "axis", x1: "0%", x2: "100%", y1: 13, y2: 13 }),
    s("line", { class: `move ${side}`, x1: at(before), x2: at(after), y1: 13, y2: 13 }),
    s("circle", { class: "hollow", cx: at(before), cy: 13, r: 6 }),
    s("circle", { class: `dot ${side}`, cx: at(after), cy: 13, r: 7 }),
  );
  return svg;
}

/**
 * The widest contribution that bars have to show: intervals beyond it are cut at the edge.
 * @param {{points: number, low: number, high: number}[]} effects
 */
export function widest(effects) {
  const largest = Math.max(0.01, ...effects.map(({ points }) => Math.abs(points)));
  const ends = Math.max(0, ...effects.flatMap(({ low, high }) => [Math.abs(low), Math.abs(high)]));
  return Math.max(largest * 1.1, Math.min(ends, largest * 1.6));
}

/**
 * A contribution: a bar to the right of the middle raises, to the left lowers; the thin line is its interval.
 * @param {{points: number, low: number, high: number, sure: boolean}} effect
 * @param {number} limit what half the width stands for
 */
export function effectBar({ points, low, high, sure }, limit) {
  const place = (/** @type {number} */ value) => 0.5 + value / limit / 2;
  const svg = s("svg", { class: "bar", "aria-hidden": "true", height: 16, width: "100%" });
  const [left, right] = [place(Math.min(0, points)), place(Math.max(0, points))];
  svg.append(
    s("line", { class: "axis", x1: "50%", x2: "50%", y1: 0, y2: 16 }),
    s("rect", {
      class: `${points >= 0 ? "up" : "down"}${sure ? "" : " unsure"}`,
      x: at(left), width: at(right - left), y: 3, height: 10, rx: 1,
    }),
    s("line", { class: "whisker", x1: at(place(low)), x2: at(place(high)), y1: 8, y2: 8 }),
  );
  return svg;
}
