// What a filter may go on with, asked of the server while somebody types. Without it the pages are the
// same: it decides nothing.
"use strict";
(() => {
  const pause = 150;

  let timer, asked = 0;

  // Where its offers are listed. Fields that come anew with the page's parts share a list outside of them.
  function listOf(field) {
    const known = document.getElementById(field.getAttribute("list") ?? "");
    if (known) return known;
    const list = document.createElement("datalist");
    list.id = field.id + "-offers";
    field.after(list);
    field.setAttribute("list", list.id);
    return list;
  }

  // Offers whole texts: the browser shows those that hold what is typed.
  async function offer(field) {
    const turn = ++asked, at = field.selectionStart ?? field.value.length;
    const bytes = new TextEncoder().encode(field.value.slice(0, at)).length;
    const query = new URLSearchParams({ text: field.value, at: bytes });
    const answer = await fetch(field.dataset.complete + "?" + query).catch(() => null);
    if (!answer?.ok || turn !== asked) return;
    listOf(field).replaceChildren(...(await answer.json()).map(({ whole, says }) => {
      const option = document.createElement("option");
      option.value = whole;
      option.label = says;
      return option;
    }));
  }

  document.addEventListener("input", (event) => {
    const field = event.target;
    if (!field.dataset?.complete) return;
    if (event.inputType === "insertReplacementText" || !event.inputType) return;
    clearTimeout(timer);
    timer = setTimeout(() => offer(field), pause);
  });
})();

// A form whose fields show one thing in several ways: what is typed in one is sent at once, and what the
// server makes of it is put into the others.
"use strict";
(() => {
  const form = document.querySelector("form[data-edits]");
  if (!form) return;
  document.documentElement.classList.add("scripted");
  const parts = ["send-frame", "send-signals"];
  let turn = 0;

  const state = (field) => (field.type === "checkbox" ? field.checked : field.value);

  // What somebody has typed since is left alone; everything else is what the server has drawn.
  function settle(before) {
    for (const field of form.elements) {
      if (before.get(field) !== state(field)) continue;
      if (field.tagName === "SELECT") for (const one of field.options) one.selected = one.defaultSelected;
      else if (field.type === "checkbox") field.checked = field.defaultChecked;
      else field.value = field.defaultValue;
    }
  }

  async function send(whole) {
    const mine = ++turn, body = new URLSearchParams(new FormData(form));
    const before = new Map([...form.elements].map((field) => [field, state(field)]));
    const answer = await fetch(form.getAttribute("action"), { method: "POST", body }).catch(() => null);
    if (!answer || mine !== turn) return;
    if (answer.status === 401 || answer.status === 403) return location.reload();
    if (whole && answer.ok) return location.assign(answer.url);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (mine !== turn) return;
    for (const id of parts) {
      const old = document.getElementById(id), now = page.getElementById(id);
      if (old && now) document.renew(old, now);
    }
    for (const hidden of form.querySelectorAll("input[type=hidden]")) {
      const now = page.querySelector(`form[data-edits] input[type=hidden][name="${hidden.name}"]`);
      if (now) hidden.setAttribute("value", now.getAttribute("value"));
    }
    if (answer.ok) {
      history.replaceState(null, "", answer.url);
      settle(before);
    }
  }

  form.addEventListener("change", (event) => send("whole" in event.target.dataset));
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.target.tagName !== "INPUT") return;
    event.preventDefault();
    if (event.ctrlKey || event.metaKey) form.querySelector("[formaction$='/once']:enabled")?.click();
    else send(false);
  });
})();
