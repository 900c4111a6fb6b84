// What a canvas shows of a linear classifier on the square from -reach to reach: shading, the name of
// each region, borders, points, a cursor; and a curve of losses.

import { argmax, format, formatScientific, sum } from "../core.mjs";
import { logitsAt } from "./numerics.mjs";

const GRID = 80;
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

// Shading: the color of the most probable class, the more opaque the more probable it is.
export function shade(parameters, classes, reach, temperature, colors) {
  const image = new ImageData(GRID, GRID);
  const inks = classes.map((k) => [1, 3, 5].map((i) => parseInt(colors[k].trim().slice(i, i + 2), 16)));
  const place = (i) => ((i + 0.5) / GRID) * 2 * reach - reach;
  for (let at = 0; at < GRID ** 2; at += 1) {
    const z = logitsAt(parameters, classes, place(at % GRID), -place(Math.floor(at / GRID)));
    const best = argmax(z);
    const total = sum(z.map((x) => Math.exp((x - z[best]) / temperature)));
    image.data.set(inks[best], 4 * at);
    image.data[4 * at + 3] = 127.5 / total;
  }
  const small = new OffscreenCanvas(GRID, GRID);
  small.getContext("2d").putImageData(image, 0, 0);
  return small;
}

// The region of class j, as corners: what the lines z_j = z_k, one by one, leave of the square.
export function region(parameters, classes, reach, j) {
  let corners = [[-reach, -reach], [reach, -reach], [reach, reach], [-reach, reach]];
  for (const k of classes) {
    const lead = ([x1, x2]) => logitsAt(parameters, [j], x1, x2)[0] - logitsAt(parameters, [k], x1, x2)[0];
    corners = corners.flatMap((a, i, all) => {
      const b = all[(i + 1) % all.length];
      const [u, v] = [lead(a), lead(b)];
      const crossing = u * v < 0 ? [a.map((x, d) => x + (u / (u - v)) * (b[d] - x))] : [];
      return u < 0 ? crossing : [a, ...crossing];
    });
  }
  return corners;
}

export function trace(context, k, x, y, radius) {
  context.beginPath();
  for (const [u, v] of SHAPES[k].corners) context.lineTo(x + radius * u, y + radius * v);
  context.closePath();
}

// A region's border, and its name at its longest side on the rim: few points are near.
function drawRegion(context, at, name, corners, reach, colors) {
  context.beginPath();
  for (const [x1, x2] of corners) context.lineTo(at.toX(x1), at.toY(x2));
  context.closePath();
  context.lineWidth = 1.6;
  context.strokeStyle = colors.text;
  context.stroke();
  const sides = corners.map((a, i) => [a, corners.at(i - 1)]).filter(([a, b]) => [0, 1].some((d) => a[d] === b[d] && Math.abs(a[d]) === reach));
  if (!sides.length) return;
  const length = ([a, b]) => Math.hypot(a[0] - b[0], a[1] - b[1]);
  const [a, b] = sides.reduce((one, other) => (length(other) > length(one) ? other : one));
  if (length([a, b]) < reach / 3) return; // no room for a name, or a class without a region
  const [x1, x2] = a.map((x, d) => (x + b[d]) / 2);
  const [half, line] = [context.measureText(name).width / 2 + 6, 12];
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillStyle = colors.text;
  context.fillText(name, Math.min(at.left + at.width - half, Math.max(at.left + half, at.toX(x1))), Math.min(at.top + at.height - line, Math.max(at.top + line, at.toY(x2))));
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

// `scene` holds nameOf, parameters, points, temperature, limits, state (from evaluate), cursor and held.
export function drawPlane(canvas, scene, colors) {
  const { context, width, height } = prepare(canvas);
  const { reach } = scene.limits;
  const at = frame(canvas, reach);
  const { classes, wrong } = scene.state;
  context.clearRect(0, 0, width, height);
  context.save();
  context.beginPath();
  context.rect(at.left, at.top, at.width, at.height);
  context.clip();
  if (classes.length > 0) {
    context.drawImage(shade(scene.parameters, classes, reach, scene.temperature, colors.classes), at.left, at.top, at.width, at.height);
    // Before training all classes tie, and each has the whole plane.
    const regions = scene.parameters.flat().some(Boolean) ? classes : [];
    for (const k of regions) drawRegion(context, at, scene.nameOf(k), region(scene.parameters, classes, reach, k), reach, colors);
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
  if (most > 1.6 * guess) context.fillText(most < 100 ? format(most, 0) : formatScientific(most, 0), left - 2, top + 6);
  context.textBaseline = "top";
  context.textAlign = "left";
  context.fillText("0", left, height - bottom + 6);
  context.textAlign = "right";
  context.fillText(`${steps} steps`, width - 8, height - bottom + 6);
  context.textBaseline = "bottom";
  context.fillText(`guess: ${format(guess)}`, width - 14, toY(guess) - 3);
  context.beginPath();
  losses.forEach((loss, i) => context.lineTo(toX(i * stride), toY(loss)));
  context.strokeStyle = colors.classes[0];
  context.lineWidth = 2.2;
  context.lineJoin = "round";
  context.stroke();
}
