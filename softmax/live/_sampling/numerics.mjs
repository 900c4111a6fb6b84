// What temperature and cuts leave of a distribution, and draws from it, as book/sampling.md has them.

import { maximum, softmax } from "../core.mjs";

// Indices from the largest logit to the smallest. Equal ones stay in order.
export function ranked(z) {
  return [...z.keys()].sort((a, b) => z[b] - z[a]);
}

// Temperature first, then top-k, nucleus and min-p, each on the softmax of what the cut before it left.
// Returns that softmax at the temperature (`tempered`) and at the end (`p`), for each class the cut that
// took it (`by`), and how many classes are left from the temperature on (`counts`).
export function cut(z, { T, k, p: mass, min }) {
  const order = ranked(z);
  const rank = [];
  order.forEach((i, place) => (rank[i] = place));
  const by = z.map(() => "");
  const counts = [];
  let left = z;
  let p;
  const keep = (name, isKept) => {
    const next = left.map((x, i) => (isKept(i) ? x : -Infinity));
    next.forEach((x, i) => x < left[i] && (by[i] = name));
    left = next;
    p = softmax(left, T);
    counts.push(left.filter((x) => x > -Infinity).length);
  };
  keep("", () => true);
  const tempered = p;
  keep("top-k", (i) => rank[i] < k);
  let total = 0;
  const cumulative = order.map((i) => (total += p[i]));
  // A mass of 1 cuts nothing, not even what is too small to be seen in the sum.
  const last = mass < 1 ? cumulative.findIndex((c) => c >= mass * total) : z.length;
  keep("top-p", (i) => rank[i] <= last);
  const least = min * maximum(p);
  keep("min-p", (i) => p[i] >= least);
  return { tempered, p, by, counts };
}

// The class in whose piece of the interval from 0 to the sum of p the number u of [0, 1) falls.
export function draw(p, u) {
  let total = 0;
  const cumulative = p.map((x) => (total += x));
  return cumulative.findIndex((c) => c > u * total);
}

// The number after `seed` in a linear congruential sequence of 32 bits.
export const following = (seed) => (Math.imul(1664525, seed) + 1013904223) >>> 0;
