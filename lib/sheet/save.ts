// A sheet as a file of any format that pictures are saved in, written whole or not at all.

import { toRaster } from '../image/convert.js';
import { Picture, type SaveOptions } from '../image/picture.js';
import type { Samples, Sheet } from './sheet.js';

/** @throws OptionError, OutputError */
export async function saveSheet(
  samples: Samples,
  { title, columns, rows }: Pick<Sheet, 'title' | 'columns'> & { rows: { label: string }[] },
  path: string,
  saving: SaveOptions,
): Promise<void> {
  const said = { sheet: title, columns, rows: rows.map(({ label }) => label) };
  await new Picture(toRaster(samples), said).save(path, saving);
}
