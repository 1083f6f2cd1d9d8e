// What scripts add to the form of a request: what it would meet is told while somebody types, the list of workloads
// shrinks as they search, and ports that the chosen workloads expose are a click away. Nothing typed is ever touched.
import { localTimes } from "./times.js";

const form = document.getElementById("asking");
const touched = new Set();
let asked = null;
let waits = 0;
let owed = "";
let searches = 0;

function begin() {
  form.addEventListener("input", (event) => changed(event.target));
  form.addEventListener("focusout", (event) => event.target.name !== "find" && touch(event.target));
  form.addEventListener("keydown", (event) => event.key === "Enter" && event.target.name === "find" && event.preventDefault());
  // A browser that comes back to the page, or loads it again, may put in what was typed.
  window.addEventListener("pageshow", () => [...form.elements].some(differs) && soon("", 0));
  suggest();
}

function changed(input) {
  if (input.name === "find") return search(input);
  if (input.name === "length" && input.value) form.querySelector('[name="duration"][value="other"]').checked = true;
  touch(input);
  if (input.name === "workload") suggest();
  press();
  soon("", 350);
}

function differs(input) {
  if (input.type === "checkbox" || input.type === "radio") return input.checked !== input.defaultChecked;
  return "defaultValue" in input && input.type !== "hidden" && input.value !== input.defaultValue;
}

const touch = (input) => touched.add(input.closest("[data-field]")?.dataset.field);

// A part that was asked for is owed until it has come, whatever is asked besides.
function soon(part, milliseconds) {
  if (part) [owed, searches] = [part, searches + 1];
  clearTimeout(waits);
  waits = setTimeout(look, milliseconds);
}

// The newest question counts: an answer to an older one is dropped.
async function look() {
  const [part, search] = [owed, searches];
  asked?.abort();
  asked = new AbortController();
  const body = new FormData(form);
  body.set("part", part);
  const verdict = form.querySelector('[data-part="verdict"]');
  verdict.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(form.dataset.preview, { method: "POST", body: new URLSearchParams(body), signal: asked.signal, redirect: "error" });
    if (!answer.ok) throw new Error(`The server answered ${answer.status}`);
    renew(new DOMParser().parseFromString(await answer.text(), "text/html"), part);
    if (search === searches) owed = "";
  } catch (error) {
    if (error.name === "AbortError") return;
    verdict.querySelector("h2").textContent = "What it would meet cannot be told now: Check and Send still work";
  }
  form.querySelector('[data-part="verdict"]').removeAttribute("aria-busy");
}

function renew(page, part) {
  const put = (name) => {
    const [old, now] = [form, page].map((where) => where.querySelector(`[data-part="${CSS.escape(name)}"]`));
    if (!old || !now || old.outerHTML === now.outerHTML) return;
    if (name === "verdict") keep(old, now);
    if (name === "picks") tickAs(old, now);
    const [at, focused] = [old.scrollTop, old.contains(document.activeElement)];
    for (const one of now.querySelectorAll("details[id]")) one.open = old.querySelector(`#${one.id}`)?.open ?? false;
    localTimes(now);
    old.replaceWith(now);
    now.scrollTop = at;
    if (focused) now.focus();
    if (now.dataset.say) document.getElementById("said").textContent = now.dataset.say;
  };
  put("verdict");
  if (part === "picks") put("picks");
  for (const said of page.querySelectorAll('[data-part^="wrong-"]')) tell(said, put);
}

// What was ticked while the server looked counts, and never goes away with the list that it was in.
function tickAs(old, now) {
  for (const input of old.querySelectorAll("input")) {
    const same = now.querySelector(`input[value="${CSS.escape(input.value)}"]`);
    if (same) same.checked = input.checked;
    else if (input.checked) (now.querySelector("ul") ?? now).prepend(input.closest("li"));
  }
}

// While something is wrong, what it would have met before stays in sight and says so.
function keep(old, now) {
  const met = old.querySelector(".met");
  if (!met || now.querySelector(".met, .refused")) return;
  met.querySelector(".before") ?? met.prepend(Object.assign(document.createElement("p"), { className: "before under", textContent: "Before your last change:" }));
  now.append(met);
}

// What is still empty is no error before somebody was there.
function tell(said, put) {
  const name = said.dataset.part.slice("wrong-".length);
  if (said.textContent.trim() && !touched.has(name)) return;
  put(said.dataset.part);
  const input = form.querySelector(`[aria-describedby~="wrong-${CSS.escape(name)}"]`);
  if (said.textContent.trim()) input?.setAttribute("aria-invalid", "true");
  else input?.removeAttribute("aria-invalid");
}

// A list that is shown whole is searched here, a longer one by the server.
function search(input) {
  const list = form.querySelector('[data-part="picks"]');
  if ("more" in list.dataset) return soon("picks", 250);
  const words = input.value.trim().toLowerCase();
  let left = 0;
  for (const row of list.querySelectorAll("li")) {
    row.hidden = !row.dataset.name.includes(words) && !row.querySelector("input").checked;
    if (!row.hidden) left += 1;
  }
  list.querySelector("[data-nothing]").hidden = left > 0;
  document.getElementById("said").textContent = `${left} shown`;
}

function suggest() {
  const line = form.querySelector("[data-suggests]");
  if (!line) return;
  const ticked = [...form.querySelectorAll("li:has(:checked)")].flatMap((row) => row.dataset.ports.split(", "));
  const ports = [...new Set(ticked)].filter(Boolean).sort((one, other) => one - other);
  line.replaceChildren(...(ports.length ? ["Exposed: ", ...ports.map(portButton)] : []));
  press();
}

const wanted = () => form.querySelector(`[name="${form.querySelector("[data-suggests]").dataset.suggests}"]`);
const listed = (text) => text.split(",").map((one) => one.trim()).filter(Boolean);

function portButton(port) {
  const button = Object.assign(document.createElement("button"), { type: "button", className: "quiet", textContent: port });
  button.addEventListener("click", () => {
    const ports = listed(wanted().value);
    wanted().value = (ports.includes(port) ? ports.filter((one) => one !== port) : [...ports, port]).join(", ");
    wanted().dispatchEvent(new Event("input", { bubbles: true }));
  });
  return button;
}

function press() {
  for (const button of form.querySelectorAll("[data-suggests] button")) {
    button.setAttribute("aria-pressed", String(listed(wanted().value).includes(button.textContent)));
  }
}

// Of one's own places too, those that are shown are searched as one types.
document.getElementById("place")?.addEventListener("input", (event) => {
  for (const row of document.querySelectorAll(".places-to li")) {
    row.hidden = !row.dataset.name.includes(event.target.value.trim().toLowerCase());
  }
});

if (form) begin();
