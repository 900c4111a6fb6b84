// A playground: points on a plane, and softmax regression that learns to tell their classes apart.

import { argmax, button, define, format, formatProbability, listed, logScale, make, reducedMotion, scrollable, show, showChallenge, slider, softmax, within } from "../core.mjs";
import { classesOf, descend, evaluate, logitsAt } from "./numerics.mjs";
import { SHAPES, clipPath, drawCurve, drawPlane } from "./plane.mjs";
import { PointsElement } from "./points.mjs";

const MOST_LOSSES = 1000;
const CONVERGED = 1e-6;

// Logarithmic from 0.0001 on, with one more position at the left end for 0.
function penaltyScale([, most]) {
  const positive = logScale(0.0001, most, 80);
  const from = (i) => (Number(i) === 0 ? 0 : positive.from(i - 1));
  const to = (x) => (x === 0 ? 0 : Math.max(1, 1 + positive.to(x)));
  return { ...positive, last: positive.last + 1, min: 0, from, to };
}

const count = (n, word) => `${n} ${word}${n === 1 ? "" : "s"}`;
const symbol = (k) => make("span", { class: `shape s${k}`, "aria-hidden": "true" });

class PlaygroundFigure extends PointsElement {
  build(start) {
    this.start = start;
    this.chosen = 0;
    this.train = button("Train", () => this.toggle(), "primary");
    this.one = button("Step", () => this.stepBy(1));
    this.hundred = button("100 steps", () => this.stepBy(100));
    this.everything = button("Reset all", () => this.reset());
    this.removal = button("Remove point", () => this.removeChosen());
    const { learning_rate, alpha, temperature } = this.limits;
    this.settings = {};
    const sliders = [
      this.setting("learning rate", "rate", logScale(...learning_rate, 160), "learning_rate", 0),
      this.setting("L2 strength", "alpha", penaltyScale(alpha), "alpha", 0),
      this.setting("temperature", "temperature", logScale(...temperature, 100), "temperature"),
    ];
    this.plane = this.planeCanvas();
    this.challenge = make("p", { class: "challenge" });
    const buttons = make("div", { class: "buttons" }, this.train, this.one, this.hundred, button("Reset weights", () => this.forget()));
    const parts = [
      this.pointsRow(),
      make("div", { class: "panels" }, this.plane, make("div", {}, buttons, ...sliders, make("div", { class: "result" }, this.numbers(), this.curveCanvas()), this.challenge)),
      make("div", { class: "more" },
        make("details", {}, make("summary", {}, "Weights"), this.weightsTable()),
        make("details", {}, make("summary", {}, "How to use it"),
          make("p", { id: "help", class: "soft" }, "Click or tap to add a point, drag a point to move it. A ring marks a point outside its region. The temperature divides the logits where probabilities are shown: in the shading and at the cross-hairs. Training, loss and borders do without it. Keys on the plane: arrows move the cross-hairs (with Shift further), Enter adds a point, Space picks it up and puts it down, Delete removes it, N goes to the next one, 1 to 6 choose the class."))),
    ];
    this.goal = this.lossAtTheStart(this.limits.challenge[0]);
    this.reset();
    return parts;
  }

  // Controls and panels. --------------------------------------------------------------------------

  pointsRow() {
    const names = Object.keys(this.start.presets);
    this.preset = make("select", { "aria-label": "points", onchange: () => this.load(this.presetPoints()) }, ...names.map((name) => make("option", {}, name)));
    this.choices = SHAPES.map((_, k) => make("input", { type: "radio", name: "class", id: `class${k}`, onchange: () => this.choose(k) }));
    this.words = SHAPES.map(() => make("span"));
    const labels = this.words.map((word, k) => make("label", { for: `class${k}`, class: "choice" }, this.choices[k], symbol(k), word));
    return make("div", { class: "top" },
      make("div", { class: "sets" }, this.preset, this.removal, this.everything),
      make("fieldset", {}, make("legend", { class: "hidden" }, "class of a new point"), ...labels));
  }

