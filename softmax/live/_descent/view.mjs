// Two balls roll from the same confident mistake, one down cross-entropy and one down squared error.

import { LiveElement, arrowSteps, button, define, dragIn, formatProbability, linearScale, logScale, logSoftmax, make, reducedMotion, scrollable, short, show, showChallenge, slider, softmax, within } from "../core.mjs";
import { LOSSES, step } from "../_gradient/numerics.mjs";

const TARGET = 1;
const RATE_STEPS = 100;
// Both drawings, in pixels of a phone, with the axes of the left one: log-odds of the true class, and
// the loss. No ball is at the height of the other before the last of the way down.
const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [320, 156, 30, 292, 8, 122];
const ODDS = [-10.6, 9.4];
const TOPS = { "cross-entropy": 12, "squared error": 1.08 };
const MARKS = { "cross-entropy": [0, 5, 10], "squared error": [0, 0.5, 1] };
const PROBABILITIES = [0.0001, 0.01, 0.5, 0.99, 0.9999];
const COUNTS = [0, 1, 10, 100, 1000];
const ARROW = 34; // for a gradient of length 1
const HEAD = 8; // which an arrow must be longer than, to be one
const FLAT = 0.999; // from this probability on, its curve does not rise by a pixel
// A frame of the animation: steps at the start, the share of the steps so far by which this grows,
// and the farthest that a ball moves in log-odds, so that it is seen to fall.
const [PACE, GROWTH, FARTHEST] = [0.08, 0.014, 0.16];

const across = (share) => LEFT + share * (RIGHT - LEFT);
const up = (share) => BOTTOM - share * (BOTTOM - TOP);
const norm = (v) => Math.hypot(...v);
const count = (n) => n.toLocaleString("en");

// log p - log(1 - p) of the true class
function logOdds(z) {
  const others = z.filter((_, k) => k !== TARGET);
  return z[TARGET] - others[0] + logSoftmax(others)[0];
}

class DescentFigure extends LiveElement {
  build(start) {
    this.start = start;
    const [wrong, right] = start.labels;
    this.balls = Object.entries(LOSSES).map(([name, loss], k) => ({ name, ...loss, style: `--color: var(--c${k})`, top: TOPS[name], cells: ["loss", "p", "gradient", "count"].map(() => make("td")) }));
    this.hills = this.drawing(this.frameOfHills(right), "ball", HEIGHT);
    this.runs = this.drawing(this.frameOfRuns(), "dot", HEIGHT - 14);
    dragIn(this.hills, (x) => this.dragTo(x));
    const { lead, rate, steps, goal } = this.limits;
    this.lead = slider({ label: `Lead of ${wrong} at the start`, scale: linearScale(...lead, 0.1), value: 0, origin: 0, change: (x) => this.run(x, this.eta) });
    this.rate = slider({ label: "Learning rate", scale: logScale(...rate, RATE_STEPS), value: 1, origin: 0, change: (x) => this.run(this.d, x) });
    const scale = { first: 0, last: Math.log1p(steps), step: "any", min: 0, max: steps, from: (x) => Math.round(Math.expm1(x)), to: Math.log1p };
    this.step = slider({ label: "Step", scale, value: 0, origin: 0, change: (n) => this.stop(Math.round(n)) });
    this.step.range.addEventListener("keydown", (event) => this.onKey(event));
    this.play = button("Play", () => this.toggle());
    this.play.className = "play";
    this.play.hidden = reducedMotion();
    this.challenge = make("p", { class: "challenge" });
    const row = (name, control) => make("div", { class: "row" }, make("span", {}, name), control.range, control.number);
    const head = (text) => make("th", { scope: "col" }, make("span", {}, text));
    const table = make("table", {},
      make("caption", { class: "hidden" }, "Both losses at this step"),
      make("thead", {}, make("tr", {}, head("loss"), head("value"), head(`p of ${right}`), head("length of gradient"), head(`steps to ${goal}`))),
      make("tbody", {}, ...this.balls.map((ball, k) => make("tr", {}, make("th", { scope: "row", style: ball.style }, make("span", { class: `key key${k}` }, ball.name)), ...ball.cells))));
    this.load(start);
    return [
      make("div", { class: "panels" },
        make("div", {}, make("div", { class: "title" }, make("b", {}, "two losses"), make("span", { class: "soft" }, "drag a ball back up")), this.hills, row(`${wrong} leads by`, this.lead), row("learning rate", this.rate)),
        make("div", {}, make("div", { class: "title" }, make("b", {}, `p of ${right}`), make("span", { class: "soft" }, "over the steps, on a log scale")), this.runs, make("div", { class: "time" }, this.step.range), make("div", { class: "buttons" }, this.play, button("Step", () => this.stop(Math.min(steps, Math.floor(this.time) + 1))), button("Reset", () => this.load(start)), make("label", {}, "step", this.step.number)))),
      scrollable(table),
      this.challenge,
    ];
  }

