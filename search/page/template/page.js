"use strict";
// The page's own namespace: sections' scripts find their data here, and wait for `exitsearch.ready`.
const exitsearch = {
  figures: JSON.parse(document.getElementById("figures").textContent),
  data: JSON.parse(document.getElementById("data").textContent),
};

exitsearch.unpack = async (text) => {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return await new Response(stream).text();
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

exitsearch.ready = (async () => {
  const packed = document.getElementById("plotly").textContent;
  if (!packed) return;
  const script = document.createElement("script");
  script.textContent = await exitsearch.unpack(packed);
  document.head.append(script);
  // Figures are drawn when they come near, so that a long page opens as quickly as a short one.
  const seen = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting && !target.dataset.drawn) exitsearch.draw(target);
    }
  }, { rootMargin: "600px" });
  document.querySelectorAll("[data-figure]").forEach((place) => seen.observe(place));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    document.querySelectorAll("[data-drawn]").forEach(exitsearch.draw);
  });
})();
exitsearch.ready.catch(() => { document.getElementById("trouble").hidden = false; });
