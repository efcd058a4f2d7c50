// Keeps values within a limit without cutting them off: on the way to it they are drawn together, so that what differed
// still differs, in the same order.

/** The part of the way from the middle to the limit that is left as it is. */
const STRAIGHT = 0.5;

export interface Knee {
  direction: 1 | -1;
  limit: number;
  /** Straight up to here. */
  start: number;
  /** x beyond the start becomes x / (1 + bend x). */
  bend: number;
}

/** For values that go from the middle in this direction, as far as `furthest`, which lands on the limit if it is past it. */
export function kneeOf(direction: 1 | -1, middle: number, limit: number, furthest: number): Knee {
  const start = middle + STRAIGHT * (limit - middle);
  const room = Math.max(direction * (limit - start), 0);
  const needed = direction * (furthest - start);
  return { direction, limit, start, bend: needed > room ? 1 / room - 1 / needed : 0 };
}

export function bent(value: number, { direction, limit, start, bend }: Knee): number {
  const past = direction * (value - start);
  if (bend === 0 || past <= 0) return value;
  const there = past / (1 + bend * past);
  return direction > 0 ? Math.min(start + there, limit) : Math.max(start - there, limit);
}
