// A query among keys, the softmax weights of the keys, and the average of their values on a map.

import { LiveElement, argmax, average, button, define, distance, dragIn, fitPlane, format, formatPoint, formatProbability, linearScale, listed, make, maximum, moveLine, numberField, short, show, showChallenge, slider, softmax, within } from "../core.mjs";

// The plane of the query: pixels for 1, and how far it is shown.
const UNIT = 52;
const HALF = 120;
const STEP = 0.1;
const ARROWS = { ArrowRight: [STEP, 0], ArrowLeft: [-STEP, 0], ArrowUp: [0, STEP], ArrowDown: [0, -STEP] };
const THICKEST = 14;
// The map: its size, and the room for names around the values.
const MAP = [280, 240];
const MARGIN = [44, 34];
const PATH_STEPS = 80;

const dot = ([a, b], [c, d]) => a * c + b * d;
const thickness = (p) => 1 + (THICKEST - 1) * p;
const line = (name, color = "") => `<line class="${name}" style="${color}"/>`;

class AttentionFigure extends LiveElement {
  build(start) {
    this.start = start;
    this.colors = start.keys.map((_, k) => `--color: var(--c${k})`);
    this.fields = start.features.map((name, i) =>
      numberField({
        label: `Query: ${name}`,
        min: -this.limits.query,
        max: this.limits.query,
        change: (given) => this.moveTo(this.q.map((x, j) => (j === i ? given : x))),
      }),
    );
    this.scale = slider({
      label: "Scale",
      scale: linearScale(...this.limits.scale, 0.1),
      value: start.scale,
      origin: 0,
      change: (scale) => {
        this.factor = scale;
        this.update();
      },
    });
    this.rows = start.labels.map((name, k) => {
      const row = { score: make("span"), p: make("b", { class: "p" }), bar: make("div", { class: "bar" }) };
      row.part = make("li", { style: this.colors[k] }, make("span", { class: "name" }, name), row.p, make("div", { class: "track", "aria-hidden": "true" }, row.bar), make("span", { class: "soft score" }, "score ", row.score));
      return row;
    });
    this.shown = [make("span", { class: "answer" }), make("span", { class: "answer" })];
    this.challenge = make("p", { class: "challenge" });
    const title = (name, letter, ...more) => make("div", { class: "title" }, make("b", {}, `${name} `, make("i", {}, letter)), ...more);
    const parts = [
      make("div", { class: "panels" },
        make("div", {}, title("query", "q", make("span", { class: "soft" }, "drag the arrow")), this.plane()),
        make("div", {}, title("weights", "p"), make("ul", { "aria-label": "Weights" }, ...this.rows.map(({ part }) => part))),
        make("div", { class: "places" }, title("answer", "o", make("span", {}, "(", this.shown[0], ", ", this.shown[1], ")")), this.map())),
      make("div", { class: "controls" },
        ...this.fields.map(({ number }, i) => make("label", {}, start.features[i], number)),
        make("label", { class: "scale" }, "scale", this.scale.range, this.scale.number),
        button("Reset", () => this.load(start))),
      this.challenge,
    ];
    this.load(start);
    return parts;
  }

  // The two pictures. -----------------------------------------------------------------------------

