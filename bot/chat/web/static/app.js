// The page works without this file; with it, it is live: cards arrive, clocks tick, forms stay put.

import { attached, compose, composed, showChips } from "./composer.js";
import { $, $$, paragraph, sure, toast } from "./page.js";

const talk = $("#talk");
const main = $("#main");

// — words for people —

setTimeout(() => $$("#toasts > .toast").forEach((note) => note.remove()), 8000);

let unsaid;
function say(text) {
  clearTimeout(unsaid);
  unsaid = setTimeout(() => ($("#say").textContent = text), 150);
}

// — time —

function clockOf(seconds) {
  if (seconds < 3600) return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}

function tick() {
  for (const time of $$("time[data-from]:not([data-to])")) {
    time.textContent = clockOf(Math.max(0, Math.floor((Date.now() - Date.parse(time.dataset.from)) / 1000)));
  }
}

function tellTimes(within = document) {
  const today = new Date().toDateString();
  const day = { month: "short", day: "numeric" };
  const whole = { ...day, weekday: "short", year: "numeric", hour: "2-digit", minute: "2-digit" };
  for (const time of $$("time[datetime]", within)) {
    const at = new Date(time.dateTime);
    const form = "moment" in time.dataset ? whole : at.toDateString() === today ? { timeStyle: "short" } : day;
    time.textContent = new Intl.DateTimeFormat(undefined, form).format(at);
  }
}

// — what arrives —

const parsed = (html) => new DOMParser().parseFromString(html, "text/html").body.firstElementChild;
const toEnd = () => main.scrollTo({ top: main.scrollHeight });
let placed = -1;

// To the end of the talk, or to the start of a message that is longer than the window.
function lead(message) {
  if (message && message.offsetHeight > main.clientHeight - 150) message.scrollIntoView({ block: "start" });
  else toEnd();
  placed = main.scrollTop;
}

// The page moves by itself only while the person has neither scrolled nor begun to fill in a form.
function following() {
  const filling = document.activeElement?.closest("#talk :is(textarea, input)");
  const atEnd = main.scrollHeight - main.scrollTop - main.clientHeight < 160;
  return !filling && (atEnd || Math.abs(main.scrollTop - placed) < 4);
}

function show(html) {
  const fresh = parsed(html);
  tellTimes(fresh);
  const old = document.getElementById(fresh.id);
  const before = old?.dataset.say;
  const follow = following();
  if (old) patch(old, fresh);
  else {
    fresh.classList.add("arrived");
    talk.append(fresh);
  }
  const words = fresh.dataset.say;
  if (words && words !== before) say(words);
  if (follow) lead(talk.lastElementChild);
}

const partsOf = (article) => $$(":scope > [data-part]", article);

// Only the parts that changed are replaced, and none is moved: words half typed below a live
// checklist stay, and so does the cursor in them.
function patch(old, fresh) {
  for (const { name, value } of fresh.attributes) old.setAttribute(name, value);
  const wanted = new Map(partsOf(fresh).map((part) => [part.dataset.part, part]));
  for (const part of partsOf(old)) if (!wanted.has(part.dataset.part)) part.remove();
  const known = new Map(partsOf(old).map((part) => [part.dataset.part, part]));
  let next = null;
  for (const [name, part] of [...wanted].reverse()) {
    const mine = known.get(name);
    if (!mine) old.insertBefore(part, next);
    else if (mine.dataset.hash !== part.dataset.hash) replacePart(old, mine, part);
    next = part.parentNode === old ? part : mine;
  }
}

function replacePart(article, mine, part) {
  const scroll = $(".canvas", mine);
  const place = scroll && [scroll.scrollLeft, scroll.scrollTop];
  const open = $$("details[open] > summary", mine).map((summary) => summary.textContent);
  for (const summary of $$("details > summary", part)) summary.parentElement.open ||= open.includes(summary.textContent);
  for (const box of $$("textarea, input[type=text]", mine)) {
    const same = $(`[name="${CSS.escape(box.name)}"]:not([type=radio])`, part);
    if (same) same.value = box.value;
  }
  const focused = mine.contains(document.activeElement);
  mine.replaceWith(part);
  if (place) $(".canvas", part)?.scrollTo(...place);
  article.tabIndex = -1;
  if (focused) article.focus({ preventScroll: true });
}

function showList({ html, models }) {
  const list = $("#list");
  $("#models").textContent = models;
  $("#models").parentElement.classList.toggle("offline", /offline/i.test(models));
  const at = list.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
  list.innerHTML = html;
  tellTimes(list);
  const title = $("[aria-current] .row-title", list)?.textContent;
  if (title) $(".bar-title").textContent = title;
  if (at) $(`a[href="${CSS.escape(at)}"]`, list)?.focus();
  countNeeds();
}

