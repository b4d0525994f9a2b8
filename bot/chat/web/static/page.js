// What every part of the page uses: finding elements, and words for people.

export const $ = (query, within = document) => within.querySelector(query);
export const $$ = (query, within = document) => [...within.querySelectorAll(query)];

export function paragraph(name, text, role) {
  const note = Object.assign(document.createElement("p"), { className: name, textContent: text });
  if (role) note.setAttribute("role", role);
  return note;
}

// One at a time: the newest says what is true now.
export function toast(text) {
  const note = paragraph("toast", text);
  $("#toasts").replaceChildren(note);
  setTimeout(() => note.remove(), Math.max(5000, text.length * 70));
}

// A question with two answers, on top of the page; gives true for yes.
export function sure(text, yes, no) {
  const dialog = Object.assign(document.createElement("dialog"), { className: "sure" });
  const form = Object.assign(document.createElement("form"), { method: "dialog" });
  const button = (value, name, textContent) =>
    Object.assign(document.createElement("button"), { value, textContent, className: `btn ${name}` });
  form.append(paragraph("", text), button("no", "primary", no), button("yes", "", yes));
  dialog.append(form);
  dialog.setAttribute("aria-label", text);
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((answered) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      answered(dialog.returnValue === "yes");
    });
  });
}
