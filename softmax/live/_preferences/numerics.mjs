// Scores from comparisons and the policy that follows, as figure.py and book/preferences.md have them.

import { sigmoid, softmax, sum } from "../core.mjs";

const NEWTON_STEPS = 30;

// The solution x of A x = b, for a matrix that is symmetric and positive definite. Both are changed.
function solve(A, b) {
  const size = b.length;
  for (let k = 0; k < size; k++) {
    for (let i = k + 1; i < size; i++) {
      const factor = A[i][k] / A[k][k];
      for (let j = k; j < size; j++) A[i][j] -= factor * A[k][j];
      b[i] -= factor * b[k];
    }
  }
  for (let k = size - 1; k >= 0; k--) {
    for (let j = k + 1; j < size; j++) b[k] -= A[k][j] * b[j];
    b[k] /= A[k][k];
  }
  return b;
}

// The Bradley-Terry scores of pairs [better, other], with a penalty on their squares.
export function fitScores(pairs, count, penalty) {
  let scores = Array(count).fill(0);
  for (let step = 0; step < NEWTON_STEPS; step++) {
    const gradient = scores.map((s) => -penalty * s);
    const curvature = scores.map((_, i) => scores.map((_, j) => (i === j ? penalty : 0)));
    for (const [i, j] of pairs) {
      const p = sigmoid(scores[i] - scores[j]);
      const weight = p * (1 - p);
      gradient[i] += 1 - p;
      gradient[j] -= 1 - p;
      curvature[i][i] += weight;
      curvature[j][j] += weight;
      curvature[i][j] -= weight;
      curvature[j][i] -= weight;
    }
    const move = solve(curvature, gradient);
    scores = scores.map((s, i) => s + move[i]);
  }
  return scores;
}

// The policy with the best expected score if each nat of divergence from the reference costs beta.
export function bestPolicy(scores, reference, beta) {
  return softmax(scores.map((s, i) => Math.log(reference[i]) + s / beta));
}

export function divergence(p, q) {
  return sum(p.map((x, i) => (x > 0 ? x * (Math.log(x) - Math.log(q[i])) : 0)));
}

// All pairs i < j, those that were compared least first.
export function pairsInTurn(pairs, count) {
  const turn = [];
  for (let i = 0; i < count; i++) for (let j = i + 1; j < count; j++) turn.push([i, j]);
  const times = ([i, j]) => pairs.filter((pair) => pair.includes(i) && pair.includes(j)).length;
  return turn.sort((a, b) => times(a) - times(b));
}
