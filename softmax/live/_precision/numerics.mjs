// Arithmetic in bfloat16, float16, float32 and float64, each operation rounded as NumPy rounds it
// (bfloat16, which NumPy lacks, from its float32 result), and the three ways to softmax in it.
// JavaScript computes in float64; rounding its result once more to a format of less than half as
// many digits is the same as rounding the exact result.

// The nearest float16, of two equally near ones the even one.
export function roundHalf(x) {
  const size = Math.abs(x);
  // Nothing is between 0 and the distance of two float16, so Math.log2 need not be exact.
  const unit = 2 ** (Math.max(Math.floor(Math.log2(size)), -14) - 10);
  // From 2 ** 52 on, float64 has whole numbers only: adding it rounds, to even.
  const rounded = (size / unit + 2 ** 52 - 2 ** 52) * unit;
  if (!Number.isFinite(x) || x === 0) return x;
  return Math.sign(x) * (rounded > 65504 ? Infinity : rounded);
}

// The upper 16 bits of a float32, rounded to nearest, of two equally near ones to the even one.
export function roundBfloat16(x) {
  const word = new DataView(new ArrayBuffer(4));
  word.setFloat32(0, x);
  const bits = word.getUint32(0);
  word.setUint32(0, (bits + 0x7fff + ((bits >>> 16) & 1)) & 0xffff0000);
  return word.getFloat32(0);
}

// The functions and the sums of the 16-bit formats are computed in float32, and rounded at the end.
export const FORMATS = {
  bfloat16: { round: roundBfloat16, inner: Math.fround, smallest: 2 ** -133, smallestNormal: 2 ** -126, largest: 255 * 2 ** 120 },
  float16: { round: roundHalf, inner: Math.fround, smallest: 2 ** -24, smallestNormal: 2 ** -14, largest: 65504 },
  float32: { round: Math.fround, inner: Math.fround, smallest: 2 ** -149, smallestNormal: 2 ** -126, largest: (2 ** 24 - 1) * 2 ** 104 },
  float64: { round: Number, inner: Number, smallest: 2 ** -1074, smallestNormal: 2 ** -1022, largest: Number.MAX_VALUE },
};

// Below the first of these exponents e^x is 0, below the second one it is subnormal, and beyond the
// third one it is infinite.
export function exponentEnds({ smallest, smallestNormal, largest }) {
  return [Math.log(smallest) - Math.LN2, Math.log(smallestNormal), Math.log(largest)];
}

// The steps of the naive formula, of the shifted one and of log-softmax, for logits of a format.
export function threeWays(z, { round, inner }) {
  const exp = (x) => round(inner(Math.exp(x)));
  const log = (x) => round(inner(Math.log(x)));
  const largest = z.reduce((a, b) => (b > a ? b : a));
  const trace = (exponents) => {
    const exponentials = exponents.map(exp);
    return { exponents, exponentials, sum: round(exponentials.reduce((a, b) => inner(a + b), 0)) };
  };
  const quotients = ({ exponentials, sum }) => exponentials.map((e) => round(e / sum));
  const naive = trace(z);
  const shifted = trace(z.map((x) => round(x - largest)));
  const [p, q] = [quotients(naive), quotients(shifted)];
  const logarithm = log(shifted.sum);
  const logP = shifted.exponents.map((d) => round(d - logarithm));
  return [
    { ...naive, results: p, losses: p.map((x) => -log(x)) },
    { ...shifted, results: q, losses: q.map((x) => -log(x)) },
    { ...shifted, results: logP, losses: logP.map((x) => -x) },
  ];
}
