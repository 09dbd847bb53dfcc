// Puts the parts of a page that the server sends in the place of those that are there, says when the
// connection is lost, and goes where it is sent when the session has ended. It decides nothing else.
"use strict";
(() => {
  const address = document.body.dataset.live;
  const lost = document.getElementById("lost");
  const shortest = 500, longest = 8000;
  let wait = shortest, over = false;

  // Changes what differs and leaves the rest alone, so that focus and selection stay.
  function renew(old, now) {
    if (old.nodeName !== now.nodeName) return old.replaceWith(now);
    if (old.nodeType !== Node.ELEMENT_NODE) {
      if (old.data !== now.data) old.data = now.data;
      return;
    }
    for (const { name, value } of now.attributes)
      if (old.getAttribute(name) !== value) old.setAttribute(name, value);
    for (const { name } of [...old.attributes])
      if (!now.hasAttribute(name) && name !== "open") old.removeAttribute(name);
    const had = [...old.childNodes], got = [...now.childNodes];
    got.forEach((node, at) => (had[at] ? renew(had[at], node) : old.append(node)));
    had.slice(got.length).forEach((node) => node.remove());
  }

  // Another script of our own may put in the place what the server has drawn.
  document.renew = renew;

  function take(said) {
    if (said.go) {
      over = true;
      location.assign(said.go);
      return;
    }
    lost.hidden = true;
    wait = shortest;
    for (const [id, html] of Object.entries(said.parts)) {
      const old = document.getElementById(id), frame = document.createElement("template");
      frame.innerHTML = html;
      if (old && frame.content.firstElementChild) renew(old, frame.content.firstElementChild);
    }
  }

  function open() {
    const socket = new WebSocket(location.origin.replace(/^http/, "ws") + address);
    socket.onmessage = (event) => take(JSON.parse(event.data));
    socket.onclose = () => {
      if (over) return;
      lost.hidden = false;
      // Signed out meanwhile? Then the page says so itself.
      fetch(location.href).then((answer) => answer.status === 401 && location.reload(), () => {});
      setTimeout(open, wait);
      wait = Math.min(wait * 2, longest);
    };
  }

  addEventListener("pagehide", () => (over = true));
  addEventListener("pageshow", (event) => event.persisted && location.reload());
  if (address) open();
})();
