// A race of noisy logits: who wins, how often, and what is left of the winner when it is softened.

import { LiveElement, argmax, button, define, format, formatProbability, integerWithin, linearScale, logScale, make, maximum, show, showChallenge, slider, softmax, sum, within } from "../core.mjs";
import { gumbelNoise } from "./numerics.mjs";

const [LEAST, MOST] = [-5, 7]; // what the lanes of the race show
const place = (x) => (100 * (Math.min(Math.max(x, LEAST), MOST) - LEAST)) / (MOST - LEAST);

class GumbelFigure extends LiveElement {
  build(start) {
    this.start = start;
    const { logit } = this.limits;
    this.rows = start.labels.map((name, k) => this.row(name, linearScale(-logit, logit, 0.05), k));
    this.heat = slider({
      label: "Temperature tau",
      scale: logScale(...this.limits.tau, 100),
      value: start.tau,
      origin: 0,
      change: (tau) => {
        this.tau = tau;
        this.update();
      },
    });
    this.total = make("b");
    this.challenge = make("p", { class: "challenge" });
    const heading = (...text) => make("span", { class: "heading soft" }, ...text);
    const parts = [
      make("div", { class: "lane head", "aria-hidden": "true" }, heading("logit ", make("i", {}, "z")), heading(make("span", { class: "key" }), "z ", make("span", { class: "key noise" }), "noise ", make("i", {}, "G")), heading(make("span", { class: "pair" }, make("span", {}, make("span", { class: "key won" }), "wins"), make("span", {}, make("span", { class: "tick" }), "softmax"))), heading("relaxed sample ", make("i", {}, "ỹ"))),
      make("ul", { "aria-label": "Classes" }, ...this.rows.map(({ node }) => node)),
      make("div", { class: "row" }, make("span", {}, "soften with ", make("i", {}, "τ")), this.heat.range, this.heat.number),
      make("div", { class: "buttons" }, button("Draw", () => this.draw(1), "primary"), button("Draw 100", () => this.draw(100)), button("Clear the wins", () => this.clear()), button("Reset", () => this.load(start)), make("span", { class: "count" }, this.total)),
      this.challenge,
    ];
    this.load(start);
    return parts;
  }

  row(name, scale, k) {
    const control = slider({
      label: `Logit of ${name}`,
      scale,
      value: this.start.z[k],
      change: (x) => {
        this.z[k] = x;
        this.clear();
      },
    });
    const number = (name) => make("span", { class: `number ${name}` });
    const [noisy, share, p, soft] = ["noisy", "share", "p", "relaxed"].map(number);
    const [logit, noise, end, won, tick, bar] = ["logit", "noise", "end", "won", "tick", "bar"].map((name) => make("div", { class: name }));
    const track = (...parts) => make("div", { class: "track", "aria-hidden": "true" }, ...parts);
    const unseen = (text) => make("span", { class: "hidden" }, text);
    const crown = make("span", { class: "crown", "aria-hidden": "true" }, "★");
    const node = make("li", { class: "lane" },
      make("div", { class: "control" }, make("b", {}, name, " ", crown), control.range, control.number),
      make("div", { class: "cell race" }, track(logit, noise, end), unseen("with noise "), noisy),
      make("div", { class: "cell" }, track(won, tick), make("div", { class: "pair" }, unseen("share of wins "), share, unseen("softmax "), p)),
      make("div", { class: "cell" }, track(bar), unseen("relaxed sample "), soft));
    return { node, control, noisy, share, p, soft, logit, noise, end, won, tick, bar };
  }

  load({ z, tau, seed }) {
    this.z = [...z];
    this.tau = tau;
    this.seed = seed;
    this.rows.forEach(({ control }, k) => control.set(z[k]));
    this.heat.set(tau);
    this.clear();
  }

  // Count anew, from the draw that is on the screen.
  clear() {
    this.wins = this.z.map(() => 0);
    this.race(this.seed);
    this.update();
  }

  draw(times) {
    for (let k = 0; k < times; k++) this.race(this.next);
    this.update();
  }

  race(seed) {
    const { noise, next } = gumbelNoise(seed, this.z.length);
    const noisy = this.z.map((x, k) => x + noise[k]);
    Object.assign(this, { seed, next, noisy });
    this.wins[argmax(noisy)] += 1;
  }

  state() {
    return { z: this.z, tau: this.tau, seed: this.seed };
  }

  restore({ z = "", tau, seed }) {
    const state = { z: z.split(",").map(parseFloat), tau: parseFloat(tau), seed: parseFloat(seed) };
    const { logit, tau: range, seed: last } = this.limits;
    const valid = state.z.length === this.rows.length && state.z.every((x) => Math.abs(x) <= logit) && within(state.tau, range) && integerWithin(state.seed, [0, last]);
    if (valid) this.load(state);
    return valid;
  }

