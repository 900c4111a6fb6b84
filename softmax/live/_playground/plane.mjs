// What a canvas shows of a linear classifier on the square from -reach to reach: shading, the name of
// each region, borders, points, a cursor; and a curve of losses.

import { format } from "../core.mjs";
import { logitsAt } from "./numerics.mjs";

const GRID = 120;
const FONT = '13px system-ui, "DejaVu Sans", sans-serif';

// The markers of softmax/plotting.py, in its order, as corners in a square from -1 to 1.
const corner = (angle) => [Math.cos(angle), Math.sin(angle)];
const around = (count) => Array.from({ length: count }, (_, i) => corner((2 * Math.PI * i) / count - Math.PI / 2));
export const SHAPES = [
  { name: "circle", corners: around(40) },
  { name: "square", corners: [[-0.86, -0.86], [0.86, -0.86], [0.86, 0.86], [-0.86, 0.86]] },
  { name: "triangle", corners: [[0, -1], [1, 0.9], [-1, 0.9]] },
  { name: "diamond", corners: [[0, -1.15], [0.95, 0], [0, 1.15], [-0.95, 0]] },
  { name: "wedge", corners: [[0, 1], [1, -0.9], [-1, -0.9]] },
  { name: "pentagon", corners: around(5) },
];

// The same corners for a style sheet.
export function clipPath(shape) {
  return `polygon(${shape.corners.map(([x, y]) => `${50 + 43 * x}% ${50 + 43 * y}%`).join(",")})`;
}

// Give a canvas as many pixels as the screen has for it, and return its context in CSS pixels.
export function prepare(canvas) {
  const ratio = devicePixelRatio || 1;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const context = canvas.getContext("2d");
  context.scale(ratio, ratio);
  context.font = FONT;
  return { context, width, height };
}

// Where the plane lies on its canvas: beside and above the numbers of the axes.
export function frame(canvas, reach) {
  const [left, top, right, bottom] = [26, 8, 10, 24];
  const [width, height] = [canvas.clientWidth - left - right, canvas.clientHeight - top - bottom];
  return {
    left,
    top,
    width,
    height,
    toX: (x) => left + ((x + reach) / (2 * reach)) * width,
    toY: (y) => top + ((reach - y) / (2 * reach)) * height,
    fromX: (px) => ((px - left) / width) * 2 * reach - reach,
    fromY: (px) => reach - ((px - top) / height) * 2 * reach,
  };
}

// A color of the style sheet as three numbers.
export function rgb(color) {
  const digits = color.trim().slice(1);
  const wide = digits.length === 3 ? [...digits].map((d) => d + d).join("") : digits;
  return [0, 2, 4].map((i) => parseInt(wide.slice(i, i + 2), 16));
}

// Shading: the color of the most probable class, the stronger the more probable it is. With it, for
// each class the mean of its places on the rim: no point is near, and as regions are convex, it is
// inside the region, where its name can be.
export function shade(parameters, classes, reach, temperature, colors, ground) {
  const image = new ImageData(GRID, GRID);
  const paper = rgb(ground);
  const inks = classes.map((k) => rgb(colors[k]));
  const rim = classes.map(() => ({ count: 0, x: 0, y: 0 }));
  const place = (i) => ((i + 0.5) / GRID) * 2 * reach - reach;
  for (let row = 0, at = 0; row < GRID; row += 1) {
    const x2 = -place(row);
    for (let column = 0; column < GRID; column += 1) {
      const x1 = place(column);
      const z = logitsAt(parameters, classes, x1, x2);
      let best = 0;
      for (let j = 1; j < z.length; j += 1) if (z[j] > z[best]) best = j;
      let total = 0;
      for (let j = 0; j < z.length; j += 1) total += Math.exp((z[j] - z[best]) / temperature);
      const share = 0.5 / total;
      for (let c = 0; c < 3; c += 1) image.data[at++] = paper[c] + share * (inks[best][c] - paper[c]);
      image.data[at++] = 255;
      if (row % (GRID - 1) && column % (GRID - 1)) continue;
      rim[best].count += 1;
      rim[best].x += x1;
      rim[best].y += x2;
    }
  }
  const small = new OffscreenCanvas(GRID, GRID);
  small.getContext("2d").putImageData(image, 0, 0);
  return { small, names: rim.map(({ count, x, y }) => (count > GRID / 6 ? [x / count, y / count] : null)) };
}