  // A slider whose value is this[name].
  setting(label, name, scale, initial, origin = 0.5) {
    const use = (value) => {
      this[name] = value;
      // Small numbers: two digits after the point would not tell them.
      control.range.setAttribute("aria-valuetext", value);
    };
    const change = (value) => {
      use(value);
      this.refresh();
      this.report();
    };
    const control = slider({ label: label[0].toUpperCase() + label.slice(1), scale, value: this.start[initial], origin, change });
    const set = (value) => {
      control.set(value);
      use(value);
    };
    this.settings[name] = { set, limits: this.limits[initial], initial: this.start[initial] };
    return make("div", { class: `setting ${name}` }, make("span", {}, label), control.range, control.number);
  }

  curveCanvas() {
    this.curve = make("canvas", { class: "curve", role: "img", "aria-label": "Loss curve" });
    return this.curve;
  }

  numbers() {
    const pair = (name, label) => {
      this[name] = make("dd", { class: name });
      return make("div", {}, make("dt", {}, label), this[name]);
    };
    return make("dl", {}, pair("stepsShown", "steps"), pair("lossShown", "loss"), pair("penaltyShown", "penalty"), pair("accuracyShown", "accuracy"));
  }

  weightsTable() {
    this.rows = make("tbody");
    const head = ["class", "points", "w of x₁", "w of x₂", "bias", "p at cross-hairs"];
    const table = make("table", {},
      make("caption", { class: "hidden" }, "Weights and bias of each class, and its probability at the cross-hairs"),
      make("thead", {}, make("tr", {}, ...head.map((name) => make("th", { scope: "col" }, name)))),
      this.rows);
    return scrollable(table);
  }

  // State. ----------------------------------------------------------------------------------------

  reset() {
    for (const { set, initial } of Object.values(this.settings)) set(initial);
    this.preset.selectedIndex = 0;
    this.choose(0);
    this.load(this.presetPoints());
  }

  presetPoints() {
    return Object.values(this.start.presets)[this.preset.selectedIndex];
  }

  // The points at the start may have names of their own.
  nameOf(k) {
    return (this.preset.selectedIndex === 0 && this.start.names?.[k]) || SHAPES[k].name;
  }

  load(points) {
    this.words.forEach((word, k) => (word.textContent = this.nameOf(k)));
    this.points = points.map((point) => [...point]);
    this.cursor = [0, 0];
    this.selected = -1;
    this.held = false;
    this.forget();
    if (!this.points.length) this.announce("The plane is empty. Choose a class and add points.");
  }

  // The address: the settings, and the points by the number of their preset or, if they are few, one
  // by one.

  link() {
    const { rate, alpha, temperature } = this;
    const points = this.areAsIn(this.presetPoints()) ? this.preset.selectedIndex : this.points.map(String).join(";");
    return { ...(this.points.length <= this.limits.linked && { points }), rate, alpha, temperature };
  }

  restore({ points = "0", ...settings }) {
    const presets = Object.values(this.start.presets);
    const isPreset = /^\d$/.test(points);
    const given = isPreset ? presets[points] : points.split(";").filter(Boolean).map((point) => point.split(",").map(parseFloat));
    const { reach, points: most } = this.limits;
    const fits = (point) => point.length === 3 && Math.max(Math.abs(point[0]), Math.abs(point[1])) <= reach && point[2] in SHAPES;
    const names = Object.keys(this.settings);
    const valid = given?.length <= most && given.every(fits) && names.every((name) => within(settings[name], this.settings[name].limits));
    if (!valid) return false;
    for (const name of names) this.settings[name].set(Number(settings[name]));
    this.preset.selectedIndex = isPreset ? points : 0;
    this.load(given);
    return true;
  }

  areAsIn(points) {
    return String(this.points) === String(points);
  }

  // Start again from zero.
  forget() {
    this.pause();
    this.parameters = SHAPES.map(() => [0, 0, 0]);
    Object.assign(this, { steps: 0, stride: 1, diverged: false, converged: false, reached: null });
    this.refresh();
    this.report("All weights are zero.");
  }

