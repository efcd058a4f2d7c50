// Contact sheets: the same run with other values of an option, or of two.

import { basename } from 'node:path';
import type { StylizeOptions } from '../options/options.js';
import type { Grid } from './grid.js';

/** Values of an option, each as it was written and as it is. */
export interface Variation {
  option: string;
  /** As it is called on the sheet. */
  label: string;
  values: { text: string; value: unknown }[];
}

/** A column for each value of the first, and a row for each of the second, if there is one. */
export function varied(options: StylizeOptions, [across, down]: readonly [Variation, Variation?]): Grid {
  const rows = down?.values ?? [undefined];
  return {
    title: [options.content, options.style].flat().map(shown).filter(Boolean).join(', '),
    columns: across.values.map(({ text }) => `${across.label} ${text}`),
    rows: rows.map((row) => ({
      label: row && down ? `${down.label} ${row.text}` : '',
      cells: across.values.map((column) => ({
        options: {
          ...options,
          [across.option]: column.value,
          ...(row && down && { [down.option]: row.value }),
        },
      })),
    })),
  };
}

const shown = (source: unknown) => (typeof source === 'string' ? basename(source) : '');
