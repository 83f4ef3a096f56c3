"use strict";
// The page of a sweep that runs: asks what has changed, and puts it where the old one is, so that nobody loses his place.
(() => {
  const EVERY_MS = 2000;
  const GIVE_UP_AFTER = 3;
  let version = exitsearch.data.state.version;
  let failures = 0;

  const say = (text) => { document.getElementById("connection").textContent = text; };

  const replaced = (section, news) => {
    const drawn = new Map([...section.querySelectorAll("[data-drawn]")].map((place) => [place.dataset.figure, place]));
    section.replaceChildren(...news.childNodes);
    for (const place of section.querySelectorAll("[data-figure]")) {
      const old = drawn.get(place.dataset.figure);
      // A picture stays where it is with what somebody has zoomed into; plotly draws the new points in it.
      if (old) place.replaceWith(old);
      exitsearch.ready.then(() => exitsearch.draw(old || place));
    }
  };

  const show = (text) => {
    const news = new DOMParser().parseFromString(text, "text/html");
    for (const name of ["figures", "data"]) exitsearch[name] = JSON.parse(news.getElementById(name).textContent);
    document.querySelector("nav").replaceChildren(...news.querySelector("nav").childNodes);
    const main = document.querySelector("main");
    const old = new Map([...main.children].map((section) => [section.id, section]));
    for (const section of [...news.querySelector("main").children]) {
      const place = old.get(section.id) || document.createElement("section");
      place.id = section.id;
      old.delete(section.id);
      replaced(place, section);
      main.append(place);
    }
    old.forEach((section) => section.remove());
  };

  const look = async () => {
    const state = await (await fetch("/state", { cache: "no-store" })).json();
    if (state.final) { location.reload(); return ""; }
    if (state.version === version) return state.trouble;
    const answer = await fetch("/content", { cache: "no-store" });
    if (!answer.ok) throw new Error(answer.statusText);
    const text = await answer.text();
    const { scrollX, scrollY } = window;
    show(text);
    window.scrollTo(scrollX, scrollY);
    version = answer.headers.get("X-Version");
    return state.trouble;
  };

  const loop = async () => {
    try {
      const trouble = await look();
      failures = 0;
      say(trouble);
    } catch {
      failures += 1;
      if (failures >= GIVE_UP_AFTER) {
        say("Connection lost: exitsearch watch was ended. Start it again and reload this page.");
        return;
      }
    }
    setTimeout(loop, EVERY_MS);
  };

  // A page that was saved to a file has nobody to ask.
  if (location.protocol.startsWith("http")) loop();
})();