  // Training. -------------------------------------------------------------------------------------

  // Why training cannot go on, or nothing.
  obstacle() {
    if (this.diverged) return "Training diverged. Lower the learning rate or the L2 strength, then reset the weights.";
    if (classesOf(this.points).length < 2) return "Training needs points of two classes or more.";
    return "";
  }

  toggle() {
    if (this.running) {
      this.pause();
      return this.report("Paused.");
    }
    if (reducedMotion()) return this.announce("Your system asks for reduced motion, so training does not run by itself. Use the buttons Step and 100 steps.");
    if (this.obstacle()) return this.announce(this.obstacle());
    this.train.textContent = "Pause";
    this.running = requestAnimationFrame(() => this.tick());
    this.announce("Training.");
  }

  pause() {
    cancelAnimationFrame(this.running);
    this.running = null;
    this.train.textContent = "Train";
  }

  // A step a frame at first, to be watched; later, when little moves, up to 20.
  tick() {
    this.running = requestAnimationFrame(() => this.tick());
    this.advance(Math.min(20, 1 + Math.floor(this.steps / 100)));
    if (this.diverged || this.converged) {
      this.pause();
      this.report();
    }
  }

  stepBy(number) {
    if (this.obstacle()) return this.announce(this.obstacle());
    this.pause();
    this.advance(number);
    this.report();
  }

  // What diverges is not kept, so no number here is ever infinite or none.
  advance(number) {
    for (let i = 0; i < number && !this.diverged; i += 1) {
      const next = descend(this.parameters, this.points, this.rate, this.alpha);
      this.diverged = next.diverged;
      if (next.diverged) break;
      this.parameters = next.parameters;
      this.converged = next.largest < CONVERGED;
      this.steps += 1;
      this.reached ??= evaluate(this.parameters, this.points, this.alpha).objective <= this.goal ? this.steps : null;
      if (this.steps % this.stride === 0) this.record();
    }
    this.refresh();
  }

  // When the curve grows long, every second of its values is enough.
  record() {
    this.losses.push(evaluate(this.parameters, this.points, this.alpha).objective);
    if (this.losses.length <= MOST_LOSSES) return;
    this.losses = this.losses.filter((_, i) => i % 2 === 0);
    this.stride *= 2;
  }

  // Points. ---------------------------------------------------------------------------------------

  // A class whose last point is gone loses its weights, and training has a new optimum to reach.
  changed(words) {
    const classes = classesOf(this.points);
    this.parameters = this.parameters.map((row, k) => (classes.includes(k) ? row : [0, 0, 0]));
    Object.assign(this, { converged: false, reached: null });
    this.refresh();
    this.report(words);
  }

  atCursor() {
    const what = this.selected < 0 ? "" : `, a ${this.nameOf(this.points[this.selected][2])}${this.state.wrong.includes(this.selected) ? ", outside its region" : ""}`;
    const words = this.state.classes.map((k, j) => `${this.nameOf(k)} ${formatProbability(this.probabilities[j])}`);
    return `Cursor at ${this.place()}${what}. ${words.length ? `Probabilities: ${listed(words)}.` : ""}`;
  }

  // What is shown. --------------------------------------------------------------------------------

  refresh() {
    this.state = evaluate(this.parameters, this.points, this.alpha);
    const { classes, objective, penalty, accuracy } = this.state;
    if (this.steps === 0) this.losses = [objective];
    const logits = logitsAt(this.parameters, classes, ...this.cursor);
    this.probabilities = softmax(logits, this.temperature);
    this.probable = classes[argmax(logits)];
    show(this.stepsShown, this.steps, String(this.steps));
    show(this.lossShown, objective, format(objective, 4));
    show(this.penaltyShown, penalty, format(penalty, 4));
    show(this.accuracyShown, accuracy, this.points.length ? `${format(100 * accuracy, 0)} %` : "–");
    this.rows.replaceChildren(...classes.map((k, j) => this.row(k, j)));
    this.train.setAttribute("aria-disabled", Boolean(this.obstacle()) || reducedMotion());
    for (const button of [this.one, this.hundred]) button.setAttribute("aria-disabled", Boolean(this.obstacle()));
    this.removal.setAttribute("aria-disabled", this.selected < 0);
    this.curve.setAttribute("aria-label", `Loss curve. After ${count(this.steps, "step")} the loss is ${format(objective, 4)}.`);
    this.judge();
    this.redraw();
  }