// The border between two classes: the piece of the line z_j = z_k inside the square on which no
// other class has a larger logit. Returns its two ends, or null.
export function border(parameters, classes, reach, j, k) {
  const [a, b, c] = [0, 1, 2].map((d) => parameters[j][d] - parameters[k][d]);
  const length = Math.hypot(a, b);
  if (!(length > 0)) return null;
  const start = [(-a * c) / length ** 2, (-b * c) / length ** 2];
  const along = [-b / length, a / length];
  let [first, last] = [-Infinity, Infinity];
  // Keep the part of the line where slope * s + height >= 0.
  const keep = (slope, height) => {
    if (slope > 0) first = Math.max(first, -height / slope);
    else if (slope < 0) last = Math.min(last, -height / slope);
    else if (height < 0) last = -Infinity;
  };
  for (const d of [0, 1]) {
    keep(along[d], start[d] + reach);
    keep(-along[d], reach - start[d]);
  }
  for (const other of classes) {
    if (other === j || other === k) continue;
    const [u, v, w] = [0, 1, 2].map((d) => parameters[j][d] - parameters[other][d]);
    keep(u * along[0] + v * along[1], u * start[0] + v * start[1] + w);
  }
  if (!(last > first)) return null;
  return [first, last].map((s) => [start[0] + s * along[0], start[1] + s * along[1]]);
}

export function borders(parameters, classes, reach) {
  const found = [];
  classes.forEach((j, index) => {
    for (const k of classes.slice(index + 1)) {
      const ends = border(parameters, classes, reach, j, k);
      if (ends) found.push({ j, k, ends });
    }
  });
  return found;
}

export function trace(context, k, x, y, radius) {
  context.beginPath();
  for (const [u, v] of SHAPES[k].corners) context.lineTo(x + radius * u, y + radius * v);
  context.closePath();
}

function drawBorder(context, at, ends, colors) {
  context.beginPath();
  for (const [x, y] of ends) context.lineTo(at.toX(x), at.toY(y));
  context.lineWidth = 1.6;
  context.strokeStyle = colors.text;
  context.stroke();
}

function drawName(context, at, name, [x1, x2], colors) {
  const [half, line] = [context.measureText(name).width / 2 + 6, 12];
  const x = Math.min(at.left + at.width - half, Math.max(at.left + half, at.toX(x1)));
  const y = Math.min(at.top + at.height - line, Math.max(at.top + line, at.toY(x2)));
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillStyle = colors.text;
  context.fillText(name, x, y);
}

function drawAxes(context, at, colors) {
  context.strokeStyle = colors.edge;
  context.lineWidth = 1;
  context.strokeRect(at.left + 0.5, at.top + 0.5, at.width - 1, at.height - 1);
  context.fillStyle = colors.soft;
  for (const value of [-2, 0, 2]) {
    context.textAlign = "center";
    context.textBaseline = "top";
    context.fillText(format(value, 0), at.toX(value), at.top + at.height + 7);
    context.textAlign = "right";
    context.textBaseline = "middle";
    context.fillText(format(value, 0), at.left - 6, at.toY(value));
  }
  context.fillStyle = colors.text;
  context.textBaseline = "top";
  context.fillText("x₁", at.left + at.width, at.top + at.height + 5);
  context.fillText("x₂", at.left - 6, at.top + 1);
}

function drawPoint(context, at, [x1, x2, k], colors, wrong) {
  const [x, y] = [at.toX(x1), at.toY(x2)];
  trace(context, k, x, y, 6.2);
  context.lineJoin = "round";
  context.lineWidth = 3;
  context.strokeStyle = colors.ground;
  context.stroke();
  context.fillStyle = colors.classes[k];
  context.fill();
  if (!wrong) return;
  context.beginPath();
  context.arc(x, y, 11, 0, 2 * Math.PI);
  context.lineWidth = 1.6;
  context.strokeStyle = colors.text;
  context.stroke();
}

