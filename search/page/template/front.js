"use strict";
// A point that is clicked, or a policy that is chosen in the list, shows its panel.
(() => {
  const { points, details, pictures, words, boxes, colours } = exitsearch.data.front;
  const place = document.getElementById("front-figure");
  const list = document.getElementById("front-policy");
  const panel = document.getElementById("front-panel");

  const made = (tag, text = "", classes = "") => {
    const element = document.createElement(tag);
    element.textContent = text;
    element.className = classes;
    return element;
  };

  const bar = (name, share, text) => {
    const row = made("div", "", "bar");
    const label = made("span", name);
    label.title = name;
    const track = made("span", "", "track");
    const fill = made("div", "", "fill");
    fill.style.width = `${100 * share}%`;
    track.append(fill);
    row.append(label, track, made("span", text));
    return row;
  };

  const block = (title, ...content) => {
    const own = made("div");
    own.append(made("h3", title), ...content);
    return own;
  };

  const mix = ({ mix: shares, unread }) => {
    const bars = shares.map((share, k) => {
      const row = bar(`exit ${k + 1}`, share, `${(100 * share).toFixed(2)}%`);
      row.dataset.exitShare = share;
      return row;
    });
    if (unread) bars.push(made("p", `${unread} samples were not read: the answer was sure before.`, "dim"));
    return block("Where samples leave", ...bars);
  };

  const recall = ({ recall: rows, n_classes: count }) => {
    if (!rows || !rows.length) return [];
    const title = `${words.recall}, ${count > rows.length ? `the worst ${rows.length} of ${count.toLocaleString("en")}` : "worst first"}`;
    return [block(title, ...rows.map(([name, share, n]) => bar(name, share, `${share.toFixed(3)} of ${n}`)))];
  };

  const reliability = ({ reliability: rows }) => {
    if (!rows) return [];
    const figure = made("div", "", "figure");
    figure.dataset.figure = "front-reliability";
    exitsearch.figures["front-reliability"] = {
      data: [
        { x: [0, 1], y: [0, 1], mode: "lines", line: { dash: "dot", color: "#9aa3b2" }, hoverinfo: "skip" },
        {
          x: rows.map((row) => row[0]), y: rows.map((row) => row[1]), mode: "lines+markers",
          line: { color: "#2f81d0" }, text: rows.map((row) => `${row[2]} answers`),
          hovertemplate: "confidence %{x:.3f}, right %{y:.3f}<br>%{text}<extra></extra>",
        },
      ],
      layout: {
        xaxis: { title: { text: words.confidence }, range: [0, 1.03] }, yaxis: { title: { text: words.right }, range: [0, 1.03] },
        showlegend: false, height: 300, margin: { l: 55, r: 10, t: 10, b: 45 },
      },
    };
    exitsearch.drawWhenNear(figure);
    return [block(words.reliability, figure)];
  };

  const rectangles = (rows, classes) => {
    const name = "http://www.w3.org/2000/svg";
    return rows.map(([left, top, right, bottom, label]) => {
      const box = document.createElementNS(name, "rect");
      const sides = { x: left, y: top, width: right - left, height: bottom - top, stroke: colours[label][1], class: classes };
      Object.entries(sides).forEach(([key, value]) => box.setAttribute(key, value));
      return box;
    });
  };

  const withBoxes = (image, number, found) => {
    const own = made("div", "", "boxed");
    const drawing = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    drawing.setAttribute("viewBox", "0 0 1 1");
    drawing.setAttribute("preserveAspectRatio", "none");
    drawing.append(...rectangles(boxes.objects[number], "true"), ...rectangles(boxes.found[found], "found"));
    own.append(image, drawing);
    return own;
  };

  const caption = (truth, answer, depth, f1) => {
    if (f1 !== undefined) return `there: ${truth}; found: ${answer}; F1 ${f1.toFixed(2)}, exit ${depth}`;
    return truth === answer ? `${truth}: right, exit ${depth}` : `${truth}; answered ${answer}; exit ${depth}`;
  };

  const key = () => {
    const own = made("p", "Boxes: solid what was found, dashed what is there.", "dim");
    for (const [name, colour] of colours) {
      const mark = made("span", " \u25a0 ");
      mark.style.color = colour;
      own.append(mark, name);
    }
    return own;
  };

  const examples = ({ examples: groups }) => (groups || []).map(([title, count, rows]) => {
    const own = made("div", "", "pictures");
    for (const [number, truth, answer, depth, f1, found] of rows) {
      const figure = made("figure");
      const image = made("img");
      image.src = pictures[number];
      image.alt = `${truth}, ${words.answered} ${answer}`;
      figure.append(found === undefined ? image : withBoxes(image, number, found), made("figcaption", caption(truth, answer, depth, f1)));
      own.append(figure);
    }
    if (!rows.length) own.append(made("span", "no picture of these was kept", "dim"));
    return block(`${title} (${count.toLocaleString("en")})`, own);
  });

  const counts = ({ n, right, saved, lost, image_f1: f1 }) => {
    if (f1 !== undefined) {
      const beside = `Against the full network, ${saved} have an F1 that is higher by 0.1 or more (saved), and ${lost} one that is lower by as much (lost).`;
      return [made("p", `Mean image F1 ${f1.toFixed(4)} of ${n.toLocaleString("en")} images of search. ${beside}`)];
    }
    if (right === undefined) return [];
    const told = `${right.toLocaleString("en")} of ${n.toLocaleString("en")} answers on search are right.`;
    const beside = ` Against the full network it saved ${saved} (right here, wrong there) and lost ${lost} (the other way round).`;
    return [made("p", saved === undefined ? told : told + beside)];
  };

  const show = (number) => {
    const point = points[number];
    const own = details[number];
    const told = [point.rule, `thresholds ${point.thresholds}`, ...(point.network ? [`network ${point.network}`] : [])];
    panel.replaceChildren(made("h3", point.title), made("p", told.join("; ") + ".", "dim"));
    panel.dataset.policy = number;
    list.value = String(number);
    if (!own) return;
    const columns = made("div", "", "columns");
    columns.append(mix(own), ...recall(own), ...reliability(own));
    const shown = made("div", "", "columns");
    shown.append(...examples(own));
    panel.append(...counts(own), columns, ...(colours.length ? [key()] : []), shown);
  };

  list.addEventListener("change", () => show(Number(list.value)));
  show(Number(list.value));
  // Plotly gives a place its `on` once it is drawn.
  const listen = () => {
    if (!place.dataset.drawn) return false;
    place.on("plotly_click", ({ points: [clicked] }) => {
      if (clicked.customdata !== undefined) show(Number(clicked.customdata));
    });
    return true;
  };
  const drawn = new MutationObserver(() => { if (listen()) drawn.disconnect(); });
  if (!listen()) drawn.observe(place, { attributes: true, attributeFilter: ["data-drawn"] });
})();