  plane() {
    const { keys, features } = this.start;
    const far = 2 * HALF; // a wide figure shows more than the square
    const frame = make("div");
    frame.innerHTML = `<svg class="plane" viewBox="${-HALF} ${-HALF} ${2 * HALF} ${2 * HALF}" role="application" tabindex="0" aria-roledescription="plane of the query">
      <path class="grid" d="M${-far} 0H${far}M0 ${-far}V${far}"/><text class="feature" text-anchor="end" x="${HALF - 8}" y="${HALF - 8}"></text><text class="feature" x="${8 - HALF}" y="${18 - HALF}"></text>
      ${line("along")}${keys.map(() => line("foot")).join("")}
      ${keys.map((_, k) => line("spoke", this.colors[k])).join("")}
      ${keys.map(([x, y], k) => `<circle class="key" style="${this.colors[k]}" cx="${x * UNIT}" cy="${-y * UNIT}" r="6"/>`).join("")}
      ${keys.map(([x, y]) => `<text class="weight" text-anchor="middle" x="${x * UNIT}" y="${-y * UNIT + (y < 0 ? 22 : -13)}"></text>`).join("")}
      ${line("query")}<g class="tip"><path d="M3 0L-12 7V-7Z"/><circle class="grip" r="25"/></g></svg>`;
    this.board = frame.firstChild;
    const all = (selector) => [...frame.querySelectorAll(selector)];
    all(".feature").forEach((text, i) => (text.textContent = i ? `↑ ${features[i]}` : `${features[i]} →`));
    this.spokes = all(".spoke");
    keys.forEach(([x, y], k) => moveLine(this.spokes[k], [0, 0], [x * UNIT, -y * UNIT]));
    this.names = all(".weight");
    this.feet = all(".foot");
    [this.along, this.arrow, this.tip] = [".along", ".query", ".tip"].map((name) => frame.querySelector(name));
    dragIn(this.board, (x, y) => {
      this.board.focus({ preventScroll: true });
      this.moveTo([x / UNIT, -y / UNIT].map((x) => Math.round(20 * x) / 20));
    });
    this.board.addEventListener("keydown", (event) => {
      const step = ARROWS[event.key];
      if (!step || event.ctrlKey || event.altKey || event.metaKey) return;
      event.preventDefault();
      this.moveTo(this.q.map((x, i) => Number((x + (event.shiftKey ? 5 : 1) * step[i]).toFixed(2))));
    });
    return frame;
  }

  map() {
    const { values, labels } = this.start;
    const { unit, place } = fitPlane(values, MAP, MARGIN);
    this.place = place;
    const at = values.map(this.place);
    this.middle = average(values.map(() => 1 / values.length), values);
    const center = this.place(this.middle);
    const goal = this.goal() && this.place(this.goal());
    const each = (draw) => at.map(draw).join("");
    // The hull of points of a plane is all triangles of three of them together.
    const triangles = at.flatMap((a, i) => at.slice(i + 1).flatMap((b, j) => at.slice(i + j + 2).map((c) => `<polygon class="hull" points="${a} ${b} ${c}"/>`)));
    const edges = at.flatMap((a, i) => at.slice(i + 1).map((b) => `<path class="edge" d="M${a}L${b}"/>`));
    const frame = make("div");
    frame.innerHTML = `<svg class="map" viewBox="0 0 ${MAP.join(" ")}" role="img">
      ${edges.join("")}${triangles.join("")}<polyline class="path"/>
      ${each((_, k) => line("spoke", this.colors[k]))}${goal ? `<circle class="goal" cx="${goal[0]}" cy="${goal[1]}" r="${this.limits.goal * unit}"/>` : ""}
      <g class="mean" transform="translate(${center})"><circle r="3"/><text class="soft" text-anchor="middle">mean</text></g>
      ${each(([x, y], k) => `<rect class="value" style="${this.colors[k]}" x="${x - 6}" y="${y - 6}" width="12" height="12"/>`)}
      ${each(([x, y]) => `<text class="name" text-anchor="middle" x="${x}" y="${y + (y > center[1] ? 22 : -12)}"></text>`)}
      <circle class="point" r="6.5"/></svg>`;
    this.picture = frame.firstChild;
    [...frame.querySelectorAll(".name")].forEach((text, k) => (text.textContent = labels[k]));
    this.strings = [...frame.querySelectorAll(".spoke")];
    [this.path, this.point, this.mean] = [".path", ".point", ".mean text"].map((name) => frame.querySelector(name));
    return frame;
  }

  // Where the challenge leads: half the way from one value to another.
  goal() {
    const { challenge, values } = this.start;
    return challenge && average([0.5, 0.5], challenge.map((k) => values[k]));
  }

  // State. ----------------------------------------------------------------------------------------

