// The threshold explorer: every move recounts the rows of a small table. `evaluate` takes a level for each slider.
exitsearch.explorer = (() => {
  const data = exitsearch.data.explorer;
  const arrays = {};
  const stations = [...new Set(data.dials.map((dial) => dial.exit))];
  const dialsOf = stations.map((exit) => data.dials.flatMap((dial, d) => (dial.exit === exit ? [d] : [])));
  const own = data.dials.map((dial) => dial.own);
  const closed = data.dials.map((dial) => dial.thresholds.length);
  const levels = [...own];
  let nSamples = 0;

  const unpack = async () => {
    const buffer = await exitsearch.unpacked(data.rows).arrayBuffer();
    const kinds = { 1: Uint8Array, 2: Uint16Array, 4: Uint32Array };
    let start = 0;
    for (const [name, width, columns] of data.columns) {
      arrays[name] = [];
      for (let column = 0; column < columns; column += 1, start += width * data.n_rows) {
        arrays[name].push(new kinds[width](buffer, start, data.n_rows));
      }
    }
    nSamples = arrays.counts[0].reduce((sum, count) => sum + count, 0);
  };

  const leaves = (row, station, at) => {
    const reaches = (d) => arrays.ranks[d][row] > at[d];
    return data.needs_all ? dialsOf[station].every(reaches) : dialsOf[station].some(reaches);
  };

  const evaluate = (at) => {
    const taken = new Array(data.cost.length).fill(0);
    const worthOf = new Array(data.values.length).fill(0);
    for (let row = 0; row < data.n_rows; row += 1) {
      let depth = arrays.falls[0][row];
      let worth = arrays.fall_worth[0][row];
      for (let station = 0; depth === 0; station += 1) {
        if (leaves(row, station, at)) {
          depth = stations[station] + 1;
          worth = arrays.dial_worth[station][row];
        } else {
          depth = arrays.falls[station + 1][row];
          worth = arrays.fall_worth[station + 1][row];
        }
      }
      taken[depth - 1] += arrays.counts[0][row];
      worthOf[worth] += arrays.counts[0][row];
    }
    const mean = (counts, values) => counts.reduce((sum, count, i) => sum + count * values[i], 0) / nSamples;
    return {
      [data.quality]: mean(worthOf, data.values),
      mean_depth: mean(taken, taken.map((_, k) => k + 1)),
      mean_cost: mean(taken, data.cost),
      exit_mix: taken.map((count) => count / nSamples),
    };
  };

  const thresholds = (at) => {
    const rows = data.thresholds.map((row) => (Array.isArray(row) ? [...row] : row));
    data.dials.forEach((dial, d) => {
      const value = at[d] < closed[d] ? dial.thresholds[at[d]] : null;
      if (Array.isArray(rows[dial.exit])) rows[dial.exit][dial.column] = value;
      else rows[dial.exit] = value;
    });
    return rows;
  };

  const section = document.getElementById("explorer");
  const bars = document.getElementById("explorer-mix");
  const inputs = [...section.querySelectorAll("[data-dial]")];
  let selected;
  let highest = 1;

  const build = () => {
    selected = evaluate(own);
    const n = data.cost.length;
    const every = Math.ceil(n / 20);
    for (let k = 0; k < n; k += 1) {
      bars.insertAdjacentHTML("beforeend", "<div><i></i><b></b><span></span></div>");
      const name = document.createElement("span");
      name.textContent = k % every === 0 || k === n - 1 ? k + 1 : "";
      document.getElementById("explorer-names").append(name);
    }
    inputs.forEach((input, d) => {
      input.max = closed[d];
      input.addEventListener("input", () => { levels[d] = Number(input.value); show(); });
    });
  };

  const showMix = (mix) => {
    highest = Math.max(...mix, ...selected.exit_mix);
    [...bars.children].forEach((bar, k) => {
      const height = (share) => `${(86 * share) / highest}%`;
      const [filled, line, text] = bar.children;
      filled.style.height = height(mix[k]);
      line.style.bottom = height(selected.exit_mix[k]);
      text.style.bottom = height(Math.max(mix[k], selected.exit_mix[k]));
      text.textContent = mix.length <= 12 ? `${(100 * mix[k]).toFixed(1)}%` : "";
      bar.title = `exit ${k + 1}: ${(100 * mix[k]).toFixed(2)}% (selected policy ${(100 * selected.exit_mix[k]).toFixed(2)}%)`;
    });
  };

  const showPlace = (found) => {
    const figure = exitsearch.figures.explorer;
    const here = figure.data.length - 1;
    Object.assign(figure.data[here], { x: [found.mean_depth], y: [found[data.quality]] });
    const place = section.querySelector("[data-figure]");
    if (place.dataset.drawn) Plotly.restyle(place, { x: [[found.mean_depth]], y: [[found[data.quality]]] }, [here]);
  };

  const show = () => {
    const found = evaluate(levels);
    inputs.forEach((input, d) => {
      input.value = levels[d];
      const value = data.dials[d].thresholds[levels[d]];
      input.nextElementSibling.textContent = value === undefined ? "closed" : Number(value.toPrecision(4));
    });
    for (const name of [data.quality, "mean_depth", "mean_cost"]) {
      const by = found[name] - selected[name];
      section.querySelector(`[data-explorer="${name}"]`).textContent = found[name].toFixed(4);
      const place = section.querySelector(`[data-explorer-difference="${name}"]`);
      place.textContent = `${by > 0 ? "+" : by < 0 ? "\u2212" : ""}${Math.abs(by).toFixed(4)}`;
    }
    showMix(found.exit_mix);
    showPlace(found);
    document.getElementById("explorer-json").textContent = `"thresholds": ${JSON.stringify(thresholds(levels))}`;
  };

  const turn = (at) => { levels.splice(0, levels.length, ...at); show(); };
  const listen = (id, action) => document.getElementById(id)?.addEventListener("click", action);
  listen("explorer-selected", () => turn(own));
  listen("explorer-full", () => turn(closed));
  listen("explorer-copy", () => navigator.clipboard?.writeText(document.getElementById("explorer-json").textContent));

  const ready = unpack().then(() => { build(); show(); });
  return { evaluate, thresholds, turn, ready, own, closed };
})();
