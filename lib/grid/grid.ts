// A grid of runs: what a sheet is painted from.

import type { ImageSource } from '../image/types.js';
import type { StylizeOptions } from '../options/options.js';

/** A place of a grid: a run of its own, or an image as it is, which some option is; with lines below. */
export type GridCell = { lines?: string[] } & (
  | { options: StylizeOptions }
  | { image: ImageSource; option: 'content' | 'style' }
);

export interface Grid {
  title: string;
  /** A label for each column; it may have several lines. */
  columns: string[];
  rows: { label: string; cells: GridCell[] }[];
}
