// Queries and their partners on a circle, what each query thinks of each partner, and training.

import { LiveElement, argmax, button, define, dragIn, format, formatProbability, listed, logScale, make, maximum, reducedMotion, scrollable, show, showChallenge, slider, within } from "../core.mjs";
import { angleBetween, descend, logRows, meanLoss, smallestLoss } from "./numerics.mjs";

const TEMPERATURE_STEPS = 100;
const [WIDTH, HEIGHT] = [320, 290];
const [X, Y, RADIUS] = [160, 145, 98];
const RINGS = { queries: 80, partners: 116 }; // queries inside of the circle, partners outside
const ARROWS = { queries: 58, partners: 138 };
const KINDS = Object.keys(RINGS);
const STEPS = 400; // the longest training
const STILL = 0.002; // radians: a smaller step than this ends it
const PACE = 150; // milliseconds from step to step
const TURN = Math.PI / 180;

const letter = (i) => String.fromCharCode(65 + i);
const point = (r, angle) => [X + r * Math.cos(angle), Y - r * Math.sin(angle)];
const degrees = (angle) => (((angle / TURN) % 360) + 360) % 360;

class ContrastiveFigure extends LiveElement {
  build(start) {
    this.start = start;
    const { labels } = start;
    this.box = make("div");
    this.box.innerHTML = this.drawing();
    this.svg = this.box.firstChild;
    this.handles = [...this.svg.querySelectorAll(".handle")];
    dragIn(this.svg, (x, y) => this.turn(this.held, Math.atan2(Y - y, x - X)), (at) => this.take(at));
    for (const handle of this.handles) {
      handle.addEventListener("keydown", (event) => this.onKey(event, handle));
    }
    this.cells = labels.map(() => labels.map(() => make("td", { class: "entry" })));
    this.losses = labels.map(() => make("td", { class: "loss" }));
    const head = (...content) => make("th", { scope: "col" }, ...content);
    const table = make("table", {},
      make("caption", {}, "softmax of each row"),
      make("thead", {}, make("tr", {}, make("td"), ...labels.map((_, j) => head(make("span", { class: "partner", style: color(j) }, letter(j)))), head(make("span", { class: "soft" }, "loss")))),
      make("tbody", {}, ...labels.map((label, i) => make("tr", {}, make("th", { scope: "row" }, make("span", { class: "query", style: color(i) }, letter(i)), ` ${label}`), ...this.cells[i], this.losses[i]))));
    this.temperature = slider({ label: "Temperature", scale: logScale(...this.limits.temperature, TEMPERATURE_STEPS), value: 1, change: (T) => this.load({ ...this.vectors(), T }) });
    this.total = make("b", { class: "total" });
    this.floor = make("span", { class: "floor" });
    this.bar = make("div", { class: "bar", "aria-hidden": "true" }, make("div", { class: "fill" }), make("div", { class: "tick low" }), make("div", { class: "tick guess" }));
    this.trainer = button("Train", () => (this.running ? this.stop() : this.train()), "primary");
    this.challenge = make("p", { class: "challenge" });
    this.load(start);
    return [
      make("div", { class: "panels" },
        make("div", {}, this.box, make("p", { class: "soft key" }, "● query, ■ partner: drag. Arrow: next step")),
        make("div", {},
          scrollable(table),
          make("p", { class: "numbers" }, "mean loss ", this.total, make("span", { class: "soft" }, "at this ", make("i", {}, "T"), " never below ", this.floor, `; all equal: ${format(Math.log(labels.length), 3)}`)),
          this.bar,
          make("div", { class: "row" }, make("span", {}, "temperature ", make("i", {}, "T")), this.temperature.range, this.temperature.number),
          make("div", { class: "buttons" }, this.trainer, button("Step", () => this.step()), button("Reset", () => this.load(start))))),
      this.challenge,
    ];
  }

