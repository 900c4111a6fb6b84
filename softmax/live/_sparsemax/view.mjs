// Three logits as a point of a plane, and the points of the simplex that softmax, sparsemax and what
// lies between them make of it.

import { LiveElement, button, define, dragIn, format, formatProbability, linearScale, listed, make, maximum, short, show, showChallenge, slider, softmax, sum, within } from "../core.mjs";
import { entmax } from "./numerics.mjs";

// The plane of all logits whose sum is 1, with the simplex in it, in pixels. Up is the way of the second class.
const SIDE = 120;
const HALF = SIDE / 2;
const BASE = SIDE / Math.sqrt(12); // from the center to a side
const CORNERS = [[-HALF, BASE], [0, -2 * BASE], [HALF, BASE]];
const NAMES = [["end", -HALF - 8, BASE + 18], ["start", 14, -2 * BASE - 2], ["start", HALF + 8, BASE + 18]];
const CURVE_STEPS = 20;

const place = (q) => [0, 1].map((i) => sum(q.map((share, k) => share * CORNERS[k][i])));
const inPlane = (z) => z.map((x) => x - (sum(z) - 1) / 3);
// Zero and one only if they are exact.
const formatShare = (p) => (p === 0 || p === 1 ? String(p) : formatProbability(p));
const count = (p) => p.filter((x) => x > 0).length;

class SparsemaxFigure extends LiveElement {
  build(start) {
    this.start = start;
    const { logit, alpha } = this.limits;
    this.dial = slider({ label: "Alpha", scale: linearScale(...alpha, 0.05), value: start.alpha, origin: 0, change: (x) => this.set({ alpha: x }) });
    this.dial.range.setAttribute("style", "--color: var(--c1)");
    this.rows = start.labels.map((name, k) => {
      const control = slider({ label: `Logit of ${name}`, scale: linearScale(-logit, logit, 0.05), value: 0, change: (x) => this.set({ z: this.z.map((z, j) => (j === k ? x : z)) }) });
      control.range.setAttribute("style", "--color: var(--edge)");
      const bars = ["dense", "sparse"].map((kind) => ({ kind, bar: make("div", { class: `bar ${kind}` }), p: make("span", { class: `p ${kind}-p` }) }));
      return { name, control, bars };
    });
    this.names = [make("b", {}, "softmax"), make("b", { class: "by" })];
    this.counts = [make("span"), make("span", { class: "support" })];
    this.challenge = make("p", { class: "challenge" });
    const heads = ["dense", "sparse"].map((kind, i) => make("span", { class: "head" }, make("span", { class: `mark ${kind}` }), this.names[i], this.counts[i]));
    const parts = [
      make("div", { class: "panels" },
        this.plane(),
        make("div", {},
          make("div", { class: "row" }, make("i", {}, "α"), this.dial.range, this.dial.number),
          make("div", { class: "heads" }, ...heads),
          ...this.rows.map(({ name, control, bars }) => make("div", { class: "class" },
            make("div", { class: "row" }, make("span", { class: "name" }, name), control.range, control.number),
            ...bars.map(({ bar, p }) => make("div", { class: "result" }, make("div", { class: "track", "aria-hidden": "true" }, bar), p)))),
          make("div", { class: "buttons" }, button("Reset", () => this.load(start))))),
      this.challenge,
    ];
    this.load(start);
    return parts;
  }