  load({ q, scale }) {
    this.factor = scale;
    this.scale.set(scale);
    this.moveTo(q);
  }

  moveTo(q) {
    const { query } = this.limits;
    this.q = q.map((x) => Math.min(query, Math.max(-query, x)));
    this.fields.forEach((field, i) => field.set(this.q[i]));
    this.update();
  }

  state() {
    return { q: this.q, scale: this.factor };
  }

  restore({ q = "", scale = "" }) {
    const [query, factor] = [q.split(",").map(parseFloat), parseFloat(scale)];
    const valid = query.length === 2 && query.every((x) => Math.abs(x) <= this.limits.query) && within(factor, this.limits.scale);
    if (valid) this.load({ q: query, scale: factor });
    return valid;
  }

  lookup(scale) {
    const { keys, values } = this.start;
    const scores = keys.map((key) => scale * dot(key, this.q));
    const weights = softmax(scores);
    return { scores, weights, answer: average(weights, values) };
  }

  update() {
    const { values, labels, features } = this.start;
    const { scores, weights, answer } = this.lookup(this.factor);
    this.rows.forEach(({ score, p, bar }, k) => {
      show(score, scores[k]);
      show(p, weights[k], weights[k] < 0.0005 ? "≈ 0" : format(weights[k], 3));
      bar.style.width = `${100 * weights[k]}%`;
    });
    this.shown.forEach((node, i) => show(node, answer[i]));
    this.drawQuery(weights);
    this.drawAnswer(weights, answer);
    const words = listed(labels.map((name, k) => `${name} ${formatProbability(weights[k])}`));
    const away = values.map((value) => distance(value, answer));
    const nearest = away.indexOf(Math.min(...away));
    this.board.setAttribute("aria-label", `Query: ${features.map((name, i) => `${name} ${short(this.q[i])}`).join(", ")}. The arrow keys move it.`);
    this.picture.setAttribute("aria-label", `Map with the answer at ${formatPoint(answer)}, inside the hull of the places of ${listed(labels)}.`);
    this.announce(`The query ${formatPoint(this.q, short)} at scale ${short(this.factor)} gives ${words}. The answer is ${formatPoint(answer)}, ${format(away[nearest])} from ${labels[nearest]}.${this.judge(answer)}`);
    this.remember(this.state());
  }

  drawQuery(weights) {
    const { keys, labels } = this.start;
    const [x, y] = [this.q[0] * UNIT, -this.q[1] * UNIT];
    const length = Math.hypot(x, y);
    const [u, v] = length ? [x / length, y / length] : [0, 0];
    const far = 2 * HALF;
    moveLine(this.along, [-far * u, -far * v], [far * u, far * v]);
    keys.forEach((key, k) => {
      const end = [key[0] * UNIT, -key[1] * UNIT];
      const reach = dot(end, [u, v]);
      moveLine(this.feet[k], end, [reach * u, reach * v]);
      this.spokes[k].style.strokeWidth = thickness(weights[k]);
      this.names[k].textContent = `${labels[k]} ${format(weights[k])}`;
    });
    moveLine(this.arrow, [0, 0], [x - 6 * u, y - 6 * v]);
    this.tip.setAttribute("transform", `translate(${x} ${y})`);
    this.tip.firstChild.setAttribute("transform", `rotate(${(Math.atan2(y, x) * 180) / Math.PI})`);
  }

  drawAnswer(weights, answer) {
    const [x, y] = this.place(answer);
    const most = this.limits.scale[1];
    // Closer together where the scale is small: there the answer goes fastest.
    const scales = Array.from({ length: PATH_STEPS + 1 }, (_, i) => most * (i / PATH_STEPS) ** 2);
    this.path.setAttribute("points", scales.map((scale) => this.place(this.lookup(scale).answer)).join(" "));
    this.strings.forEach((string, k) => {
      moveLine(string, [x, y], this.place(this.start.values[k]));
      string.style.strokeWidth = thickness(weights[k]);
    });
    this.mean.setAttribute("y", answer[1] < this.middle[1] ? -9 : 17); // beside the path
    this.point.setAttribute("transform", `translate(${x} ${y})`);
  }

