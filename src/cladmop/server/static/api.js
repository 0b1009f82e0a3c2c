/** Calls to the server that the page came from, and to no other. */

const TOKEN = "cladmop-token";
const LONGEST_WAIT_S = 3;

/** An answer that is no success; the message is the server's sentence. */
export class ApiError extends Error {
  /**
   * @param {string} message
   * @param {number} code HTTP status code, 0 where no answer came
   */
  constructor(message, code) {
    super(message);
    this.code = code;
  }
}

/** @type {(refused: boolean) => Promise<string | null>} */
let askForToken = async () => null;

/**
 * Say how a token is asked for when the server wants one.
 * @param {(refused: boolean) => Promise<string | null>} ask resolves to the token, or null when the user gives none
 */
export function onTokenWanted(ask) {
  askForToken = ask;
}

/** @param {unknown} error */
export function isAbort(error) {
  return error instanceof DOMException && error.name === "AbortError";
}

/**
 * @param {string} path
 * @param {RequestInit} options
 * @param {number} tries
 * @returns {Promise<Response>}
 */
async function send(path, options, tries = 0) {
  const token = sessionStorage.getItem(TOKEN);
  const headers = { ...options.headers, ...(token ? { Authorization: `Bearer ${token}` } : {}) };
  let response;
  try {
    response = await fetch(new URL(path, document.baseURI), { ...options, headers });
  } catch (error) {
    if (isAbort(error)) throw error;
    throw new ApiError("The server does not answer. Is it still running?", 0);
  }
  if (response.status === 401) {
    // Another call may have been given a token since this one was sent.
    if (sessionStorage.getItem(TOKEN) === token) {
      const given = await askForToken(token !== null);
      if (given === null) throw new ApiError("This server asks for a token.", 401);
      sessionStorage.setItem(TOKEN, given);
    }
    return send(path, options, tries);
  }
  const wait = Number(response.headers.get("Retry-After") ?? Infinity);
  if (response.status === 429 && tries === 0 && wait <= LONGEST_WAIT_S) {
    await new Promise((resolve) => setTimeout(resolve, wait * 1000));
    options.signal?.throwIfAborted();
    return send(path, options, tries + 1);
  }
  if (!response.ok) throw new ApiError(await sentence(response), response.status);
  return response;
}

/** @param {Response} response */
async function sentence(response) {
  try {
    const { detail } = await response.json();
    if (typeof detail === "string" && detail) return detail;
  } catch {
    // No JSON: something between the page and the server answered.
  }
  return `The server answered ${response.status} without saying why.`;
}

/**
 * @param {string} path
 * @param {any} body
 * @param {AbortSignal} [signal]
 */
async function post(path, body, signal) {
  const headers = { "Content-Type": "application/json" };
  const response = await send(path, { method: "POST", headers, body: JSON.stringify(body), signal });
  return response.json();
}

/**
 * @param {string} path
 * @param {File} file
 */
async function upload(path, file) {
  const body = new FormData();
  body.append("file", file);
  const response = await send(path, { method: "POST", body });
  return response.json();
}

export const api = {
  model: async () => (await send("model", {})).json(),
  /** @param {any} trial @param {AbortSignal} signal */
  predict: (trial, signal) => post("predict", trial, signal),
  /** @param {any} trial @param {AbortSignal} signal */
  explain: (trial, signal) => post("explain", trial, signal),
  /** @param {any} trial @param {AbortSignal} signal */
  similar: (trial, signal) => post("similar?k=10", trial, signal),
  /** @param {any} trial @param {any} edited @param {AbortSignal} signal */
  whatIf: (trial, edited, signal) => post("whatif", { trial, edited }, signal),
  /** @param {any} trial @param {AbortSignal} signal */
  rank: (trial, signal) => post("whatif/rank", trial, signal),
  /** @param {string} nctId @param {AbortSignal} signal */
  lookup: (nctId, signal) => post("lookup", { nct_id: nctId }, signal),
  /** @param {File} file */
  read: (file) => upload("read", file),
  /** @param {File} file */
  startBatch: (file) => upload("batch", file),
  /** @param {string} id */
  batch: async (id) => (await send(`batch/${encodeURIComponent(id)}`, {})).json(),
  /** @param {string} id @param {"csv" | "jsonl"} format */
  batchResult: async (id, format) => (await send(`batch/${encodeURIComponent(id)}/result?format=${format}`, {})).blob(),
  /** @param {string} id */
  cancelBatch: (id) => send(`batch/${encodeURIComponent(id)}`, { method: "DELETE" }),
};
