// What softmax/digits.py computes, and a linear classifier, in the same order of operations.

import { bytes } from "../core.mjs";

export const SIDE = 28;
const BOX = 20;
const CENTER = 14;
const TIE = 1e-9;

// Numbers of 32 bits, the lowest byte first, raised to float64.
export function floats(text) {
  const data = new DataView(bytes(text).buffer);
  return Float64Array.from({ length: data.byteLength / 4 }, (_, i) => data.getFloat32(4 * i, true));
}

// Draw a line with a round pen into `ink`, a picture of size × size. A line to itself is a dot.
export function drawLine(ink, size, [x0, y0], [x1, y1], width) {
  const reach = width / 2 + 0.5;
  const [left, right] = [Math.min(x0, x1), Math.max(x0, x1)];
  const [top, bottom] = [Math.min(y0, y1), Math.max(y0, y1)];
  const first = (a) => Math.max(0, Math.floor(a - reach));
  const last = (b) => Math.min(size - 1, Math.ceil(b + reach));
  const dx = x1 - x0;
  const dy = y1 - y0;
  const square = dx * dx + dy * dy;
  for (let i = first(top); i <= last(bottom); i += 1) {
    for (let j = first(left); j <= last(right); j += 1) {
      const x = j + 0.5;
      const y = i + 0.5;
      const share = square ? Math.min(Math.max(((x - x0) * dx + (y - y0) * dy) / square, 0), 1) : 0;
      const across = x - (x0 + share * dx);
      const along = y - (y0 + share * dy);
      const distance = Math.sqrt(across * across + along * along);
      ink[i * size + j] = Math.max(ink[i * size + j], Math.min(Math.max(reach - distance, 0), 1));
    }
  }
}

// Which rows and columns have ink: { top, bottom, left, right }, the ends included, or null.
function bounds(picture, height, width) {
  const found = { top: height, bottom: -1, left: width, right: -1 };
  for (let i = 0; i < height; i += 1) {
    for (let j = 0; j < width; j += 1) {
      if (picture[i * width + j] === 0) continue;
      found.top = Math.min(found.top, i);
      found.bottom = i;
      found.left = Math.min(found.left, j);
      found.right = Math.max(found.right, j);
    }
  }
  return found.bottom < 0 ? null : found;
}

// For each pixel of the box, the scaled pixels that lie in it, as pairs of place and overlap.
function overlaps(length, scale) {
  return Array.from({ length: BOX }, (_, cell) => {
    const pairs = [];
    for (let j = 0; j < length; j += 1) {
      const part = Math.min(scale * (j + 1), cell + 1) - Math.max(scale * j, cell);
      if (part > 0) pairs.push([j, part]);
    }
    return pairs;
  });
}

function shiftOf(masses) {
  let total = 0;
  let moment = 0;
  masses.forEach((mass, i) => {
    total += mass;
    moment += mass * i;
  });
  return Math.floor(CENTER - moment / total + 0.5 + TIE);
}

// Crop, scale the longer side to 20 pixels, and center by mass in 28 × 28; null without ink.
export function centerDigit(picture, height, width) {
  const crop = bounds(picture, height, width);
  if (!crop) return null;
  const size = [crop.bottom - crop.top + 1, crop.right - crop.left + 1];
  const scale = BOX / Math.max(...size);
  const [rows, columns] = size.map((length) => overlaps(length, scale));
  const downMasses = new Float64Array(BOX);
  const rightMasses = new Float64Array(BOX);
  const box = rows.map((inRow, r) =>
    columns.map((inColumn, c) => {
      let mean = 0;
      for (const [i, high] of inRow) {
        for (const [j, wide] of inColumn) mean += high * wide * picture[(crop.top + i) * width + crop.left + j];
      }
      downMasses[r] += mean;
      rightMasses[c] += mean;
      return mean;
    }),
  );
  const down = shiftOf(downMasses);
  const right = shiftOf(rightMasses);
  const seen = new Float64Array(SIDE * SIDE);
  box.forEach((row, r) =>
    row.forEach((mean, c) => {
      const [i, j] = [r + down, c + right];
      if (i >= 0 && i < SIDE && j >= 0 && j < SIDE) seen[i * SIDE + j] = mean;
    }),
  );
  return seen;
}

// Weights as rows, one for each class, and then the biases: { W, b }, both less their mean over
// the classes. Softmax does not see what all logits share, and so nothing here has to.
export function centeredWeights(numbers) {
  const features = SIDE * SIDE;
  const classes = numbers.length / (features + 1);
  const meanFree = (length, at) => {
    const parts = Array.from({ length: classes }, () => new Float64Array(length));
    for (let d = 0; d < length; d += 1) {
      let mean = 0;
      for (let k = 0; k < classes; k += 1) mean += numbers[at(k, d)] / classes;
      for (let k = 0; k < classes; k += 1) parts[k][d] = numbers[at(k, d)] - mean;
    }
    return parts;
  };
  return {
    W: meanFree(features, (k, d) => k * features + d),
    b: meanFree(1, (k) => classes * features + k).map(([bias]) => bias),
  };
}

// What each pixel adds to a logit.
export function contributions(x, weights) {
  return x.map((value, d) => value * weights[d]);
}

export function logitsOf(x, { W, b }) {
  return W.map((weights, k) => contributions(x, weights).reduce((a, c) => a + c, 0) + b[k]);
}