function drawCursor(context, at, [x1, x2], held, colors) {
  const [x, y] = [at.toX(x1), at.toY(x2)];
  context.beginPath();
  for (const [u, v] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
    context.moveTo(x + 13 * u, y + 13 * v);
    context.lineTo(x + 20 * u, y + 20 * v);
  }
  if (held) context.rect(x - 13, y - 13, 26, 26);
  for (const [width, style] of [[5, colors.ground], [2.2, colors.text]]) {
    context.lineWidth = width;
    context.strokeStyle = style;
    context.stroke();
  }
}

// `scene` holds parameters, points, temperature, limits, state (from evaluate), cursor and held.
export function drawPlane(canvas, scene, colors) {
  const { context, width, height } = prepare(canvas);
  const { reach } = scene.limits;
  const at = frame(canvas, reach);
  const { classes, wrong } = scene.state;
  const lines = borders(scene.parameters, classes, reach);
  context.clearRect(0, 0, width, height);
  context.save();
  context.beginPath();
  context.rect(at.left, at.top, at.width, at.height);
  context.clip();
  if (classes.length > 0) {
    const { small, names } = shade(scene.parameters, classes, reach, scene.temperature, colors.classes, colors.ground);
    context.drawImage(small, at.left, at.top, at.width, at.height);
    for (const { ends } of lines) drawBorder(context, at, ends, colors);
    if (lines.length) names.forEach((place, j) => place && drawName(context, at, SHAPES[classes[j]].name, place, colors));
  }
  const missed = new Set(wrong);
  scene.points.forEach((point, n) => drawPoint(context, at, point, colors, missed.has(n)));
  drawCursor(context, at, scene.cursor, scene.held, colors);
  context.restore();
  drawAxes(context, at, colors);
}

// The losses of all steps, `stride` steps apart, with the loss of knowing nothing as a mark.
export function drawCurve(canvas, { losses, stride, classes }, colors) {
  const { context, width, height } = prepare(canvas);
  const [left, top, bottom] = [34, 8, 24];
  const guess = Math.log(Math.max(classes, 2));
  const steps = Math.max(50, (losses.length - 1) * stride);
  const most = 1.08 * losses.reduce((a, b) => Math.max(a, b), 1.2 * guess);
  const toX = (step) => left + (step / steps) * (width - left - 8);
  const toY = (loss) => top + (1 - loss / most) * (height - top - bottom);
  context.clearRect(0, 0, width, height);
  context.strokeStyle = colors.edge;
  context.lineWidth = 1;
  context.strokeRect(left + 0.5, top + 0.5, width - left - 9, height - top - bottom - 1);
  context.setLineDash([5, 4]);
  context.beginPath();
  context.moveTo(left, toY(guess));
  context.lineTo(width - 8, toY(guess));
  context.stroke();
  context.setLineDash([]);
  context.fillStyle = colors.soft;
  context.textBaseline = "middle";
  context.textAlign = "right";
  context.fillText("0", left - 6, toY(0) - 4);
  if (most > 1.6 * guess) context.fillText(most < 100 ? format(most, 0) : most.toExponential(0), left - 2, top + 6);
  context.textBaseline = "top";
  context.textAlign = "left";
  context.fillText("0", left, height - bottom + 6);
  context.textAlign = "right";
  context.fillText(`${steps} steps`, width - 8, height - bottom + 6);
  context.textBaseline = "bottom";
  context.fillText(`a guess: log ${Math.max(classes, 2)} = ${format(guess)}`, width - 14, toY(guess) - 3);
  context.beginPath();
  losses.forEach((loss, i) => context.lineTo(toX(i * stride), toY(loss)));
  context.strokeStyle = colors.classes[0];
  context.lineWidth = 2.2;
  context.lineJoin = "round";
  context.stroke();
}
