// The contrastive loss of unit vectors in the plane, given by their angles in radians.

import { logSoftmax, sum } from "../core.mjs";

// Rows of log-probabilities: how sure each query is of each partner, at temperature T.
export function logRows(queries, partners, T) {
  return queries.map((a) => logSoftmax(partners.map((b) => Math.cos(a - b)), T));
}

// The mean of -log p of the true partners, which are on the diagonal.
export function meanLoss(rows) {
  return -sum(rows.map((row, i) => row[i])) / rows.length;
}

// T times the gradient of the loss in all angles: this does not grow as T falls.
export function slopes(queries, partners, T) {
  const N = queries.length;
  const errors = logRows(queries, partners, T).map((row, i) => row.map((x, j) => (Math.exp(x) - (i === j)) / N));
  const pull = (i, j) => errors[i][j] * Math.sin(queries[i] - partners[j]);
  return {
    queries: queries.map((_, i) => -sum(partners.map((_, j) => pull(i, j)))),
    partners: partners.map((_, j) => sum(queries.map((_, i) => pull(i, j)))),
  };
}

// The angles after a step of gradient descent.
export function descend(queries, partners, T, rate) {
  const slope = slopes(queries, partners, T);
  return {
    queries: queries.map((a, i) => a - rate * slope.queries[i]),
    partners: partners.map((b, j) => b - rate * slope.partners[j]),
  };
}

// No N pairs of unit vectors, in any number of dimensions, have a smaller loss.
export function smallestLoss(N, T) {
  return Math.log1p((N - 1) * Math.exp(-N / ((N - 1) * T)));
}

// The angle between two directions, from 0 to 180 degrees.
export function angleBetween(a, b) {
  return (Math.acos(Math.min(1, Math.max(-1, Math.cos(a - b)))) * 180) / Math.PI;
}