  update() {
    const { labels } = this.start;
    const { noisy } = this;
    const p = softmax(this.z);
    const relaxed = softmax(noisy, this.tau);
    const winner = argmax(noisy);
    const draws = sum(this.wins);
    const shares = this.wins.map((n) => n / draws);
    this.rows.forEach(({ node, ...row }, k) => {
      node.classList.toggle("winner", k === winner);
      show(row.noisy, noisy[k]);
      show(row.share, shares[k], format(shares[k], 3));
      show(row.p, p[k], format(p[k], 3));
      show(row.soft, relaxed[k], formatProbability(relaxed[k]));
      const [from, to, zero] = [this.z[k], noisy[k], 0].map(place);
      Object.assign(row.logit.style, { left: `${Math.min(zero, from)}%`, width: `${Math.abs(from - zero)}%` });
      Object.assign(row.noise.style, { left: `${Math.min(from, to)}%`, width: `${Math.abs(to - from)}%` });
      row.end.style.left = `${to}%`;
      row.won.style.width = `${100 * shares[k]}%`;
      row.tick.style.left = `${100 * p[k]}%`;
      row.bar.style.width = `${100 * relaxed[k]}%`;
    });
    show(this.total, draws, draws === 1 ? "1 draw" : `${draws} draws`);
    const gap = maximum(shares.map((x, k) => Math.abs(x - p[k])));
    this.announce(`${labels[winner]} wins with ${format(noisy[winner])}, and has ${format(relaxed[winner], 3)} of the relaxed sample.${this.judge(draws, gap)}`);
    this.remember(this.state());
  }

  // The challenge: frequencies that have come close. Return what the status line adds.
  judge(draws, gap) {
    const { goal, draws: least } = this.limits;
    const solved = draws >= least && gap <= goal;
    const verdict = solved ? `Solved: no share is farther off than ${format(gap, 3)}. Four times as many draws halve the error.` : `Now ${draws} of ${least}, and the largest gap is ${format(gap, 3)}.`;
    showChallenge(this.challenge, solved, `Draw at least ${least} times, until every share of wins is within ${goal} of its softmax probability.`, verdict);
    return solved ? " Challenge solved." : "";
  }

  static css = `
    ul { margin: 0; padding: 0; list-style: none; }
    li { padding: 4px 8px; margin: 4px -8px 0; border: 1px solid transparent; border-radius: 6px; }
    .winner { border-color: var(--c4); background: var(--panel); }
    .lane { display: grid; grid-template-columns: minmax(0, 1.7fr) minmax(0, 1.7fr) minmax(0, 1fr) minmax(0, 1fr); gap: 4px 18px; align-items: start; }
    .control { display: grid; grid-template-columns: minmax(0, 1fr) 68px; gap: 0 8px; align-items: center; }
    .control b { overflow-wrap: anywhere; }
    .control input[type="range"] { grid-area: 2 / 1 / 3 / 3; }
    .crown { color: var(--c4); visibility: hidden; }
    .winner .crown { visibility: visible; }
    .control input[type="number"] { width: 68px; }
    .cell { display: grid; gap: 2px; }
    .pair { display: flex; flex-wrap: wrap; gap: 0 8px; }
    .number { font-size: 14px; font-variant-numeric: tabular-nums; }
    .track { position: relative; height: 20px; background: var(--ground); border: 1px solid var(--line); overflow: hidden; }
    .track div { position: absolute; top: 0; height: 100%; forced-color-adjust: none; }
    li:last-child .race { position: relative; }
    li:last-child .race::after { content: "0"; position: absolute; bottom: 0; left: ${place(0)}%; transform: translateX(-50%); color: var(--soft); font-size: 13px; }
    .race .track { background: linear-gradient(var(--edge), var(--edge)) ${place(0)}% / 1px 100% no-repeat var(--ground); }
    .logit, .key { background: var(--c0); }
    .noise { background: repeating-linear-gradient(45deg, var(--c1) 0 3px, transparent 3px 6px); }
    .track .noise { top: 5px; height: 8px; }
    .track .end { width: 4px; margin-left: -2px; background: var(--text); }
    .won, .share::before { background: var(--c3); }
    .track .tick { width: 3px; margin-left: -1px; background: var(--text); }
    :is(.share, .p)::before, .head .tick { content: ""; display: inline-block; width: 9px; height: 9px; margin-right: 5px; forced-color-adjust: none; }
    .p::before, .head .tick { width: 3px; height: 12px; margin: 0 8px 0 3px; vertical-align: -2px; background: var(--text); }
    .bar { background: var(--c2); transition: width 0.12s; }
    .key { display: inline-block; width: 12px; height: 10px; margin: 0 3px; forced-color-adjust: none; }
    .key.noise { background: repeating-linear-gradient(45deg, var(--c1) 0 3px, transparent 3px 6px); }
    .row { display: grid; grid-template-columns: auto minmax(0, 1fr) 76px; gap: 10px; align-items: center; margin-top: 10px; }
    .row input[type="range"] { --color: var(--c2); }
    .buttons { align-items: center; margin-top: 8px; }
    .count { margin-left: 6px; font-variant-numeric: tabular-nums; }
    @container (max-width: 599px) {
      .lane { grid-template-columns: minmax(0, 1.5fr) minmax(0, 1fr) minmax(0, 1fr); gap: 2px 10px; }
      .control { grid-column: 1 / -1; grid-template-columns: 76px minmax(0, 1fr) 68px; }
      .control input[type="range"] { grid-area: auto; }
      .head .heading:first-child { display: none; }
    }
  `;
}

define("softmax-gumbel", GumbelFigure);
