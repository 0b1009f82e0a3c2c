/** A portfolio: one file up, progress, results down. */

import { api } from "./api.js";
import { announce, byId, h } from "./dom.js";
import { count, plural } from "./format.js";
import { download } from "./share.js";

const POLL_MS = 500;
const OVER = ["finished", "cancelled", "failed"];

export function startBatchForm() {
  const field = byId("batch-file");
  const error = byId("batch-error");
  byId("batch-form").addEventListener("submit", async (/** @type {Event} */ event) => {
    event.preventDefault();
    const [file] = field.files;
    error.textContent = "";
    if (!file) {
      error.textContent = "Choose a CSV, JSON or JSON Lines file first.";
      return field.focus();
    }
    const button = byId("batch-form").querySelector("button");
    button.disabled = true;
    try {
      const { id, total } = await api.startBatch(file);
      await follow(id, total);
    } catch (problem) {
      error.textContent = /** @type {Error} */ (problem).message;
    } finally {
      button.disabled = false;
    }
  });
}

/**
 * Show the progress of a job until it is over.
 * @param {string} id
 * @param {number} total
 */
async function follow(id, total) {
  const job = { id, total, done: 0, state: "queued", detail: null };
  const bar = h("progress", { max: Math.max(1, total), value: 0, "aria-label": "Trials scored" });
  const words = h("p", {}, `0 of ${plural(total, "trial")}`);
  const cancel = h("button", { type: "button", class: "small", onclick: () => stop() }, "Cancel");
  const holder = byId("batch-job");
  const stop = async () => {
    cancel.disabled = true;
    await api.cancelBatch(id).catch(() => null);
  };
  holder.replaceChildren(h("div", { class: "job" }, words, bar, h("div", { class: "actions" }, cancel)));
  while (!OVER.includes(job.state)) {
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    // A cancelled job may be gone when it is next asked for.
    Object.assign(job, await api.batch(id).catch((error) => {
      if (error.code === 404 && cancel.disabled) return { state: "cancelled" };
      throw error;
    }));
    bar.value = job.done;
    words.textContent = `${count(job.done)} of ${plural(job.total, "trial")}${job.state === "queued" ? ", waiting for its turn" : ""}`;
  }
  finish(job, holder);
}

/**
 * @param {{id: string, total: number, done: number, state: string, detail: string | null}} job
 * @param {HTMLElement} holder
 */
function finish(job, holder) {
  if (job.state !== "finished") {
    const words = job.state === "cancelled" ? "Cancelled." : (job.detail ?? "The job failed.");
    holder.replaceChildren(h("p", { class: job.state === "cancelled" ? "hint" : "error" }, words));
    return announce(words);
  }
  const error = h("p", { class: "error", role: "alert" });
  const get = (/** @type {"csv" | "jsonl"} */ format) => async () => {
    try {
      download(await api.batchResult(job.id, format), "", `cladmop-portfolio.${format}`);
    } catch (problem) {
      error.textContent = /** @type {Error} */ (problem).message;
    }
  };
  holder.replaceChildren(
    h(
      "div",
      { class: "job" },
      h("p", {}, h("strong", {}, `${plural(job.total, "trial")} scored.`)),
      job.detail && h("p", { class: "hint" }, job.detail),
      h("div", { class: "actions" },
        h("button", { type: "button", class: "main", id: "batch-csv", onclick: get("csv") }, "Download CSV"),
        h("button", { type: "button", id: "batch-jsonl", onclick: get("jsonl") }, "Download JSON Lines")),
      error,
    ),
  );
  announce(`${plural(job.total, "trial")} scored.`);
}
