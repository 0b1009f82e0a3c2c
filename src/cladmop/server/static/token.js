/** The dialog that asks for the server's token. */

import { byId } from "./dom.js";

/** @type {Promise<string | null> | null} */
let asking = null;

/**
 * Ask once, however many calls wait for the answer.
 * @param {boolean} refused whether a token was sent and not accepted
 * @returns {Promise<string | null>} null when the user cancels
 */
export function askForToken(refused) {
  asking ??= open(refused).finally(() => (asking = null));
  return asking;
}

/**
 * @param {boolean} refused
 * @returns {Promise<string | null>}
 */
function open(refused) {
  const dialog = byId("token");
  const field = byId("token-value");
  const error = byId("token-error");
  error.textContent = refused ? "The server did not accept this token." : "";
  field.value = "";
  dialog.returnValue = "";
  dialog.showModal();
  field.focus();
  return new Promise((resolve) => {
    const done = new AbortController();
    const { signal } = done;
    byId("token-form").addEventListener(
      "submit",
      (/** @type {Event} */ event) => {
        event.preventDefault();
        const value = field.value.trim();
        // A header carries visible ASCII only.
        if (/^[\x21-\x7e]+$/.test(value)) dialog.close(value);
        else error.textContent = "Give the token as it was handed to you: letters, digits and signs without spaces.";
      },
      { signal },
    );
    byId("token-cancel").addEventListener("click", () => dialog.close(""), { signal });
    dialog.addEventListener(
      "close",
      () => {
        done.abort();
        field.value = "";
        resolve(dialog.returnValue || null);
      },
      { signal },
    );
  });
}
