// A button beside each [data-copy] that puts its text on the clipboard, also of what comes into a page that is kept true;
// without scripts one selects it by hand.
if (navigator.clipboard) {
  const main = document.querySelector("main");
  offer(main);
  new MutationObserver(() => offer(main)).observe(main, { childList: true, subtree: true });
}

function offer(main) {
  for (const text of main.querySelectorAll("[data-copy]:not([data-copy=offered])")) {
    text.dataset.copy = "offered";
    const button = Object.assign(document.createElement("button"), { type: "button", className: "quiet copy", textContent: "Copy" });
    button.addEventListener("click", () => copy(text, button));
    text.after(button);
  }
}

async function copy(text, button) {
  try {
    await navigator.clipboard.writeText(text.textContent);
    button.textContent = "Copied";
  } catch {
    button.textContent = "Select it and copy it by hand";
  }
  document.getElementById("said").textContent = button.textContent;
}
