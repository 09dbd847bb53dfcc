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
    renewChildren(old, now);
  }

  // A child with an id or a name of its own is found again wherever it stands by now, so that focus goes
  // with it when rows come and go above; the others are told apart by where they stand.
  const key = (node) => node.nodeType === Node.ELEMENT_NODE ? node.id || node.dataset.key || null : null;

  function renewChildren(old, now) {
    const named = new Map(), wanted = new Set([...now.childNodes].map(key));
    for (const node of [...old.childNodes]) {
      if (key(node) && !wanted.has(key(node))) node.remove();
      else if (key(node)) named.set(key(node), node);
    }
    let place = old.firstChild;
    for (const node of [...now.childNodes]) {
      const own = key(node);
      let found = own ? named.get(own) : place;
      // What stands here and comes again elsewhere is not taken for another.
      while (!own && found && key(found)) found = found.nextSibling;
      if (own) named.delete(own);
      if (!found) old.insertBefore(node, place);
      else {
        if (found === place) place = place.nextSibling;
        else old.insertBefore(found, place);
        renew(found, node);
      }
    }
    while (place) {
      const next = place.nextSibling;
      place.remove();
      place = next;
    }
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
