// Asks once before what cannot be taken back, in a dialog that says what will happen.
// A button or form with data-confirm="what will happen" is asked about.
export function confirmFirst() {
  document.addEventListener("submit", (event) => {
    const button = event.submitter;
    const effect = button?.dataset.confirm ?? event.target.dataset.confirm;
    if (!effect || button?.dataset.sure) return;
    event.preventDefault();
    ask(effect, button?.textContent.trim() || "Go on").then((sure) => sure && send(event.target, button));
  });
}

function send(form, button) {
  if (button) button.dataset.sure = "yes";
  form.requestSubmit(button);
  if (button) delete button.dataset.sure;
}

function ask(effect, word) {
  const dialog = document.createElement("dialog");
  const say = (name, text) => Object.assign(document.createElement(name), { textContent: text });
  const buttons = Object.assign(document.createElement("form"), { method: "dialog", className: "buttons" });
  const back = Object.assign(say("button", "Go back"), { value: "", className: "quiet" });
  buttons.append(back, Object.assign(say("button", word), { value: "yes", className: "stop" }));
  const what = Object.assign(say("p", effect), { id: "effect" });
  dialog.setAttribute("aria-labelledby", "effect");
  dialog.append(what, buttons);
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((settle) => {
    dialog.addEventListener("close", () => {
      settle(dialog.returnValue === "yes");
      dialog.remove();
    });
  });
}
