// What can be known about the files to write before the long work.

import { join, parse } from 'node:path';
import { OptionError } from '../errors.js';
import type { SaveOptions } from '../image/picture.js';
import { checkOutput, encodeImage, formatOf } from '../image/write.js';

/**
 * Checks that a picture `size` pixels long can be saved at `path`.
 * @throws OptionError, OutputError
 */
export async function checkSaving(path: string, options: SaveOptions, size: number): Promise<void> {
  await checkOutput(path);
  const format = formatOf(path);
  if (format === 'png' && Object.keys(options).length === 0) return; // which takes any size
  // A strip as long as the picture tells whether the format takes these options and that many pixels.
  const strip = { width: size, height: 16, data: new Float32Array(size * 16 * 3) };
  try {
    await encodeImage(strip, format, options);
  } catch (error) {
    if (!(error instanceof OptionError) || error.option !== 'format') throw error;
    throw new OptionError('size', size, `size ${size} is too large for ${format}`, error);
  }
}

/** Where the picture after `count` iterations goes: `out_100.png` beside `out.png`. */
export function framePath(output: string, count: number): string {
  const { dir, name, ext } = parse(output);
  return join(dir, `${name}_${count}${ext}`);
}

/** Checks that a picture after `count` iterations has a name that can be written. @throws OutputError */
export async function checkFrame(output: string, count: number): Promise<void> {
  await checkOutput(framePath(output, count));
}
