// Where people write: the files that go with the words, picked, pasted or dropped.

import { $, $$, paragraph } from "./page.js";

const MB = 1 << 20;
const LIMITS = { file: 50 * MB, total: 60 * MB, count: 10 };
export const attached = [];

export function composed(form) {
  const data = new FormData(form);
  data.delete("files");
  attached.forEach((file) => data.append("files", file, file.name));
  return data;
}

// It stays until something is sent or attached: who misses it would send without the file.
function leaveOut(form, text) {
  form.prepend(paragraph("error", text, "alert"));
}

function attach(form, files) {
  $$(".error", form).forEach((note) => note.remove());
  for (const file of files) {
    const total = attached.reduce((sum, one) => sum + one.size, file.size);
    if (attached.length >= LIMITS.count) leaveOut(form, `At most ${LIMITS.count} files at once. “${file.name}” was left out.`);
    else if (file.size > LIMITS.file) leaveOut(form, `“${file.name}” is larger than 50 MB and was left out.`);
    else if (total > LIMITS.total) leaveOut(form, `Together the files are larger than 60 MB. “${file.name}” was left out.`);
    else attached.push(file);
  }
  showChips(form);
}

export function showChips(form) {
  const chips = $("[data-chips]", form);
  $$("[data-own]", chips).forEach((chip) => chip.remove());
  attached.forEach((file, at) => {
    const chip = document.createElement("li");
    chip.className = "chip";
    chip.dataset.own = "";
    const name = document.createElement("span");
    name.textContent = file.name;
    const off = document.createElement("button");
    off.type = "button";
    off.textContent = "×";
    off.setAttribute("aria-label", `Remove ${file.name}`);
    off.addEventListener("click", () => {
      attached.splice(at, 1);
      showChips(form);
      $("textarea", form).focus();
    });
    chip.append(name, off);
    chips.append(chip);
  });
}

export function compose(form) {
  const words = $("textarea", form);
  const input = $("input[type=file]", form);
  input.addEventListener("change", () => {
    attach(form, input.files);
    input.value = "";
  });
  words.addEventListener("paste", (event) => {
    const { files } = event.clipboardData;
    if (!files.length) return;
    event.preventDefault();
    attach(form, files);
  });
  let depth = 0;
  const over = (change) => form.classList.toggle("dropping", (depth = Math.max(0, depth + change)) > 0);
  const withFiles = (event) => event.dataTransfer?.types.includes("Files");
  document.addEventListener("dragenter", (event) => withFiles(event) && over(1));
  document.addEventListener("dragleave", (event) => withFiles(event) && over(-1));
  document.addEventListener("dragover", (event) => withFiles(event) && event.preventDefault());
  document.addEventListener("drop", (event) => {
    if (!withFiles(event)) return;
    event.preventDefault();
    depth = 0;
    over(0);
    attach(form, event.dataTransfer.files);
  });
}