const plainTitle = document.title;
function countNeeds() {
  const count = $$(".group.needs li").length;
  document.title = count ? `(${count}) ${plainTitle}` : plainTitle;
}

// — the line to the server: EventSource reconnects by itself and says what it saw last —

function listen() {
  const { place, since } = document.body.dataset;
  const line = new EventSource(`/events?${new URLSearchParams({ place, since })}`);
  const on = (name, act) => line.addEventListener(name, (event) => act(JSON.parse(event.data)));
  on("message", (data) => show(data.html));
  on("list", (data) => showList(data));
  on("toast", (data) => toast(data.text));
  let note;
  line.addEventListener("open", () => note?.remove());
  line.addEventListener("error", () => {
    if (note?.isConnected) return;
    note = paragraph("offline-note", "Connection lost. What you sent is kept; trying again…", "status");
    document.body.append(note);
  });
  addEventListener("pagehide", () => line.close());
  addEventListener("pageshow", (event) => event.persisted && location.reload());
}

// — what is sent: one key per try of one thing, so a repeat changes nothing —

async function send(form, data) {
  const buttons = $$("button[type=submit]", form);
  const key = $("[name=key]", form);
  key.value ||= newKey();
  data.set("key", key.value);
  buttons.forEach((button) => (button.disabled = true));
  try {
    const answer = await fetch(form.action, { method: "POST", body: data, headers: { Accept: "application/json" } });
    key.value = "";
    return await answer.json();
  } catch {
    return { error: "The server did not answer. Nothing is lost: try again." };
  } finally {
    buttons.forEach((button) => (button.disabled = false));
  }
}

const newKey = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (n) => n.toString(16).padStart(2, "0")).join("");

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches("[data-click], [data-composer]")) return;
  event.preventDefault();
  if ($("button[type=submit]", form).disabled || !(await dropsUnsent(form))) return;
  const composer = form.matches("[data-composer]");
  const answer = await send(form, composer ? composed(form) : new FormData(form));
  if (composer) return afterWords(form, answer);
  if (answer.error || answer.say) toast(answer.error ?? answer.say);
  if (!answer.error) form.closest("details")?.removeAttribute("open");
});

// Words and ticks in another form of the card would be lost with this click: ask before.
const UNSENT = { Revise: "a revision", Answer: "an answer" };
const changed = (field) => (field.type === "radio" ? field.checked !== field.defaultChecked : field.value !== field.defaultValue);
const begun = (form) => $$("textarea, input:not([type=hidden])", form).some(changed);

async function dropsUnsent(form) {
  const forms = $$("[data-click]", form.closest("article") ?? form);
  const unsent = forms.find((other) => other !== form && begun(other));
  if (!unsent) return true;
  const act = unsent.closest("details");
  const label = form.closest("details")?.dataset.act ?? $("button[type=submit]", form).textContent;
  const what = UNSENT[act.dataset.act] ?? "something";
  const yes = await sure(`You wrote ${what} that was not sent. ${label} without it?`, `${label} without it`, "Go back");
  act.open ||= !yes;
  return yes;
}

document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || !event.target.matches("textarea")) return;
  event.preventDefault();
  event.target.form?.requestSubmit();
});

function afterWords(form, answer) {
  $$(".error, .note", form).forEach((note) => note.remove());
  if (answer.error) {
    form.prepend(paragraph("error", answer.error, "alert"));
    return;
  }
  if (answer.say) toast(answer.say);
  if (answer.note) return form.prepend(paragraph("note", answer.note, "status"));
  if (answer.url && answer.url !== location.pathname) return location.assign(answer.url);
  $("textarea", form).value = "";
  attached.length = 0;
  showChips(form);
  toEnd();
}

document.addEventListener("toggle", (event) => {
  if (event.target.open && event.target.matches("details.act")) event.target.scrollIntoView({ block: "nearest", behavior: "smooth" });
}, true);

if (navigator.platform.startsWith("Mac")) $$("kbd").forEach((key) => key.textContent === "Ctrl" && (key.textContent = "⌘"));
$$("[data-composer]").forEach(compose);
tellTimes();
countNeeds();
setInterval(tick, 1000);
const dock = $(".dock");
if (dock) new ResizeObserver(() => main.style.setProperty("--dock", `${dock.offsetHeight}px`)).observe(dock);
if (talk && !location.hash) lead(talk.lastElementChild);
listen();
