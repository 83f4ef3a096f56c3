"use strict";
// The page's own namespace: sections' scripts find their data here, and wait for `exitsearch.ready`.
const exitsearch = {
  figures: JSON.parse(document.getElementById("figures").textContent),
  data: JSON.parse(document.getElementById("data").textContent),
};

exitsearch.unpacked = (text) => {
  const letters = atob(text);
  const bytes = new Uint8Array(letters.length);
  // Plotly is a million letters and more: a plain loop takes a tenth of the time that `Uint8Array.from` does.
  for (let k = 0; k < letters.length; k += 1) bytes[k] = letters.charCodeAt(k);
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip")));
};

exitsearch.themed = (layout) => {
  const style = getComputedStyle(document.documentElement);
  const [text, line, dim] = ["--text", "--line", "--dim"].map((name) => style.getPropertyValue(name).trim());
  const themed = {
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font: { color: text, size: 12 },
    modebar: { bgcolor: "rgba(0,0,0,0)", color: dim, activecolor: text },
    margin: { l: 60, r: 20, t: 30, b: 50 }, ...layout,
  };
  for (const name of Object.keys(themed).filter((name) => /^[xy]axis\d*$/.test(name)).concat(["xaxis", "yaxis"])) {
    themed[name] = { gridcolor: line, zerolinecolor: line, linecolor: line, ...(themed[name] || {}) };
  }
  return themed;
};

exitsearch.draw = async (place) => {
  const figure = exitsearch.figures[place.dataset.figure];
  await Plotly.react(place, figure.data, exitsearch.themed(figure.layout), { responsive: true, displaylogo: false });
  place.dataset.drawn = "yes";
};

exitsearch.waiting = [];
exitsearch.drawWaiting = async () => {
  const { waiting } = exitsearch;
  for (; waiting.length; waiting.shift()) {
    const [place] = waiting;
    try {
      if (place.isConnected && !place.dataset.drawn) await exitsearch.draw(place);
    } catch (error) {
      reportError(error);
    }
    // The page answers between two figures.
    await new Promise((done) => { setTimeout(done, 0); });
  }
};

// Figures are drawn when they come near, so that a long page opens as quickly as a short one; the upper ones first.
exitsearch.near = new IntersectionObserver((entries) => {
  const come = entries.filter((entry) => entry.isIntersecting);
  come.sort((one, other) => one.boundingClientRect.top - other.boundingClientRect.top);
  for (const { target } of come) exitsearch.near.unobserve(target);
  const isAtWork = exitsearch.waiting.length > 0;
  exitsearch.waiting.push(...come.map((entry) => entry.target));
  // Why there is no plotly is told elsewhere.
  if (come.length && !isAtWork) exitsearch.ready.then(exitsearch.drawWaiting, () => {});
}, { rootMargin: "600px" });
exitsearch.drawWhenNear = (place) => {
  // What is below stays where it is once the figure is there, and is not drawn for having been higher up.
  const { height } = exitsearch.figures[place.dataset.figure].layout;
  if (height) place.style.minHeight = `${height}px`;
  exitsearch.near.observe(place);
};

exitsearch.ready = (async () => {
  const packed = document.getElementById("plotly").textContent;
  if (!packed) return;
  const script = document.createElement("script");
  // From an address it is read beside the page's own thread, which a text of that length would hold up.
  const text = new Blob([await exitsearch.unpacked(packed).blob()], { type: "text/javascript" });
  script.src = URL.createObjectURL(text);
  await new Promise((done, failed) => {
    Object.assign(script, { onload: done, onerror: failed });
    document.head.append(script);
  });
  URL.revokeObjectURL(script.src);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    document.querySelectorAll("[data-drawn]").forEach(exitsearch.draw);
  });
})();
document.querySelectorAll("[data-figure]").forEach(exitsearch.drawWhenNear);
exitsearch.ready.catch(() => { document.getElementById("trouble").hidden = false; });
