// Keeps a page true while it is open. <main data-live="/page" data-every="20" data-pulse="/address" data-beat="text">:
// where there is a pulse it is asked first, and the page is fetched only when the pulse is another. Of the page, each
// element with data-part is put in place of the old one, except where somebody is typing.
import { localTimes } from "./times.js";

const main = document.querySelector("main[data-live]");
let beat = main?.dataset.beat;

export function keepLive() {
  if (!main) return;
  wait();
  document.addEventListener("visibilitychange", () => document.hidden || look());
}

// The jitter keeps pages that were opened together from asking together for ever.
function wait() {
  setTimeout(() => (document.hidden ? Promise.resolve() : look()).finally(wait), main.dataset.every * (800 + Math.random() * 400));
}

async function look() {
  try {
    const { pulse, live } = main.dataset;
    const now = pulse ? await fetched(pulse) : null;
    if (pulse && now === beat) return;
    renew(new DOMParser().parseFromString(await fetched(live), "text/html"));
    beat = now;
    main.removeAttribute("data-lost");
  } catch (error) {
    main.setAttribute("data-lost", error.message);
  }
}

async function fetched(address) {
  const answer = await fetch(address, { redirect: "error", cache: "no-store" });
  if (!answer.ok) throw new Error(`The server answered ${answer.status}.`);
  return answer.text();
}

function renew(page) {
  // The page knows how soon it will be another.
  main.dataset.every = page.querySelector("main")?.dataset.every ?? main.dataset.every;
  for (const part of page.querySelectorAll("[data-part]")) {
    const old = main.querySelector(`[data-part="${CSS.escape(part.dataset.part)}"]`);
    if (!old || digest(old) === digest(part) || inUse(old)) continue;
    for (const one of part.querySelectorAll("details[id]")) {
      one.open = old.querySelector(`#${CSS.escape(one.id)}`)?.open ?? one.open;
    }
    localTimes(part);
    const focused = old.contains(document.activeElement) ? document.activeElement.id : "";
    old.replaceWith(part);
    if (focused) document.getElementById(focused)?.focus();
    if (part.dataset.say) document.getElementById("said").textContent = part.dataset.say;
  }
}

// Tokens of forms, local times and the buttons of copy.js differ though nothing has changed.
function digest(part) {
  const copy = part.cloneNode(true);
  copy.querySelectorAll("input[name=form_token], button.copy").forEach((one) => one.remove());
  copy.querySelectorAll("[data-copy]").forEach((one) => { one.dataset.copy = ""; });
  copy.querySelectorAll("time").forEach((one) => { one.textContent = ""; one.removeAttribute("title"); });
  copy.querySelectorAll("details").forEach((one) => one.removeAttribute("open"));
  return copy.outerHTML;
}

// What was refused stands with what was typed, which its form holds as if nobody had touched it.
function inUse(part) {
  if (part.querySelector("[role=alert]") || [...part.querySelectorAll("textarea")].some((one) => one.value)) return true;
  const typed = (one) => (one.type === "checkbox" || one.type === "radio" ? one.checked !== one.defaultChecked : one.value !== one.defaultValue);
  const chosen = (one) => [...one.options].some((option) => option.selected !== option.defaultSelected && option.index > 0);
  return [...part.querySelectorAll("input, textarea")].some((one) => one === document.activeElement || typed(one))
    || [...part.querySelectorAll("select")].some((one) => one === document.activeElement || chosen(one));
}