  // The challenge: a place where none of the values is. Return what the status line adds.
  judge(answer) {
    const goal = this.goal();
    this.challenge.hidden = !goal;
    if (!goal) return "";
    const away = distance(answer, goal);
    const solved = away <= this.limits.goal;
    const [a, b] = this.start.challenge.map((k) => this.start.labels[k]);
    const fits = this.start.keys.map((key) => dot(key, this.q));
    const tie = this.start.challenge.every((k) => fits[k] === maximum(fits));
    let verdict = `Now ${format(away)} away.`;
    if (solved) verdict = tie ? "Solved. Both fit equally well, so no scale decides between them." : `Solved at this scale. At a larger one, ${this.start.labels[argmax(fits)]} would win.`;
    showChallenge(this.challenge, solved, `Lead the answer into the ring, halfway between ${a} and ${b}.`, verdict);
    return solved ? " Challenge solved." : "";
  }

  static css = `
    .panels { display: grid; grid-template-columns: minmax(0, 200px) minmax(90px, 1fr); gap: 10px 16px; }
    .places { grid-column: 1 / -1; }
    .title { display: flex; flex-wrap: wrap; align-items: baseline; justify-content: space-between; gap: 0 8px; line-height: 26px; font-variant-numeric: tabular-nums; }
    svg { display: block; width: 100%; touch-action: pan-y; user-select: none; border-radius: 6px; background: var(--panel); font-size: 15px; fill: var(--text); forced-color-adjust: none; }
    .map { max-height: 220px; font-size: 13px; }
    .grid { stroke: var(--line); fill: none; }
    text:is(.feature, .soft) { fill: var(--soft); }
    text { paint-order: stroke; stroke: var(--panel); stroke-width: 4px; stroke-linejoin: round; }
    .spoke { stroke: var(--color); stroke-linecap: round; }
    .key, .value { fill: var(--color); stroke: var(--panel); stroke-width: 1.5; }
    .along { stroke: var(--edge); stroke-width: 0.7; }
    .foot { stroke: var(--edge); stroke-dasharray: 2 3; }
    .query { stroke: var(--text); stroke-width: 3; }
    .tip path, .point { fill: var(--text); stroke: var(--panel); stroke-width: 1.5; }
    .grip { fill: transparent; cursor: grab; }
    .edge { stroke: var(--edge); stroke-width: 3; stroke-linejoin: round; }
    .hull { fill: var(--ground); }
    .path { fill: none; stroke: var(--edge); stroke-width: 1.4; }
    .mean circle { fill: var(--edge); }
    .mean text { stroke: var(--ground); }
    .goal { fill: var(--ground); stroke: var(--text); stroke-width: 2; }
    ul { display: grid; gap: 8px; margin: 0; padding: 0; list-style: none; }
    li { display: grid; grid-template-columns: 1fr auto; gap: 2px 6px; align-items: baseline; font-variant-numeric: tabular-nums; }
    .name { overflow-wrap: anywhere; line-height: 1.15; }
    .track { grid-column: 1 / -1; height: 12px; border-radius: 3px; background: var(--panel); overflow: hidden; }
    .score { grid-column: 1 / -1; }
    .bar { height: 100%; background: var(--color); forced-color-adjust: none; }
    .controls { display: flex; flex-wrap: wrap; gap: 6px 16px; align-items: center; margin-top: 10px; }
    label { display: flex; gap: 8px; align-items: center; }
    .scale { flex: 1 1 220px; min-width: 0; }
    @container (min-width: 600px) {
      .panels { grid-template-columns: minmax(0, 11fr) minmax(90px, 5fr) minmax(0, 12fr); }
      .places { grid-column: auto; }
      svg, .map { max-height: 280px; font-size: 13px; }
    }
  `;
}

define("softmax-attention", AttentionFigure);
