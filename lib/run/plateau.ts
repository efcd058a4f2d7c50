// When a stage has come to where the total loss hardly goes down any more. Objectives that draw samples anew in every
// evaluation tell a noisy loss, and any optimiser overshoots now and then, so means over windows are compared and not losses.

/** What counts as hardly. */
export interface Plateau {
  /** Iterations of a window: the loss is looked at whenever one more of them is full. */
  window: number;
  /** A stage ends unless the mean has gone down by more than this part of itself from a window to the next. */
  tolerance: number;
}

/** Whether a stage with these totals, one for each of its iterations, is at its plateau. */
export function hasSettled({ window, tolerance }: Plateau, totals: readonly number[]): boolean {
  const done = totals.length;
  if (done < 2 * window || done % window !== 0) return false;
  const before = sum(totals.slice(-2 * window, -window));
  const now = sum(totals.slice(-window));
  return !(before - now > tolerance * Math.abs(before));
}

const sum = (values: readonly number[]) => values.reduce((all, value) => all + value, 0);
