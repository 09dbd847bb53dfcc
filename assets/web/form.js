// While somebody types into a form, asks the server what is wrong with it and puts what the server has
// drawn below the fields. It judges nothing itself: without it the same stands there after sending.
"use strict";
(() => {
  const pause = 300;
  for (const form of document.querySelectorAll("form[data-check]")) {
    let timer = 0, turn = 0;
    const put = (parts) => {
      for (const [id, html] of Object.entries(parts)) {
        const old = document.getElementById(id), frame = document.createElement("template");
        frame.innerHTML = html.trim();
        const now = frame.content.firstElementChild;
        if (!old || !now) continue;
        old.replaceWith(now);
        const field = document.getElementById(id.replace(/^h-/, "f-"));
        if (!field) continue;
        if (now.querySelector(".wrong")) field.setAttribute("aria-invalid", "true");
        else field.removeAttribute("aria-invalid");
      }
    };
    const check = async () => {
      const mine = ++turn;
      const answer = await fetch(form.dataset.check, { method: "POST", body: new URLSearchParams(new FormData(form)) });
      // A newer question is on its way, or there is nobody to ask: what stands there stays.
      if (mine === turn && answer.ok) put(await answer.json());
    };
    form.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(() => check().catch(() => {}), pause);
    });
  }
})();
