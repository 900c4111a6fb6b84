// Logits under a common shift: on paper their softmax stays, rounded to bfloat16 it does not.

import { LiveElement, button, define, format, formatProbability, linearScale, listed, logSoftmax, make, maximum, reducedMotion, short, show, showChallenge, slider, softmax, within } from "../core.mjs";
import { roundBfloat16 } from "../_precision/numerics.mjs";

// The number line, in pixels of a phone: both rows, and how many samples find the numbers of bfloat16.
const [WIDTH, HEIGHT, PAPER, STORED] = [320, 168, 62, 124];
const SAMPLES = 640;
const ROOM = 36; // for the text of a number
// A frame of the animation: how far the logits drift, and the share of log Z by which they are pulled.
const [PACE, PULL] = [1, 0.05];
const LEAP = 32; // frames at once, for a reader who wants no motion
const NEAR = 0.005;

const logZ = (z) => z[0] - logSoftmax(z)[0];

class DriftFigure extends LiveElement {
  build(start) {
    this.start = start;
    const [low, high] = this.limits.shift;
    this.control = slider({ label: "Shift", scale: linearScale(low, high, 0.2), value: start.shift, change: (x) => this.stop(x) });
    this.control.range.style.setProperty("--color", "var(--edge)");
    this.drifting = button("Let it drift", () => this.toggle("drift"), "primary");
    this.pulling = button("Pull it back", () => this.toggle("pull"));
    this.rows = start.labels.map((name, k) => {
      const row = { paper: make("span", { class: "paper" }), stored: make("b", { class: "stored" }), whole: make("div", { class: "whole" }), part: make("div", { class: "part" }) };
      row.node = make("li", { style: `--color: var(--c${k})` }, make("span", { class: "name" }, name), make("div", { class: "track", "aria-hidden": "true" }, row.part, row.whole), row.paper, row.stored);
      return row;
    });
    this.loss = [make("span", { class: "loss" }), make("b", { class: "loss" })];
    this.total = make("span", { class: "total" });
    this.penalty = make("span", { class: "penalty" });
    this.challenge = make("p", { class: "challenge" });
    const italic = (text) => make("i", {}, text);
    const parts = [
      make("div", { class: "panels" },
        make("div", {},
          make("div", { class: "title" }, make("b", {}, "logits"), make("span", { class: "soft" }, "each goes to the nearest number of bfloat16")),
          this.line(),
          make("div", { class: "shift" }, make("span", {}, "shift"), this.control.range, this.control.number),
          make("div", { class: "buttons" }, this.drifting, this.pulling, button("Reset", () => this.stop(start.shift)))),
        make("div", {},
          make("div", { class: "title" }, make("b", {}, "probabilities")),
          make("div", { class: "head soft" }, make("span", { class: "key" }, "frame: on paper"), make("span", {}, "on paper"), make("span", {}, "bfloat16")),
          make("ul", { "aria-label": "Probabilities on paper, and in bfloat16" }, ...this.rows.map(({ node }) => node)),
          make("div", { class: "row" }, make("span", {}, `loss of ${start.labels[start.target]}`), ...this.loss),
          make("div", { class: "row" }, make("span", {}, "log ", italic("Z"), ", on paper"), this.total),
          make("div", { class: "row" }, make("span", {}, "z-loss with ", italic("α"), " = 0.0001"), this.penalty))),
      this.challenge,
    ];
    this.stop(start.shift);
    return parts;
  }

  line() {
    const frame = make("div");
    const color = (k) => `style="--color: var(--c${k})"`;
    const each = (draw) => this.start.labels.map((_, k) => draw(k)).join("");
    frame.innerHTML = `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img"><text class="side" x="4" y="16">on paper</text><text class="side" x="4" y="${HEIGHT - 6}">bfloat16</text>
      <path class="axis" d="M0 ${PAPER}H${WIDTH}M0 ${STORED}H${WIDTH}"/><path class="ticks"/><g class="numbers"></g>
      ${each((k) => `<path class="way" ${color(k)}/>`)}${each((k) => `<circle class="exact" ${color(k)} cy="${PAPER}" r="6"/>`)}${each((k) => `<circle class="rounded" ${color(k)} cy="${STORED}" r="7"/>`)}${each(() => `<text class="name"></text>`)}</svg>`;
    this.picture = frame.firstChild;
    const all = (selector) => [...frame.querySelectorAll(selector)];
    [this.ways, this.exact, this.rounded, this.names] = [".way", ".exact", ".rounded", ".name"].map(all);
    this.names.forEach((text, k) => (text.textContent = this.start.labels[k]));
    [this.ticks, this.numbers] = [".ticks", ".numbers"].map((name) => frame.querySelector(name));
    // Names of neighbors are at different heights.
    const order = [...this.start.z.keys()].sort((a, b) => this.start.z[a] - this.start.z[b]);
    order.forEach((k, place) => this.names[k].setAttribute("y", PAPER - (place % 2 ? 28 : 13)));
    return frame;
  }