  // The challenge: longer steps need fewer of them, until they overshoot.
  judge() {
    const [slow, most] = this.limits.challenge;
    const original = this.areAsIn(Object.values(this.start.presets)[0]);
    const solved = original && this.reached !== null && this.reached <= most;
    let verdict = `Now ${format(this.state.objective, 4)}.`;
    if (this.steps >= most) verdict = "Too slow: change the learning rate and reset the weights.";
    if (!original) verdict = "The points have changed: Reset all brings them back.";
    if (solved) verdict = `Solved in ${count(this.reached, "step")}. Can you do it in fewer?`;
    showChallenge(this.challenge, solved, `At a learning rate of ${this.start.learning_rate}, ${slow} steps bring the loss to ${format(this.goal, 4)}. Get there in ${most} or fewer.`, verdict);
    this.challenge.hidden = this.goal === null;
    return solved;
  }

  // The loss after some steps from the state in which the page opens, or null if training diverges.
  lossAtTheStart(steps) {
    const { presets, learning_rate, alpha } = this.start;
    const [points] = Object.values(presets);
    let parameters = SHAPES.map(() => [0, 0, 0]);
    for (let i = 0; i < steps; i += 1) {
      const next = descend(parameters, points, learning_rate, alpha);
      if (next.diverged) return null;
      ({ parameters } = next);
    }
    return evaluate(parameters, points, alpha).objective;
  }

  row(k, j) {
    const number = (value, text) => {
      const cell = make("td");
      show(cell, value, text);
      return cell;
    };
    const weights = this.parameters[k].map((value) => number(value, Math.abs(value) < 100 ? format(value) : format(value, 0)));
    const points = this.points.filter((point) => point[2] === k).length;
    const name = make("span", { class: "name" }, symbol(k), make("span", { class: "word" }, this.nameOf(k)));
    const p = this.probabilities[j];
    return make("tr", {}, make("th", { scope: "row" }, name), number(points, String(points)), ...weights, number(p, formatProbability(p)));
  }

  report(words = "") {
    this.remember(this.link());
    // The numbers of a moment would soon be wrong.
    if (this.running) return this.announce(words || "Training.");
    const { objective, wrong } = this.state;
    if (this.diverged) return this.announce(`Training diverged after ${count(this.steps, "step")}: the next one would spoil the weights. Lower the learning rate or the L2 strength, then reset the weights.`);
    const right = `${this.points.length - wrong.length} of ${count(this.points.length, "point")} lie in their own region`;
    const end = this.converged ? " Training has converged: every entry of the gradient is below 0.000001." : "";
    this.announce(`${words} After ${count(this.steps, "step")} the loss is ${format(objective, 4)}, and ${right}.${end}${this.judge() ? " Challenge solved." : ""}`.trim());
  }

  // Once for each picture that the screen shows, however often it is asked for.
  redraw() {
    if (!this.isConnected) return;
    this.drawing ??= requestAnimationFrame(() => {
      this.drawing = null;
      this.draw();
    });
  }

  draw() {
    if (!this.plane.clientWidth) return;
    const style = getComputedStyle(this);
    const color = (name) => style.getPropertyValue(`--${name}`);
    const colors = { ground: color("ground"), text: color("text"), soft: color("soft"), edge: color("edge"), classes: SHAPES.map((_, k) => color(`c${k}`)) };
    drawPlane(this.plane, this, colors);
    drawCurve(this.curve, { losses: this.losses, stride: this.stride, classes: this.state.classes.length }, colors);
  }

