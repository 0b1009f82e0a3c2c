/** Elements made from plain values: text is only ever text. */

const SVG = "http://www.w3.org/2000/svg";

/**
 * Set attributes, and listeners where the value is a function (`onclick`); null and false leave an attribute out.
 * @param {Element} element
 * @param {Object<string, any>} props
 */
function setProps(element, props) {
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
}

/**
 * Make an HTML element.
 * @param {string} tag
 * @param {Object<string, any>} [props] attributes and listeners
 * @param {...(Node | string | number | null | undefined | false)} children strings become text nodes
 * @returns {any} the element
 */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  setProps(element, props);
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false).map(asNode));
  return element;
}

/**
 * Make an SVG element; lengths may be percentages, so that a drawing without a viewBox follows its width.
 * @param {string} tag
 * @param {Object<string, any>} [props]
 * @param {...(Node | string)} children
 * @returns {SVGElement}
 */
export function s(tag, props = {}, ...children) {
  const element = /** @type {SVGElement} */ (document.createElementNS(SVG, tag));
  setProps(element, props);
  element.append(...children);
  return element;
}

/** @param {any} child */
function asNode(child) {
  return child instanceof Node ? child : document.createTextNode(String(child));
}

/**
 * The element with an id, which the page is known to have.
 * @param {string} id
 * @returns {any}
 */
export function byId(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no element #${id}`);
  return element;
}

/**
 * Tell people who listen to the page what has just happened.
 * @param {string} words
 */
export function announce(words) {
  byId("say").textContent = words;
}

/**
 * Move the keyboard to a heading or field that has just appeared.
 * @param {HTMLElement | null} element
 */
export function focusOn(element) {
  if (!element) return;
  if (!element.matches("a, button, input, select, textarea")) element.setAttribute("tabindex", "-1");
  element.focus();
}