  // The drift. ------------------------------------------------------------------------------------

  disconnectedCallback() {
    this.stop(this.shift);
    super.disconnectedCallback();
  }

  // Stop at a shift.
  stop(shift) {
    this.run = null;
    this.move(shift);
  }

  toggle(kind) {
    if (this.run === kind) return this.stop(this.shift);
    this.run = kind;
    if (reducedMotion()) {
      for (let n = 0; n < LEAP && this.run; n++) this.advance();
      return this.stop(this.shift);
    }
    const frame = () => {
      if (this.run !== kind) return;
      this.advance();
      requestAnimationFrame(frame);
    };
    frame();
  }

  // The next frame. Gradient descent on the z-loss moves a common shift in proportion to log Z.
  advance() {
    const [, high] = this.limits.shift;
    const total = logZ(this.start.z) + this.shift;
    const next = this.run === "drift" ? this.shift + PACE : this.shift - PULL * total;
    const drifts = this.run === "drift";
    const rest = drifts ? high : Number((this.shift - total).toFixed(2));
    const ended = drifts ? next >= high : Math.abs((1 - PULL) * total) < NEAR;
    if (ended) this.run = null;
    this.move(ended ? rest : Number(next.toFixed(4)));
  }

  move(shift) {
    this.shift = shift;
    this.control.set(shift);
    this.update();
  }

  state() {
    return { shift: this.shift };
  }

  restore({ shift = "" }) {
    const given = parseFloat(shift);
    const valid = within(given, this.limits.shift);
    if (valid) this.stop(given);
    return valid;
  }

  // What is shown. --------------------------------------------------------------------------------

  update() {
    const { z, target, labels } = this.start;
    const exact = z.map((x) => x + this.shift);
    const stored = exact.map(roundBfloat16);
    const [paper, p] = [z, stored].map((x) => softmax(x));
    this.rows.forEach((row, k) => {
      show(row.paper, paper[k], formatProbability(paper[k]));
      show(row.stored, p[k], formatProbability(p[k]));
      row.whole.style.width = `${100 * paper[k]}%`;
      row.part.style.width = `${100 * p[k]}%`;
    });
    [z, stored].forEach((x, k) => show(this.loss[k], -logSoftmax(x)[target], format(-logSoftmax(x)[target], 3)));
    const total = logZ(z) + this.shift;
    show(this.total, total);
    show(this.penalty, 1e-4 * total ** 2, format(1e-4 * total ** 2, 3));
    this.drifting.textContent = this.run === "drift" ? "Stop" : "Let it drift";
    this.drifting.setAttribute("aria-disabled", this.shift === this.limits.shift[1]);
    this.pulling.textContent = this.run === "pull" ? "Stop" : "Pull it back";
    this.draw(exact, stored);
    const numbers = listed(labels.map((name, k) => `${name} ${short(stored[k])}`));
    this.picture.setAttribute("aria-label", `The logits, shifted by ${short(this.shift)} and rounded to bfloat16: ${numbers}.`);
    this.announce(`Shifted by ${short(this.shift)}, bfloat16 holds ${numbers}. Its probabilities are ${listed(labels.map((name, k) => `${name} ${formatProbability(p[k])}`))}.${this.judge(stored)}`);
    this.remember(this.state());
  }

