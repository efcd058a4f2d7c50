// Values that differ from scale to scale.

/** Between the entries for the first stages and those for the last. */
export const GAP = '...';

/**
 * One value for all scales, or a list from the smallest scale on, whose last entry is for all that are left. What stands
 * behind `'...'` is for the last scales instead: `[1, '...', 0]` is 0 at the last one and 1 at all others. A scale that is
 * painted several times has an entry for each.
 */
export type ByScale = number | readonly (number | typeof GAP)[];

/** What it is at one of so many stages. */
export function atStage(values: ByScale, stage: number, count: number): number {
  if (typeof values === 'number') return values;
  const gap = values.indexOf(GAP);
  const first = numbersOf(gap < 0 ? values : values.slice(0, gap));
  const last = gap < 0 ? [] : numbersOf(values.slice(gap));
  return last.at(stage - count) ?? first[stage] ?? first.at(-1)!;
}

/** All that it is anywhere. */
export function numbersOf(values: ByScale): number[] {
  return typeof values === 'number' ? [values] : values.filter((value) => value !== GAP);
}

/** All of them times a factor. */
export function scaled(values: ByScale, factor: number): ByScale {
  if (typeof values === 'number') return values * factor;
  return values.map((value) => (value === GAP ? value : value * factor));
}