  drawing() {
    const { labels } = this.start;
    const mark = (kind) => (kind === "queries" ? `<circle class="mark" r="13"/>` : `<rect class="mark" x="-12" y="-12" width="24" height="24" rx="3"/>`);
    const handle = (kind, i) => `<g class="handle ${kind}" style="${color(i)}" tabindex="0" role="slider" aria-valuemin="0" aria-valuemax="360"><circle class="grip" r="21"/>${mark(kind)}<text y="5">${letter(i)}</text></g>`;
    const each = (draw) => KINDS.map((kind) => labels.map((_, i) => draw(kind, i)).join("")).join("");
    return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="group" aria-label="Queries and partners as directions on a circle"><circle class="circle" cx="${X}" cy="${Y}" r="${RADIUS}"/>${labels.map((_, i) => `<path class="tie" style="${color(i)}"/>`).join("")}${each((kind, i) => `<path class="arrow ${kind}" style="${color(i)}"/>`)}${each(handle)}</svg>`;
  }

  // The reader's hand. ----------------------------------------------------------------------------

  // The handle that is nearest to the pointer.
  take({ x, y }) {
    const distances = this.handles.map((_, n) => {
      const [kind, i] = this.place(n);
      const [u, v] = point(RINGS[kind], this[kind][i]);
      return -Math.hypot(u - x, v - y);
    });
    this.held = argmax(distances);
  }

  place(n) {
    const N = this.start.labels.length;
    return [KINDS[Math.floor(n / N)], n % N];
  }

  onKey(event, handle) {
    const step = { ArrowLeft: 5, ArrowUp: 5, ArrowRight: -5, ArrowDown: -5, PageUp: 45, PageDown: -45 }[event.key];
    if (!step || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    const n = this.handles.indexOf(handle);
    const [kind, i] = this.place(n);
    this.turn(n, this[kind][i] + step * TURN);
  }

  // Turn a vector; whole degrees, so that a hand can meet an angle exactly.
  turn(n, angle) {
    const [kind, i] = this.place(n);
    const moved = this.vectors();
    moved[kind][i] = Math.round(degrees(angle)) % 360;
    this.load({ ...moved, T: this.T });
  }

  vectors() {
    return Object.fromEntries(KINDS.map((kind) => [kind, this[kind].map(degrees)]));
  }

  load({ queries, partners, T }) {
    this.stop();
    this.queries = queries.map((x) => x * TURN);
    this.partners = partners.map((x) => x * TURN);
    this.T = T;
    this.temperature.set(T);
    this.update();
  }

  // Training. -------------------------------------------------------------------------------------

  next() {
    return descend(this.queries, this.partners, this.T, this.limits.rate);
  }

  // Move all vectors, and return the largest of their turns.
  move() {
    const next = this.next();
    const turns = KINDS.flatMap((kind) => next[kind].map((x, i) => Math.abs(x - this[kind][i])));
    Object.assign(this, next);
    return maximum(turns);
  }

  step() {
    this.stop();
    this.move();
    this.update();
  }

  train() {
    let left = STEPS;
    const goesOn = () => this.move() > STILL && --left > 0;
    if (reducedMotion()) {
      while (goesOn());
      return this.update();
    }
    this.trainer.textContent = "Stop";
    const tick = () => {
      const again = goesOn();
      if (!again) this.stop();
      this.update();
    };
    this.running = setInterval(tick, PACE);
    tick();
  }

  stop() {
    clearInterval(this.running);
    this.running = null;
    this.trainer.textContent = "Train";
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.stop();
  }

  // The address. ----------------------------------------------------------------------------------

  state() {
    const rounded = (kind) => this[kind].map((x) => Number(degrees(x).toFixed(2)) % 360).join(",");
    return { T: this.T, queries: rounded("queries"), partners: rounded("partners") };
  }

  restore({ T, queries = "", partners = "" }) {
    const state = { T: parseFloat(T), queries: queries.split(",").map(parseFloat), partners: partners.split(",").map(parseFloat) };
    const fits = (angles) => angles.length === this.start.labels.length && angles.every((x) => within(x, [0, 360]));
    const valid = within(state.T, this.limits.temperature) && fits(state.queries) && fits(state.partners);
    if (valid) this.load(state);
    return valid;
  }

  // What is shown. --------------------------------------------------------------------------------

  update() {
    const { labels } = this.start;
    const rows = logRows(this.queries, this.partners, this.T);
    this.loss = meanLoss(rows);
    this.low = smallestLoss(labels.length, this.T);
    rows.forEach((row, i) => {
      const best = argmax(row);
      row.forEach((x, j) => {
        const cell = this.cells[i][j];
        show(cell, Math.exp(x), shortProbability(Math.exp(x)));
        cell.style.setProperty("--share", `${65 * Math.exp(x)}%`);
        cell.classList.toggle("true", i === j);
        cell.classList.toggle("best", j === best);
      });
      show(this.losses[i], -row[i], format(-row[i], 3));
    });
    show(this.total, this.loss, format(this.loss, 3));
    show(this.floor, this.low, formatProbability(this.low));
    const end = 2 * Math.log(labels.length);
    const [fill, low, guess] = this.bar.children;
    fill.style.width = `${Math.min(100, (100 * this.loss) / end)}%`;
    low.style.left = `${(100 * this.low) / end}%`;
    guess.style.left = "50%";
    this.drawVectors();
    const p = rows.map((row, i) => formatProbability(Math.exp(row[i])));
    this.announce(`Mean loss ${format(this.loss, 3)} at temperature ${this.T}. Probabilities of the true partners: ${listed(p)}.${this.judge()}`);
    this.remember(this.state());
  }

  drawVectors() {
    const next = this.next();
    const parts = (selector) => this.svg.querySelectorAll(selector);
    const arrows = parts(".arrow");
    this.handles.forEach((handle, n) => {
      const [kind, i] = this.place(n);
      const angle = this[kind][i];
      handle.setAttribute("transform", `translate(${point(RINGS[kind], angle)})`);
      handle.dataset.value = degrees(angle);
      handle.setAttribute("aria-label", `${kind === "queries" ? "Query" : "Partner"} ${letter(i)}, ${this.start.labels[i]}: angle in degrees`);
      handle.setAttribute("aria-valuenow", Math.round(degrees(angle)));
      arrows[n].setAttribute("d", arrow(ARROWS[kind], angle, next[kind][i] - angle));
    });
    parts(".tie").forEach((tie, i) => tie.setAttribute("d", `M${point(RINGS.queries, this.queries[i])}L${point(RINGS.partners, this.partners[i])}`));
  }

  // The challenge: warm training brings pairs together, and only a low temperature counts it.
  judge() {
    const { loss: goal, angle } = this.limits.challenge;
    const widest = maximum(this.queries.map((a, i) => angleBetween(a, this.partners[i])));
    const [close, small] = [widest <= angle, this.loss < goal];
    const solved = close && small;
    const apart = `the widest pair is ${format(widest, 0)}° apart`;
    let verdict = `Now the loss is ${format(this.loss, 3)}, and ${apart}.`;
    if (!small && close && this.low >= goal) verdict = `The pairs have met, but at this T no arrangement gets below ${formatProbability(this.low)}.`;
    if (small && !close) verdict = `The loss is small enough, but ${apart}: at a low T, almost told apart is good enough.`;
    if (solved) verdict = "Solved: the pairs have met, and T is low enough for it to count.";
    showChallenge(this.challenge, solved, `Bring every pair within ${angle}° of each other, and the loss below ${goal}.`, verdict);
    return solved ? " Challenge solved." : "";
  }

  static css = `
    .panels { display: grid; grid-template-columns: minmax(0, 1fr); gap: 10px 24px; }
    svg { display: block; width: 100%; max-width: 380px; margin: 0 auto; touch-action: pan-y; user-select: none; overflow: visible; font: 600 13px system-ui, sans-serif; }
    .circle { fill: none; stroke: var(--edge); }
    .tie { stroke: var(--color); stroke-width: 2; stroke-dasharray: 2 4; opacity: 0.75; }
    .arrow { fill: none; stroke: var(--color); stroke-width: 3; stroke-linejoin: round; stroke-linecap: round; forced-color-adjust: none; }
    .grip { fill: transparent; cursor: grab; }
    .handle:focus-visible { outline: none; }
    .handle:focus-visible .grip { stroke: var(--c0); stroke-width: 3; }
    .mark { stroke: var(--color); stroke-width: 3; pointer-events: none; forced-color-adjust: none; }
    .queries .mark { fill: var(--color); }
    .partners .mark { fill: var(--ground); }
    .handle text { text-anchor: middle; fill: var(--text); pointer-events: none; }
    .queries text { fill: var(--ground); }
    .key { margin: 2px 0 0; text-align: center; }
    caption { font-size: 13px; color: var(--soft); text-align: start; padding-bottom: 2px; }
    th, td { height: 32px; padding: 2px; text-align: center; }
    tbody th { text-align: start; white-space: nowrap; }
    td.loss, thead th:last-child { text-align: end; }
    td { white-space: nowrap; }
    .query, .partner { display: inline-block; width: 22px; height: 22px; border: 3px solid var(--color); line-height: 16px; font-size: 12px; text-align: center; forced-color-adjust: none; }
    .query { border-radius: 50%; background: var(--color); color: var(--ground); }
    .partner { border-radius: 3px; }
    .entry { --sign: var(--c0); }
    .true { outline: 2px solid var(--text); outline-offset: -4px; }
    .best { font-weight: 700; text-decoration: underline; }
    .numbers { margin: 6px 0 4px; display: flex; flex-wrap: wrap; gap: 0 8px; align-items: baseline; }
    .numbers .total { min-width: 3.2em; }
    .bar { position: relative; height: 14px; background: var(--panel); border-radius: 3px; }
    .fill { height: 100%; background: var(--c1); border-radius: 3px; forced-color-adjust: none; }
    .tick { position: absolute; top: -3px; height: 20px; width: 0; border-left: 2px solid var(--text); }
    .guess { border-left-style: dotted; }
    .row { display: grid; grid-template-columns: max-content minmax(60px, 1fr) 70px; gap: 8px; align-items: center; min-height: 40px; margin-top: 4px; }
    .row input[type="number"] { width: 70px; }
    .buttons { margin-top: 4px; }
    .primary { min-width: 74px; }
    @container (max-width: 420px) { svg { max-width: 290px; } th, td { height: 28px; padding: 1px; font-size: 13px; } .sentence, .challenge { margin-top: 10px; } }
    @container (min-width: 600px) { .panels { grid-template-columns: minmax(0, 5fr) minmax(0, 6fr); } }
  `;
}

// Of one length, so that the columns stand still.
function shortProbability(p) {
  return p < 0.0005 ? "≈ 0" : format(p, 3);
}

function color(i) {
  return `--color: var(--c${i})`;
}

// An arc of the radius r from an angle, as far as a turn goes, with a head; nothing for a small one.
function arrow(r, angle, turn) {
  if (r * Math.abs(turn) < 3) return "";
  const [end, back] = [angle + turn, 6 * Math.sign(turn)];
  const head = [r - 5, r + 5].map((side) => point(side, end - back / r));
  return `M${point(r, angle)}A${r} ${r} 0 0 ${turn > 0 ? 0 : 1} ${point(r, end)}M${head[0]}L${point(r, end)}L${head[1]}`;
}

define("softmax-contrastive", ContrastiveFigure);