  draw(exact, stored) {
    const { reach } = this.limits;
    const [least, most] = [-maximum(exact.map((x) => -x)), maximum(exact)];
    const first = (least + most) / 2 - reach;
    const at = (x) => ((x - first) / (2 * reach)) * WIDTH;
    const samples = Array.from({ length: SAMPLES + 1 }, (_, i) => roundBfloat16(first + (2 * reach * i) / SAMPLES));
    const numbers = [...new Set(samples)].filter((x) => within(at(x), [0, WIDTH]));
    this.ticks.setAttribute("d", numbers.map((x) => `M${at(x).toFixed(2)} ${STORED - 9}v18`).join(""));
    let last = -ROOM;
    const named = numbers.filter((x) => {
      const free = x % 1 === 0 && at(x) >= last + ROOM && at(x) > 12 && at(x) < WIDTH - 12;
      if (free) last = at(x);
      return free;
    });
    this.numbers.innerHTML = named.map((x) => `<text text-anchor="middle" x="${at(x)}" y="${STORED + 24}">${short(x)}</text>`).join("");
    exact.forEach((x, k) => {
      this.exact[k].setAttribute("cx", at(x));
      // A name near the edge goes inward.
      const side = at(x) > 0.7 * WIDTH ? 1 : at(x) < 0.3 * WIDTH ? -1 : 0;
      this.names[k].setAttribute("text-anchor", ["start", "middle", "end"][side + 1]);
      this.names[k].setAttribute("x", at(x) + 8 * side);
      this.rounded[k].setAttribute("cx", at(stored[k]));
      this.rounded[k].setAttribute("r", 4.5 + 2.5 * stored.slice(k).filter((y) => y === stored[k]).length); // rings where some share a number
      this.ways[k].setAttribute("d", `M${at(x)} ${PAPER}L${at(stored[k])} ${STORED}`);
    });
  }

  // Say how the challenge goes, and return what the status line adds.
  judge(stored) {
    this.challenge.hidden = !this.start.challenge;
    if (this.challenge.hidden) return "";
    const solved = new Set(stored).size === 1;
    const verdict = solved ? "Solved. On paper nothing has changed, so the loss on paper cannot pull the logits back. The z-loss can." : `Now ${listed(stored.map((x) => short(x)))}.`;
    showChallenge(this.challenge, solved, "Find a shift at which bfloat16 cannot tell any of them apart.", verdict);
    return solved ? " Challenge solved." : "";
  }

  static css = `
    .panels { display: grid; gap: 12px 24px; }
    .title { display: flex; flex-wrap: wrap; align-items: baseline; justify-content: space-between; gap: 0 8px; line-height: 26px; }
    svg { display: block; width: 100%; max-height: 220px; border-radius: 6px; background: var(--panel); fill: var(--text); font-size: 13px; forced-color-adjust: none; }
    .side { fill: var(--soft); font-size: 12px; }
    .axis { stroke: var(--line); fill: none; }
    .ticks { stroke: var(--edge); stroke-width: 1.2; }
    .way { stroke: var(--color); stroke-width: 2; fill: none; }
    .exact { fill: var(--panel); stroke: var(--color); stroke-width: 2.5; }
    .rounded { fill: var(--color); stroke: var(--panel); stroke-width: 1; }
    .numbers text { font-variant-numeric: tabular-nums; }
    .shift { display: grid; grid-template-columns: auto minmax(0, 1fr) auto; gap: 10px; align-items: center; margin-top: 8px; }
    .buttons { margin-top: 8px; }
    ul { margin: 0; padding: 0; list-style: none; }
    li, .head { display: grid; grid-template-columns: 64px minmax(0, 1fr) 66px 66px; gap: 4px; align-items: center; margin-top: 4px; font-variant-numeric: tabular-nums; }
    .head > :not(.key), li > :is(span, b):not(.name), .row > :not(:first-child) { text-align: end; }
    .key { grid-column: 1 / 3; }
    .name { overflow-wrap: anywhere; line-height: 1.15; }
    .track { position: relative; height: 26px; border-left: 1px solid var(--edge); background: var(--panel); }
    .track div { position: absolute; left: 0; forced-color-adjust: none; }
    .part { top: 4px; height: 18px; background: var(--color); }
    .whole { top: 0; height: 26px; border: 2px solid var(--text); border-left: 0; border-radius: 0 3px 3px 0; }
    .row { display: grid; grid-template-columns: minmax(0, 1fr) 66px 66px; gap: 4px; margin-top: 8px; padding-top: 6px; border-top: 1px solid var(--line); font-variant-numeric: tabular-nums; }
    @container (min-width: 600px) { .panels { grid-template-columns: minmax(0, 11fr) minmax(0, 10fr); } }
  `;
}

define("softmax-drift", DriftFigure);