  plane() {
    const { logit } = this.limits;
    const frame = make("div");
    // Beyond a side one probability is 0, beyond a corner two are. Between the two are lines at right
    // angles to the sides, that is, away from the opposite corner.
    const across = CORNERS.flatMap((corner, k) => [1, 2].map((step) => {
      const away = CORNERS[(k + step) % 3].map((x) => -2 * x);
      return `<path class="across" d="M${corner}l${away}"/>`;
    }));
    frame.innerHTML = `<svg viewBox="-166 -186 332 372" role="img">
      ${across.join("")}<polygon class="field" points="${CORNERS.join(" ")}"/>
      ${NAMES.map(([anchor, x, y]) => `<text text-anchor="${anchor}" x="${x}" y="${y}"></text>`).join("")}
      <line class="string"/><polyline class="path"/><circle class="dense" r="7"/><rect class="sparse" x="-7" y="-7" width="14" height="14"/>
      <g class="z"><path d="M-7 -7L7 7M7 -7L-7 7"/><text text-anchor="end" x="-12" y="-9">z</text><circle class="grip" r="36"/></g></svg>`;
    this.picture = frame.firstChild;
    [...frame.querySelectorAll("svg > text")].forEach((text, k) => (text.textContent = this.start.labels[k]));
    [this.string, this.path, this.round, this.square, this.point] = [".string", ".path", ".dense", ".sparse", ".z"].map((name) => frame.querySelector(name));
    dragIn(this.picture, (x, y) => this.moveTo(x, y));
    frame.append(make("p", { class: "soft" }, "In the triangle: all distributions. Drag the logits ", make("i", {}, "z"), `, each from ${format(-logit)} to ${format(logit)}.`));
    return frame;
  }

  // The logits of this place, with the mean that they have now. Two digits, so that what is shown is
  // what is used.
  moveTo(x, y) {
    const top = (BASE - y) / (3 * BASE);
    const right = (x + HALF) / SIDE - top / 2;
    const mean = sum(this.z) / 3;
    const { logit } = this.limits;
    const z = [1 - top - right, top, right].map((share) => share - 1 / 3);
    // Where a logit would leave its slider, all move along; where they are too far apart, they stop.
    const [low, high] = [Math.min(...z), Math.max(...z)];
    const shrink = Math.min(1, (2 * logit) / (high - low));
    const shift = Math.min(logit - shrink * high, Math.max(-logit - shrink * low, mean));
    this.set({ z: z.map((share) => Number((shrink * share + shift).toFixed(2))) });
  }

  load({ z, alpha }) {
    this.set({ z, alpha });
  }

  state() {
    return { z: this.z, alpha: this.alpha };
  }

  restore({ z = "", alpha = "" }) {
    const [logits, parameter] = [z.split(",").map(parseFloat), parseFloat(alpha)];
    const { logit } = this.limits;
    const valid = logits.length === 3 && logits.every((x) => within(x, [-logit, logit])) && within(parameter, this.limits.alpha);
    if (valid) this.load({ z: logits, alpha: parameter });
    return valid;
  }

  set(change) {
    Object.assign(this, change);
    this.dial.set(this.alpha);
    this.rows.forEach(({ control }, k) => control.set(this.z[k]));
    this.update();
  }

  update() {
    const { z, alpha } = this;
    const [low, high] = this.limits.alpha;
    const results = [softmax(z), entmax(z, alpha)];
    const by = alpha === high ? "sparsemax" : `entmax, α = ${short(alpha)}`;
    this.names[1].textContent = by;
    results.forEach((p, i) => {
      show(this.counts[i], count(p), `${count(p)} above 0`);
      this.rows.forEach(({ bars }, k) => {
        show(bars[i].p, p[k], formatShare(p[k]));
        bars[i].p.classList.toggle("zero", p[k] === 0);
        bars[i].bar.style.width = `${100 * p[k]}%`;
      });
    });
    this.draw(...results);
    const [soft, sparse] = results.map((p) => listed(this.rows.map(({ name }, k) => `${name} ${formatShare(p[k])}`)));
    this.picture.setAttribute("aria-label", `Triangle of all distributions. The logits are at ${listed(this.rows.map(({ name }, k) => `${name} ${short(z[k])}`))}.`);
    const result = alpha === low ? `At α = 1, entmax is softmax: ${soft}.` : `Softmax gives ${soft}; ${by} gives ${sparse}.`;
    this.announce(`${result}${this.judge(...results)}`);
    this.remember(this.state());
  }

