// The same random numbers every time: a score is a function of the pictures alone.

/** Uniform in 0 to below 1, from a seed (mulberry32). */
export function uniform(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** `count` unit vectors of `size` numbers, row by row, evenly over the sphere. */
export function directions(count: number, size: number, seed: number): Float64Array {
  const random = uniform(seed);
  const to = new Float64Array(count * size);
  for (let row = 0; row < to.length; row += size) {
    let square = 0;
    for (let k = 0; k < size; k++) {
      // Box and Muller's normal deviates have no direction of their own.
      const value = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
      to[row + k] = value;
      square += value * value;
    }
    const length = Math.sqrt(square);
    for (let k = 0; k < size; k++) to[row + k]! /= length;
  }
  return to;
}

/** At most `most` of the indices below `count`, each once, ascending; all of them if they are not more. */
export function sample(count: number, most: number, seed: number): Uint32Array {
  const all = Uint32Array.from({ length: count }, (_, i) => i);
  if (count <= most) return all;
  const random = uniform(seed);
  for (let i = 0; i < most; i++) {
    const other = i + Math.floor(random() * (count - i));
    const taken = all[other]!;
    all[other] = all[i]!;
    all[i] = taken;
  }
  return all.slice(0, most).sort();
}