  // Drawings. -------------------------------------------------------------------------------------

  drawing(frame, kind, height) {
    const box = make("div");
    const parts = this.balls.map(({ style }, k) => `<g class="loss loss${k}" style="${style}"><path class="curve"/><path class="arrow"/><g class="${kind}"><circle class="grip" r="20"/><circle class="body" r="${kind === "ball" ? 7 : 4}"/></g></g>`);
    box.innerHTML = `<svg viewBox="0 0 ${WIDTH} ${height}" role="img">${frame}<path class="now"/>${parts.join("")}</svg>`;
    this.balls.forEach((ball, k) => {
      const [curve, arrow, mark] = box.querySelector(`.loss${k}`).children;
      ball[kind] = { curve, arrow, mark };
    });
    return box.firstChild;
  }

  frameOfHills(name) {
    const heights = Object.entries(MARKS).map(([loss, marks], k) => marks.map((x) => text(k ? RIGHT + 11 : LEFT - 5, up(x / TOPS[loss]) + 4, x, k ? "start" : "end")).join(""));
    const ticks = PROBABILITIES.map((p) => [place(Math.log(p / (1 - p))), p]);
    return axes(ticks) + heights.join("") + text(across(0.5), HEIGHT - 3, `p of ${name}, spaced by log-odds`) + text(RIGHT - 4, up(0.87), "squared error →", "end") + text(LEFT + 6, up(0.12), "← cross-entropy", "start");
  }

  frameOfRuns() {
    const at = (n) => across(Math.log1p(n) / Math.log1p(this.limits.steps));
    const heights = [0, 0.5, this.limits.goal].map((p) => `<path class="line" d="M${LEFT} ${up(p)}H${RIGHT}"/>${text(LEFT - 5, up(p) + 4, p, "end")}`);
    return heights.join("") + axes(COUNTS.map((n) => [at(n), count(n)]));
  }

  // The slope from a start: first the same start farther back, then the way of steepest descent.
  drawHill(ball) {
    const points = [];
    const add = (z) => points.push([place(logOdds(z)), up(ball.loss(z, TARGET) / ball.top)]);
    for (let d = this.limits.lead[1]; d > this.d; d -= 0.2) add([d, 0, 0]);
    for (let z = [this.d, 0, 0]; logOdds(z) < ODDS[1] && points.length < 500; ) {
      add(z);
      const slope = ball.gradient(z, TARGET);
      z = step(z, slope, 0.1 / norm(slope));
    }
    ball.ball.curve.setAttribute("d", `M${points.join("L")}`);
  }

  drawRun(ball) {
    const last = Math.log1p(this.limits.steps);
    const counts = new Set(Array.from({ length: 601 }, (_, i) => Math.round(Math.expm1((i / 600) * last))));
    const known = [...counts].filter((n) => n in ball.shares);
    ball.dot.curve.setAttribute("d", `M${known.map((n) => [across(Math.log1p(n) / last), up(ball.shares[n])]).join("L")}H${RIGHT}`);
  }

  // The descent. ----------------------------------------------------------------------------------

  load({ lead, rate, step: n = 0 }) {
    this.run(lead, rate, n);
  }

  run(lead, rate, n = 0) {
    Object.assign(this, { d: lead, eta: rate });
    this.lead.set(lead);
    this.rate.set(rate);
    for (const ball of this.balls) {
      Object.assign(ball, { path: [[lead, 0, 0]], shares: [] });
      this.descend(ball, this.limits.steps, FLAT);
      const first = ball.shares.findIndex((p) => p > this.limits.goal);
      ball.count = first < 0 ? undefined : first;
      this.drawHill(ball);
      this.drawRun(ball);
    }
    this.judge();
    this.stop(n);
  }

  // Go down to step n, or to where the probability is flat, and remember logits and probabilities.
  descend(ball, n, flat = 1) {
    const { path, shares } = ball;
    while (shares.length <= n && !(shares.at(-1) > flat)) {
      const p = softmax(path.at(-1));
      shares.push(p[TARGET]);
      path.push(step(path.at(-1), ball.gradient(path.at(-1), TARGET, p), this.eta));
    }
  }