  draw(soft, sparse) {
    const { z, alpha } = this;
    const [low, high] = this.limits.alpha;
    const at = place(inPlane(z));
    const [round, square] = [place(soft), place(sparse)];
    this.point.setAttribute("transform", `translate(${at})`);
    this.round.setAttribute("transform", `translate(${round})`);
    this.square.setAttribute("transform", `translate(${square})`);
    const curve = Array.from({ length: CURVE_STEPS + 1 }, (_, i) => entmax(z, low + ((high - low) * i) / CURVE_STEPS));
    this.path.setAttribute("points", curve.map(place).join(" "));
    // Sparsemax is the nearest point; the others are not.
    this.picture.classList.toggle("nearest", alpha === high);
    [["x1", at[0]], ["y1", at[1]], ["x2", square[0]], ["y2", square[1]]].forEach(([name, x]) => this.string.setAttribute(name, x));
  }

  // The challenge: how small a lead makes sparsemax certain. Return what the status line adds.
  judge(soft, sparse) {
    const { goal } = this.limits;
    const [most, certain] = [maximum(soft), maximum(sparse) === 1];
    const solved = certain && most <= goal;
    let verdict = certain ? `Now softmax gives it ${formatProbability(most)}.` : `Now ${count(sparse)} are above 0.`;
    if (solved) verdict = "Solved: for sparsemax, a lead of 1 is certainty.";
    showChallenge(this.challenge, solved, `Make two probabilities exactly 0 while softmax gives the third at most ${goal}.`, verdict);
    return solved ? " Challenge solved." : "";
  }

  static css = `
    .panels { display: grid; gap: 8px 28px; }
    svg { display: block; width: 100%; max-height: 224px; touch-action: pan-y; user-select: none; border-radius: 6px; background: var(--panel); font-size: 22px; fill: var(--text); forced-color-adjust: none; }
    svg text { paint-order: stroke; stroke: var(--panel); stroke-width: 4px; stroke-linejoin: round; }
    .field { fill: var(--ground); stroke: var(--edge); stroke-width: 1.5; stroke-linejoin: round; }
    .across, .string { stroke: var(--edge); stroke-dasharray: 2 4; }
    svg:not(.nearest) :is(.across, .string) { display: none; }
    .string { stroke: var(--c1); stroke-width: 2; stroke-dasharray: none; }
    .path { fill: none; stroke: var(--edge); stroke-width: 1.5; }
    circle.dense { fill: var(--c0); stroke: var(--ground); stroke-width: 1.5; }
    rect.sparse { fill: var(--c1); stroke: var(--ground); stroke-width: 1.5; }
    .z path { stroke: var(--text); stroke-width: 3.5; }
    .z text { font-style: italic; font-weight: 600; }
    .grip { fill: transparent; cursor: grab; }
    p.soft { margin: 4px 0 0; }
    .row { display: grid; grid-template-columns: 60px minmax(0, 1fr) 76px; gap: 8px; align-items: center; }
    .row .name { overflow-wrap: anywhere; line-height: 1.15; }
    .heads { display: flex; flex-wrap: wrap; gap: 0 16px; margin-top: 6px; }
    .head { display: flex; flex-wrap: wrap; gap: 0 6px; align-items: baseline; font-size: 14px; font-variant-numeric: tabular-nums; }
    .mark { width: 11px; height: 11px; }
    .mark.dense, .bar.dense { background: var(--c0); forced-color-adjust: none; }
    .mark.sparse, .bar.sparse { background: var(--c1); forced-color-adjust: none; }
    .mark.dense { border-radius: 50%; }
    .class { margin-top: 6px; }
    .result { display: grid; grid-template-columns: minmax(0, 1fr) 76px; gap: 8px; align-items: center; margin-left: 68px; height: 19px; }
    .track { height: 13px; border-left: 2px solid var(--edge); }
    .bar { height: 100%; border-radius: 0 3px 3px 0; }
    .p { font-size: 14px; font-variant-numeric: tabular-nums; white-space: nowrap; padding-left: 6px; }
    .zero { justify-self: start; margin-left: 4px; padding: 0 7px; border-radius: 9px; background: var(--text); color: var(--ground); font-weight: 600; line-height: 17px; }
    .buttons { margin-top: 8px; }
    @container (min-width: 600px) {
      .panels { grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); }
      svg { max-height: 330px; font-size: 15px; }
    }
  `;
}

define("softmax-sparsemax", SparsemaxFigure);
