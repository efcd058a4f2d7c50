// What a run tells about itself through, whatever it looks like.

import type { Progress } from '../run/progress.js';

export const PROGRESS_KINDS = ['auto', 'bar', 'lines', 'json', 'none'] as const;
export type ProgressKind = (typeof PROGRESS_KINDS)[number];

export interface Reporter {
  /** Whether it tells beforehand how long a run will take. */
  forecasts: boolean;
  step(progress: Progress): void;
  /** A line of talk that is not an error. */
  note(text: string): void;
  /** The end of progress, not of notes: leaves the terminal as it was. More than once does no harm. */
  close(): void;
}