  dragTo(x) {
    const odds = ODDS[0] + ((x - LEFT) / (RIGHT - LEFT)) * (ODDS[1] - ODDS[0]);
    const lead = odds < -Math.LN2 ? Math.log(Math.exp(-odds) - 1) : 0;
    const [low, high] = this.limits.lead;
    this.run(Number(Math.min(high, Math.max(low, lead)).toFixed(1)), this.eta);
  }

  onKey(event) {
    const sign = arrowSteps(event);
    if (!sign) return;
    event.preventDefault();
    const n = Math.floor(this.time);
    this.stop(Math.min(this.limits.steps, Math.max(0, n + sign * Math.max(1, Math.round(0.03 * n)))));
  }

  // Stand still at a step.
  stop(n) {
    cancelAnimationFrame(this.running);
    this.running = null;
    this.play.textContent = "Play";
    this.time = n;
    this.update();
    this.tell();
    this.remember(this.state());
  }

  tell() {
    const n = Math.floor(this.time);
    const [name, goal] = [this.start.labels[TARGET], this.limits.goal];
    const each = this.balls.map((ball) => (n ? `${ball.cells[1].textContent} with ${ball.name}` : `${this.inWords(ball.count)} with ${ball.name}`));
    const after = `After ${n === 1 ? "1 step" : `${count(n)} steps`}, p of ${name} is ${each.join(" and ")}.`;
    const from = `From a lead of ${short(this.d)} at learning rate ${short(this.eta)}, the steps until p of ${name} exceeds ${goal}: ${each.join(", ")}.`;
    this.announce((n ? after : from) + (this.solved ? " Challenge solved." : ""));
  }

  toggle() {
    if (this.running) return this.stop(Math.floor(this.time));
    const end = Math.max(...this.balls.map(({ count }) => count ?? this.limits.steps));
    if (this.time >= end) this.time = 0;
    this.play.textContent = "Pause";
    let before;
    const frame = (now) => {
      const frames = Math.min(4, (now - (before ?? now)) / 16);
      before = now;
      const n = Math.floor(this.time);
      const moves = this.balls.map(({ path }) => Math.abs(logOdds(path[n + 1]) - logOdds(path[n])));
      this.time = Math.min(end, this.time + frames * Math.min(PACE + GROWTH * this.time, FARTHEST / Math.max(...moves)));
      if (this.time === end) return this.stop(end);
      this.update();
      this.tell();
      this.running = requestAnimationFrame(frame);
    };
    this.running = requestAnimationFrame(frame);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    cancelAnimationFrame(this.running);
    this.running = null;
    this.play.textContent = "Play";
  }

  // The address. ----------------------------------------------------------------------------------

  state() {
    return { lead: this.d, rate: this.eta, step: Math.floor(this.time) };
  }

  restore({ lead, rate, step: n = "0" }) {
    const state = { lead: parseFloat(lead), rate: parseFloat(rate), step: Number(n) };
    const valid = within(state.lead, this.limits.lead) && within(state.rate, this.limits.rate) && Number.isInteger(state.step) && within(state.step, [0, this.limits.steps]);
    if (valid) this.load(state);
    return valid;
  }

  // What is shown. --------------------------------------------------------------------------------

  update() {
    const n = Math.floor(this.time);
    const rest = this.time - n;
    this.step.set(n);
    const x = across(Math.log1p(this.time) / Math.log1p(this.limits.steps));
    this.runs.querySelector(".now").setAttribute("d", `M${x} ${TOP}V${BOTTOM}`);
    for (const ball of this.balls) {
      this.descend(ball, n);
      const { path, ball: hill, dot, cells } = ball;
      const length = norm(ball.gradient(path[n], TARGET));
      const loss = ball.loss(path[n], TARGET);
      [loss, ball.shares[n], length].forEach((value, i) => show(cells[i], value, formatProbability(value)));
      show(cells[3], ball.count ?? Infinity, this.inWords(ball.count));
      // Between two steps the balls are on the straight way from one to the other.
      const z = path[n].map((x, k) => x + rest * (path[n + 1][k] - x));
      const at = [Math.min(RIGHT, place(logOdds(z))), up(ball.loss(z, TARGET) / ball.top)];
      hill.mark.setAttribute("transform", `translate(${at})`);
      dot.mark.setAttribute("transform", `translate(${x},${up(softmax(z)[TARGET])})`);
      const reach = ARROW * length;
      hill.arrow.setAttribute("d", reach > HEAD ? `M${at[0]} ${at[1] - 15}h${reach}l-6 -4m6 4l-6 4` : "");
    }
    const words = this.balls.map((ball) => `${ball.name} ${ball.cells[0].textContent}, length of the gradient ${ball.cells[2].textContent}`);
    this.hills.setAttribute("aria-label", `Two balls on their losses: ${words.join("; ")}`);
    this.runs.setAttribute("aria-label", `Probability of ${this.start.labels[TARGET]} over the steps: ${this.balls.map((ball) => `${ball.name} ${ball.cells[1].textContent}`).join(", ")}`);
  }

