// A photo on the plane of its two features, the scores that a model gives it, and the hard decision.

import { LiveElement, argmax, average, button, define, dragIn, format, formatPoint, formatProbability, linearScale, listed, make, maximum, setAttributes, show, showChallenge, slider, softmax, sum, within } from "../core.mjs";
import { region } from "../_playground/plane.mjs";

const NAMES = ["length", "black"]; // the features
// The plane, in units of its drawing.
const [LEFT, RIGHT, TOP, BOTTOM] = [38, 350, 8, 214];
const PHOTO = [300, 74]; // and the photo
const ROOM = 900; // square units that a region needs to hold its name

// The area of a polygon and the middle of its area.
function middle(corners) {
  const parts = corners.slice(2).map((c, i) => {
    const [a, b] = [corners[0], corners[i + 1]];
    return { area: ((b[0] - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (b[1] - a[1])) / 2, at: average([1 / 3, 1 / 3, 1 / 3], [a, b, c]) };
  });
  const area = sum(parts.map((part) => part.area));
  return { area: Math.abs(area), at: average(parts.map((part) => part.area / area), parts.map(({ at }) => at)) };
}

class DecisionFigure extends LiveElement {
  build(start) {
    this.start = start;
    this.ranges = NAMES.map((name) => this.limits[name]);
    const corners = [[0, 0], [1, 0], [1, 1], [0, 1]].map((ends) => ends.map((end, i) => this.ranges[i][end]));
    // The bars of the scores have room for the largest one there is.
    this.reach = Math.ceil(Math.max(0.1, ...corners.flatMap((corner) => this.scores(corner).map(Math.abs))));
    this.plane = this.buildPlane();
    this.photo = this.buildPhoto();
    this.controls = ["Body length in meters", "Black share of the body"].map((label, i) =>
      slider({ label, scale: linearScale(...this.ranges[i], this.limits.step), value: 0, origin: 0, change: (value) => this.moveTo(this.x.map((x, j) => (j === i ? value : x))) }));
    for (const { range } of this.controls) range.style.setProperty("--color", "var(--edge)");
    this.answer = make("b");
    this.lead = make("span", { class: "soft" });
    this.rows = start.labels.map((name, k) => this.row(name, k));
    this.soft = make("input", { type: "checkbox", onchange: () => this.update() });
    this.challenge = make("p", { class: "challenge" });
    const line = (name, control) => make("div", { class: "line" }, make("span", {}, name), control.range, control.number);
    const head = (text, kind) => make("span", { class: kind, role: "columnheader" }, text);
    const parts = [
      make("div", { class: "panels" },
        make("div", { class: "map" }, make("div", { class: "title" }, make("b", {}, "the model’s map"), make("span", { class: "soft" }, "drag the dot: each place is one photo")), this.plane),
        make("div", { class: "sliders" }, line("length, m", this.controls[0]), line("black share", this.controls[1])),
        make("div", { class: "verdict" },
          this.photo,
          make("div", { class: "answer" }, "The answer: ", this.answer, " ", this.lead),
          make("div", { class: "rows", role: "table", "aria-label": "Scores and decisions" },
            make("div", { class: "row soft", role: "row" }, head("class", "name"), head("score", "wide"), head("hard", "flag"), head("soft", "share")),
            ...this.rows.map(({ node }) => node)),
          make("div", { class: "buttons" }, make("label", {}, this.soft, "Show softmax probabilities"), button("Reset", () => this.load(start))))),
      this.challenge,
    ];
    this.load(start);
    return parts;
  }

  // The parts. ------------------------------------------------------------------------------------

  place([length, black]) {
    const share = (value, [low, high]) => (value - low) / (high - low);
    return [LEFT + share(length, this.ranges[0]) * (RIGHT - LEFT), BOTTOM - share(black, this.ranges[1]) * (BOTTOM - TOP)];
  }

  buildPlane() {
    const text = ([x, y], anchor, words) => `<text x="${x}" y="${y}" text-anchor="${anchor}">${words}</text>`;
    // As scores of places in a square from -1 to 1.
    const [center, half] = [0.5, -0.5].map((sign) => this.ranges.map(([low, high]) => 0.5 * high + sign * low));
    const parameters = this.scores(center).map((z, k) => [...half.map((x, i) => x * this.start.W[i][k]), z]);
    const classes = [...parameters.keys()];
    const regions = classes.map((k) => region(parameters, classes, 1, k).map((at) => this.place(at.map((u, i) => center[i] + u * half[i]))));
    const box = make("div");
    box.innerHTML = `<svg viewBox="0 0 360 246" role="img">
      ${regions.map((region, k) => `<polygon points="${region.map((point) => point.join()).join(" ")}" style="--color: var(--c${k})"/>`).join("")}
      ${[0, 1, 2].map((x) => text([this.place([x, 0])[0], BOTTOM + 15], "middle", x)).join("")}${[0, 0.5, 1].map((y) => text([LEFT - 5, this.place([0, y])[1] + 4], "end", y)).join("")}
      ${text([(LEFT + RIGHT) / 2, BOTTOM + 29], "middle", "body length in meters")}
      <text transform="translate(9 ${(TOP + BOTTOM) / 2}) rotate(-90)" text-anchor="middle">black share</text>
      ${regions.map(() => `<text class="region" text-anchor="middle"></text>`).join("")}
      <path class="hair"/><g class="handle"><circle class="grip" r="24"/><circle class="point" r="7"/></g></svg>`;
    const drawing = box.firstChild;
    drawing.querySelectorAll(".region").forEach((name, k) => {
      if (regions[k].length < 3) return;
      const { area, at } = middle(regions[k]);
      name.textContent = area > ROOM ? this.start.labels[k] : "";
      setAttributes(name, { x: at[0], y: at[1] + 4 });
    });
    [this.hair, this.handle] = drawing.querySelectorAll(".hair, .handle");
    dragIn(drawing, (...at) => {
      const shares = [(at[0] - LEFT) / (RIGHT - LEFT), (BOTTOM - at[1]) / (BOTTOM - TOP)];
      this.moveTo(shares.map((share, i) => this.ranges[i][0] + Math.min(1, Math.max(0, share)) * (this.ranges[i][1] - this.ranges[i][0])));
    });
    return drawing;
  }

  // An animal on a ruler: as long as the length says, and as black.
  buildPhoto() {
    const [width, height] = PHOTO;
    const floor = height - 20;
    const box = make("div", { class: "photo" });
    const [low, high] = this.ranges[0];
    this.across = (length) => 12 + ((width - 24) * (length - low)) / (high - low);
    const meters = Array.from({ length: Math.floor(high) + 1 }, (_, m) => m);
    box.innerHTML = `<svg viewBox="0 0 ${width} ${height}" role="img">
      <path class="ruler" d="M${this.across(low)} ${floor}H${this.across(high)}${meters.map((m) => `M${this.across(m)} ${floor}v5`).join("")}"/>
      ${meters.map((m) => `<text x="${this.across(m)}" y="${height - 3}" text-anchor="middle">${m} m</text>`).join("")}
      <clipPath id="coat"><rect class="coat"/></clipPath><rect class="coat"/><rect class="dark" clip-path="url(#coat)"/><rect class="coat line"/><circle class="white"/><circle class="eye"/></svg>`;
    this.floor = floor;
    return box;
  }

  row(name, k) {
    const bar = make("div");
    const score = make("span", { class: "number" });
    const hard = make("span", { class: "lamp" });
    const share = make("div");
    const p = make("span", { class: "number" });
    const cell = (kind, ...content) => make("span", { class: kind, role: "cell" }, ...content);
    const node = make("div", { class: "row", role: "row", style: `--color: var(--c${k})` },
      make("span", { class: "name", role: "rowheader" }, make("span", {}, name)),
      cell("wide", make("span", { class: "track", "aria-hidden": "true" }, bar), score),
      cell("flag", hard),
      cell("share", make("span", { class: "track whole", "aria-hidden": "true" }, share), p));
    return { node, bar, score, hard, share, p };
  }

  // What the reader does. -------------------------------------------------------------------------

  load({ x, soft = false }) {
    this.soft.checked = soft;
    this.x = x;
    this.update();
  }

  moveTo(x) {
    this.x = x.map((value) => Number(value.toFixed(2)));
    this.update();
  }

  state() {
    return { x: this.x, soft: Number(this.soft.checked) };
  }

  restore({ x = "", soft = "0" }) {
    const values = x.split(",").map((text) => Number(text.trim() || NaN));
    const valid = values.length === NAMES.length && values.every((value, i) => within(value, this.ranges[i])) && ["0", "1"].includes(soft);
    if (valid) this.load({ x: values, soft: soft === "1" });
    return valid;
  }

  // What is shown. --------------------------------------------------------------------------------

  // Without the errors of rounding: two classes that tie by hand tie here.
  scores(x) {
    const { W, b } = this.start;
    return b.map((bias, k) => Number((x[0] * W[0][k] + x[1] * W[1][k] + bias).toFixed(13)));
  }

  update() {
    const { labels } = this.start;
    const z = this.scores(this.x);
    const p = softmax(z);
    const first = argmax(z);
    const others = z.filter((_, k) => k !== first);
    const second = z.findIndex((x, k) => k !== first && x === maximum(others));
    const lead = z[first] - z[second];
    this.controls.forEach((control, i) => control.set(this.x[i]));
    const at = this.place(this.x);
    this.handle.setAttribute("transform", `translate(${at})`);
    this.handle.style.setProperty("--color", `var(--c${first})`);
    this.hair.setAttribute("d", `M${LEFT} ${at[1]}H${at[0]}V${BOTTOM}`);
    this.drawPhoto();
    this.answer.textContent = labels[first];
    this.lead.textContent = lead ? `${lead < 0.005 ? "less than 0.01" : format(lead)} ahead of ${labels[second]}` : `in a tie with ${labels[second]}`;
    this.rows.forEach(({ node, bar, score, hard, share, p: number }, k) => {
      node.classList.toggle("first", k === first);
      const ends = [0, z[k]].map((x) => 50 + (50 * x) / this.reach);
      bar.style.left = `${Math.min(...ends)}%`;
      bar.style.width = `${Math.abs(ends[1] - ends[0])}%`;
      show(score, z[k]);
      show(hard, Number(k === first), k === first ? "1" : "0");
      share.style.width = `${100 * p[k]}%`;
      show(number, p[k], formatProbability(p[k]));
    });
    this.shadowRoot.querySelector(".rows")?.classList.toggle("softened", this.soft.checked);
    const words = listed(labels.map((name, k) => `${name} ${format(z[k])}`));
    const soft = this.soft.checked ? ` Softmax says ${listed(labels.map((name, k) => `${name} ${formatProbability(p[k])}`))}.` : "";
    this.plane.setAttribute("aria-label", `Regions of ${listed(labels)} over body length and black share. The photo is at ${formatPoint(this.x)}, in the region of ${labels[first]}.`);
    this.announce(`The scores are ${words}. The answer is ${labels[first]}, ${this.lead.textContent}.${soft}${this.judge(z, first)}`);
    this.remember(this.state());
  }

  drawPhoto() {
    const [length, black] = this.x;
    const left = this.across(this.ranges[0][0]);
    const wide = Math.max(this.across(length) - left, 2);
    const high = Math.min(10 + 0.13 * wide, wide);
    const top = this.floor - high - 1;
    const [coat, dark, eye] = ["coat", "dark", "eye"].map((name) => this.photo.querySelectorAll(`.${name}`));
    coat.forEach((node) => setAttributes(node, { x: left, y: top, width: wide, height: high, rx: high / 2 }));
    setAttributes(dark[0], { x: left, y: top, width: wide * black, height: high });
    const spot = { cx: left + wide - high / 2.4, cy: top + high / 2.6 };
    setAttributes(this.photo.querySelector(".white"), { ...spot, r: high / 7 });
    setAttributes(eye[0], { ...spot, r: high / 12 });
    this.photo.firstChild.setAttribute("aria-label", `An animal, ${format(length)} meters long and ${format(100 * black, 0)} % black`);
  }

  // The challenge: the answer is as firm where the scores say nothing.
  judge(z, first) {
    this.challenge.hidden = !this.start.challenge;
    if (this.challenge.hidden) return "";
    const { near } = this.limits;
    const spread = maximum(z) + maximum(z.map((x) => -x));
    const solved = spread < near;
    const apart = format(spread, 3);
    let verdict = `Now they are ${apart} apart.`;
    if (solved) verdict = `Solved: they are ${apart} apart, and still the hard answer is a flat “${this.start.labels[first]}”. What does softmax say?`;
    showChallenge(this.challenge, solved, `Find an animal that leaves the model torn: all scores less than ${near} apart.`, verdict);
    return solved ? " Challenge solved." : "";
  }

  static css = `
    .panels { display: grid; grid-template-columns: minmax(0, 1fr); gap: 8px 28px; }
    .sliders { order: 1; }
    .title { display: flex; flex-wrap: wrap; gap: 0 10px; align-items: baseline; }
    svg { display: block; width: 100%; max-width: 430px; margin: 0 auto; touch-action: pan-y; user-select: none; font-size: 11px; fill: var(--soft); overflow: visible; }
    polygon { fill: color-mix(in srgb, var(--color) 22%, var(--ground)); stroke: var(--text); stroke-width: 1.2; stroke-linejoin: round; forced-color-adjust: none; }
    .region { fill: var(--text); font-size: 13px; pointer-events: none; }
    .hair { fill: none; stroke: var(--edge); stroke-dasharray: 2 3; }
    .point { fill: var(--color); stroke: var(--text); stroke-width: 2; pointer-events: none; forced-color-adjust: none; }
    .grip { fill: transparent; cursor: grab; }
    .line { display: grid; grid-template-columns: 84px minmax(0, 1fr) 76px; gap: 8px; align-items: center; min-height: 38px; }
    .photo { max-width: 430px; padding: 6px 8px 4px; border-radius: 6px; background: color-mix(in srgb, var(--c5) 16%, var(--ground)); }
    .ruler { fill: none; stroke: var(--edge); }
    .coat { fill: #f6f6f2; }
    .dark, .eye { fill: #15171a; }
    .line.coat { fill: none; stroke: #57606a; }
    .white { fill: #f6f6f2; stroke: #57606a; stroke-width: 0.5; }
    .answer { min-height: 36px; margin-top: 6px; line-height: 1.35; }
    .answer b { font-size: 19px; }
    .rows { display: grid; grid-template-columns: fit-content(84px) minmax(0, 1fr) 34px; column-gap: 10px; }
    /* Beside softmax, scores are numbers only: the probabilities have the room for bars. */
    .softened { grid-template-columns: fit-content(84px) 48px 34px minmax(0, 1fr); }
    .row { display: grid; grid-column: 1 / -1; grid-template-columns: subgrid; align-items: center; min-height: 32px; }
    .row.soft { min-height: 0; }
    .rows:not(.softened) .share, .softened .wide .track { display: none; }
    .softened .wide { display: block; text-align: end; }
    .name { overflow-wrap: anywhere; line-height: 1.15; }
    .row:not(.soft) .name::before { content: ""; display: inline-block; width: 11px; height: 11px; margin-right: 6px; border-radius: 3px; background: var(--color); forced-color-adjust: none; }
    .first .name { font-weight: 600; }
    .wide, .share { display: grid; grid-template-columns: minmax(0, 1fr) 44px; gap: 6px; align-items: center; }
    .soft > .wide, .soft > .share { display: block; }
    .number { font-size: 14px; font-variant-numeric: tabular-nums; text-align: end; white-space: nowrap; }
    .track { position: relative; height: 18px; background: linear-gradient(90deg, transparent calc(50% - 0.5px), var(--edge) 0 calc(50% + 0.5px), transparent 0) var(--panel); border-radius: 3px; forced-color-adjust: none; }
    .whole { background: var(--panel); }
    .track div { position: absolute; top: 0; left: 0; height: 100%; min-width: 1px; background: var(--color); forced-color-adjust: none; }
    .flag { text-align: center; }
    .lamp { display: inline-block; width: 26px; line-height: 24px; border: 1px solid var(--edge); border-radius: 5px; text-align: center; color: var(--soft); }
    .first .lamp { background: var(--text); color: var(--ground); font-weight: 600; }
    .buttons { align-items: center; justify-content: space-between; margin-top: 8px; }
    label { display: flex; gap: 6px; align-items: center; min-height: 34px; }
    @container (min-width: 600px) {
      .panels { grid-template: "map verdict" "sliders verdict" 1fr / minmax(0, 1.1fr) minmax(0, 1fr); row-gap: 2px; }
      .map { grid-area: map; }
      .sliders { grid-area: sliders; }
      .verdict { grid-area: verdict; }
    }
  `;
}

define("softmax-decision", DecisionFigure);