  onThemeChange() {
    this.redraw();
  }

  connectedCallback() {
    super.connectedCallback();
    this.sizes = new ResizeObserver(() => this.redraw());
    this.sizes.observe(this.plane);
    // A figure that has left the screen does not train unseen.
    this.sight = new IntersectionObserver((entries) => {
      if (entries.at(-1).isIntersecting || !this.running) return;
      this.pause();
      this.report("Paused, because the figure left the screen.");
    });
    this.sight.observe(this);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.pause();
    cancelAnimationFrame(this.drawing);
    this.drawing = null;
    this.sizes.disconnect();
    this.sight.disconnect();
  }

  static css = `
    /* The sixth class: beside the first, the blue of the other figures is one blue too many. */
    :host([data-theme]) { --c5: var(--soft); }
    .top { display: flex; flex-wrap: wrap; gap: 8px 20px; align-items: center; margin-bottom: 8px; }
    .sets { display: flex; flex: 1 1 300px; min-width: 0; gap: 6px; }
    .sets select { flex: 0 1 200px; min-width: 0; width: 60px; padding: 3px 0; }
    .buttons, .sets button { white-space: nowrap; }
    fieldset { display: flex; flex-wrap: wrap; gap: 0 12px; font-size: 14px; margin: 0; padding: 0; border: 0; min-width: 0; }
    .choice { display: inline-flex; align-items: center; gap: 5px; min-height: 32px; cursor: pointer; }
    .choice input { margin: 0; width: 16px; height: 16px; accent-color: var(--c0); }
    .shape { display: inline-block; flex: none; width: 15px; height: 15px; forced-color-adjust: none; }
    ${SHAPES.map((shape, k) => `.s${k} { background: var(--c${k}); clip-path: ${clipPath(shape)}; }`).join("\n")}
    .panels { display: grid; gap: 8px 24px; }
    canvas { display: block; width: 100%; }
    .plane { max-width: 300px; margin: 0 auto; aspect-ratio: 1; cursor: crosshair; touch-action: pan-y pinch-zoom; border-radius: 4px; user-select: none; }
    .buttons { margin: 0 0 4px; gap: 4px; }
    :is(.buttons, .sets) button { padding: 3px 7px; }
    .setting { display: grid; grid-template-columns: 92px minmax(0, 1fr) 76px; gap: 8px; align-items: center; min-height: 37px; }
    .setting span { font-size: 14px; line-height: 1.2; }
    .temperature { --c0: var(--c2); }
    .result { display: grid; grid-template-columns: auto minmax(0, 1fr); gap: 12px; align-items: center; margin-top: 6px; }
    .curve { height: 110px; }
    dl { display: grid; grid-template-columns: 1fr 1fr; gap: 4px 12px; margin: 0; }
    dt { font-size: 13px; color: var(--soft); }
    dd { margin: 0; min-width: 3.6em; font-weight: 600; font-variant-numeric: tabular-nums; }
    .challenge { margin-top: 8px; }
    .sentence { margin-top: 8px; }
    .more { display: flex; flex-wrap: wrap; gap: 0 20px; margin-top: 4px; }
    details[open] { flex: 1 1 100%; min-width: 0; }
    p.soft { margin: 4px 0 0; }
    table { margin-top: 4px; }
    td, th { padding: 4px 6px 4px 0; text-align: end; }
    tr > :last-child { padding-right: 0; }
    th:first-child { text-align: start; }
    thead th { font-size: 13px; vertical-align: bottom; }
    tbody tr { border-top: 1px solid var(--line); }
    tbody th { font-weight: 400; }
    .name { display: inline-flex; align-items: center; gap: 6px; }
    /* On a phone the marker says which class it is in the table. */
    @container (max-width: 560px) {
      .word { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
    }
    @container (min-width: 600px) {
      .panels { grid-template-columns: minmax(0, 1.1fr) minmax(0, 1fr); }
      .plane { max-width: 400px; }
    }
  `;
}

define("softmax-playground", PlaygroundFigure);
