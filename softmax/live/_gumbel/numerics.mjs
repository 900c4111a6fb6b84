// Gumbel noise from a linear congruential sequence of 32 bits, as figure.py has it.

const following = (seed) => (Math.imul(1664525, seed) + 1013904223) >>> 0;

// The `count` Gumbel numbers after `seed`, and the seed with which the sequence goes on.
export function gumbelNoise(seed, count) {
  const noise = [];
  for (let k = 0; k < count; k++) {
    seed = following(seed);
    noise.push(-Math.log(-Math.log((seed + 0.5) / 2 ** 32)));
  }
  return { noise, next: seed };
}
