// How long a run will take, in a line before it begins.

import type { Quality } from '../options/topics/pyramid.js';
import type { Forecast } from '../run/trial.js';
import { formatClock } from './format.js';
import type { Reporter } from './reporter.js';

/** @param chosen the quality that the run goes by, if it does */
export function forecast(found: Forecast | undefined, chosen: Quality | undefined, reporter: Reporter): void {
  if (found) reporter.note(forecastLine(found, chosen, performance.now() / 1000));
}

/** `good: about 9 s (draft 3 s, best 35 s)`; times are from the command's start, `gone` seconds ago. */
export function forecastLine(
  { seconds, qualities }: Forecast,
  chosen: Quality | undefined,
  gone: number,
): string {
  const time = (more: number) => formatAbout(gone + more);
  if (chosen === undefined || !qualities) return `about ${time(seconds)}`;
  const others = Object.entries(qualities).filter(([name]) => name !== chosen);
  const beside = others.map(([name, each]) => `${name} ${time(each)}`).join(', ');
  return `${chosen}: about ${time(seconds)} (${beside})`;
}

/** 9 s below a minute, then 1:05. */
export function formatAbout(seconds: number): string {
  return seconds < 59.5 ? `${Math.max(1, Math.round(seconds))} s` : formatClock(seconds);
}
