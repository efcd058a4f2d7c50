// How a run tells about itself.

import type { Progress } from '../run/progress.js';
import { say } from './talk.js';

export const PROGRESS_KINDS = ['auto', 'bar', 'lines', 'json', 'none'] as const;
export type ProgressKind = (typeof PROGRESS_KINDS)[number];

export interface Reporter {
  step(progress: Progress): void;
  /** A line of talk that is not an error. */
  note(text: string): void;
  /** The end of progress, not of notes: leaves the terminal as it was. More than once does no harm. */
  close(): void;
}

/** The reporter for a kind; one that the terminal cannot show gives way to lines. */
export async function reporterFor(kind: ProgressKind): Promise<Reporter> {
  if (kind === 'json') return (await import('./progress-json.js')).jsonProgress();
  if (kind === 'none') return { step() {}, note: say, close() {} };
  const capable = process.stderr.isTTY === true && process.env.TERM !== 'dumb';
  if (kind === 'lines' || !capable) return (await import('./progress-lines.js')).lineProgress();
  return (await import('./progress-bar.js')).barProgress();
}
