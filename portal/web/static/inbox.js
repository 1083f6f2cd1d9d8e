// Keys for whoever decides much: the next and the one before, approve, reject, grant less. Never while somebody types,
// and never where somebody has turned them off in this browser.
const OFF = "meshdesk-keys-off";
const find = (selector) => document.querySelector(selector);

const KEYS = {
  j: () => move(1),
  k: () => move(-1),
  a: () => go("#approve", "It cannot be approved here now."),
  r: () => go("#decide-note", "It cannot be rejected here now."),
  t: () => open("#trim", "Less cannot be granted here now."),
  "?": () => open("#keys"),
};

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && typing(event.target)) event.target.blur();
  const act = KEYS[event.key];
  if (!act || event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || isOff()) return;
  event.preventDefault();
  act();
});

const typing = (one) => one.isContentEditable || find("dialog[open]") || one.matches("textarea, select, input:not([type=checkbox], [type=radio])");

function move(step) {
  const links = [...document.querySelectorAll(".waits a")];
  const here = links.findIndex((one) => one.hasAttribute("aria-current"));
  const next = links[here < 0 ? 0 : here + step];
  if (next) next.click();
  else say(step > 0 ? "This is the last one." : "This is the first one.");
}

function go(selector, otherwise) {
  const one = find(selector);
  if (!one) return say(otherwise);
  one.focus();
  return one.scrollIntoView({ block: "nearest" });
}

function open(selector, otherwise) {
  const one = find(selector);
  if (!one) return say(otherwise);
  one.open = selector === "#trim" || !one.open;
  (one.querySelector("input:not([type=hidden])") ?? one.querySelector("summary")).focus();
  return one.scrollIntoView({ block: "nearest" });
}

function say(text) {
  if (text) find("#said").textContent = text;
}

function isOff() {
  try {
    return localStorage.getItem(OFF) === "yes";
  } catch {
    return false;
  }
}

find(".waits [aria-current]")?.scrollIntoView({ block: "nearest" });

const box = find("#keys-on");
if (box) {
  box.checked = !isOff();
  box.addEventListener("change", () => {
    if (box.checked) localStorage.removeItem(OFF);
    else localStorage.setItem(OFF, "yes");
  });
}
