// The one product that all statistics here are made of: rows of numbers by rows of numbers, in double precision. It knows
// nothing of the engine's kernels, on purpose: a judge must not share a fault with what it judges.

/**
 * Adds to `to`, rows of `columns` numbers, what row i of `a` and row j of `b` give: Σ_k a[i][k] b[j][k].
 * @param depth numbers in a row of `a` and of `b`
 */
export function addProducts(
  a: Float64Array,
  rows: number,
  b: Float64Array,
  columns: number,
  depth: number,
  to: Float64Array,
): void {
  let i = 0;
  for (; i + 2 <= rows; i += 2) {
    const [a0, a1] = [i * depth, (i + 1) * depth];
    const [to0, to1] = [i * columns, (i + 1) * columns];
    let j = 0;
    // Eight sums at once stay in registers.
    for (; j + 4 <= columns; j += 4) {
      const b0 = j * depth;
      const b1 = b0 + depth;
      const b2 = b1 + depth;
      const b3 = b2 + depth;
      let s00 = 0;
      let s01 = 0;
      let s02 = 0;
      let s03 = 0;
      let s10 = 0;
      let s11 = 0;
      let s12 = 0;
      let s13 = 0;
      for (let k = 0; k < depth; k++) {
        const x = a[a0 + k]!;
        const y = a[a1 + k]!;
        const p = b[b0 + k]!;
        const q = b[b1 + k]!;
        const r = b[b2 + k]!;
        const s = b[b3 + k]!;
        s00 += x * p;
        s01 += x * q;
        s02 += x * r;
        s03 += x * s;
        s10 += y * p;
        s11 += y * q;
        s12 += y * r;
        s13 += y * s;
      }
      to[to0 + j]! += s00;
      to[to0 + j + 1]! += s01;
      to[to0 + j + 2]! += s02;
      to[to0 + j + 3]! += s03;
      to[to1 + j]! += s10;
      to[to1 + j + 1]! += s11;
      to[to1 + j + 2]! += s12;
      to[to1 + j + 3]! += s13;
    }
    for (; j < columns; j++) {
      to[to0 + j]! += dot(a, a0, b, j * depth, depth);
      to[to1 + j]! += dot(a, a1, b, j * depth, depth);
    }
  }
  for (; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      to[i * columns + j]! += dot(a, i * depth, b, j * depth, depth);
    }
  }
}

function dot(a: Float64Array, atA: number, b: Float64Array, atB: number, depth: number): number {
  let sum = 0;
  for (let k = 0; k < depth; k++) sum += a[atA + k]! * b[atB + k]!;
  return sum;
}