  inWords(n) {
    return n === undefined ? `> ${count(this.limits.steps)}` : count(n);
  }

  // The challenge: a little more lead multiplies the steps.
  judge() {
    const goal = this.limits.challenge;
    const rate = short(this.start.rate);
    const [entropy, square] = this.balls.map(({ count }) => count);
    const honest = this.eta === this.start.rate;
    this.solved = honest && !(square <= goal);
    let verdict = honest ? `Now it needs ${this.inWords(square)} steps.` : `Set the learning rate back to ${rate}.`;
    if (this.solved) verdict = `Solved: a lead of ${short(this.d)} is enough, while cross-entropy still needs only ${entropy} steps.`;
    showChallenge(this.challenge, this.solved, `Make squared error need more than ${count(goal)} steps at learning rate ${rate}. How far back must it start?`, verdict);
  }

  static css = `
    .panels { display: grid; gap: 8px 24px; }
    .title { display: flex; flex-wrap: wrap; gap: 0 10px; align-items: baseline; }
    svg { display: block; width: 100%; max-width: 420px; margin: 0 auto; touch-action: pan-y; user-select: none; font-size: 11px; fill: var(--text); overflow: visible; }
    .axis, .line, .now { fill: none; stroke: var(--edge); }
    .line { stroke: var(--line); }
    .curve, .arrow { fill: none; stroke: var(--color); stroke-width: 2.5; stroke-linejoin: round; forced-color-adjust: none; }
    .loss1 .curve { stroke-dasharray: 6 3; }
    .arrow { stroke: var(--text); stroke-width: 2; }
    .body { fill: var(--color); stroke: var(--color); stroke-width: 2.5; pointer-events: none; forced-color-adjust: none; }
    .loss1 .body { fill: var(--ground); }
    .grip { fill: transparent; cursor: grab; }
    .dot .grip { display: none; }
    .row { display: grid; grid-template-columns: 100px minmax(0, 1fr) 76px; gap: 8px; align-items: center; min-height: 40px; line-height: 1.15; overflow-wrap: anywhere; }
    /* The slider of the steps is the axis above it. */
    .time { padding: 0 calc(${(100 * (WIDTH - RIGHT)) / WIDTH}% - var(--thumb) / 2) 0 calc(${(100 * LEFT) / WIDTH}% - var(--thumb) / 2); max-width: 420px; margin: 0 auto; }
    .time input { --color: var(--edge); }
    .buttons { margin-top: 4px; }
    label { display: flex; gap: 6px; align-items: center; }
    label input[type="number"] { width: 64px; }
    .play { background: var(--text); color: var(--ground); min-width: 74px; }
    .play:hover { background: var(--edge); }
    button[hidden] { display: none; }
    table { margin-top: 10px; }
    th, td { padding: 3px 8px 3px 0; text-align: end; vertical-align: bottom; }
    th:first-child { text-align: start; }
    thead th { font-weight: 400; color: var(--soft); font-size: 13px; line-height: 1.2; }
    th span { display: inline-block; }
    thead th:nth-child(3) span { min-width: 4em; overflow-wrap: anywhere; }
    tr > :last-child { padding-right: 0; }
    .key::before { content: ""; display: inline-block; width: 11px; height: 11px; margin-right: 5px; border: 2.5px solid var(--color); border-radius: 50%; background: var(--color); forced-color-adjust: none; }
    .key1::before { background: var(--ground); }
    td { white-space: nowrap; }
    @container (max-width: 420px) { table, thead th { font-size: 13px; } th, td { padding-right: 3px; } th:first-child { width: 100%; } }
    @container (min-width: 600px) { .panels { grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); } }
  `;
}

function text(x, y, words, anchor = "middle") {
  const node = make("text");
  node.textContent = words;
  return `<text x="${x}" y="${y}" text-anchor="${anchor}">${node.innerHTML}</text>`;
}

function place(odds) {
  return across((odds - ODDS[0]) / (ODDS[1] - ODDS[0]));
}

function axes(ticks) {
  return `<path class="axis" d="M${LEFT} ${TOP}V${BOTTOM}H${RIGHT}"/>${ticks.map(([x, words]) => `<path class="axis" d="M${x} ${BOTTOM}v4"/>${text(x, BOTTOM + 16, words)}`).join("")}`;
}

define("softmax-descent", DescentFigure);
