// The finish of a picture: what is done with its colours when it is painted. A map is found from all of them and from the
// style's, and every pixel goes through it once.

import type { Raster } from '../image/types.js';
import { colourMap, type Finishing, mapColour } from './colour-map.js';
import { contentColours } from './content-colours.js';
import { type Lab, labAt, writeLab } from './oklab.js';
import { type Palette, paletteOf, type Reader } from './palette.js';

/** About how many colours a map is tried on. */
const SAMPLES = 1 << 15;

/** A picture, in memory of its own, and how to finish it. */
export interface Unfinished extends Finishing {
  picture: Raster;
  /** Of its size, where the colours are its. */
  content?: Raster | undefined;
}

/** In place. */
export function finishPicture({ picture, content, ...finishing }: Unfinished): Raster {
  const { data, alpha } = picture;
  const pixels = picture.width * picture.height;
  const colours = content && contentColours(content, picture);
  const read: Reader = (pixel, lab) => {
    labAt(data, 3 * pixel, lab);
    if (!colours) return;
    lab[1] = colours[2 * pixel]!;
    lab[2] = colours[2 * pixel + 1]!;
  };
  const sample: Lab[] = [];
  const stride = Math.ceil(pixels / SAMPLES);
  for (let i = 0; i < pixels; i += stride) {
    if (alpha?.[i] === 0) continue;
    const lab: Lab = [0, 0, 0];
    read(i, lab);
    sample.push(lab);
  }
  if (sample.length === 0) return picture;
  const map = colourMap(paletteOf(read, pixels, alpha), finishing, sample);
  const lab: Lab = [0, 0, 0];
  for (let i = 0; i < pixels; i++) {
    read(i, lab);
    mapColour(map, lab);
    writeLab(data, 3 * i, lab[0], lab[1], lab[2]);
  }
  return picture;
}

export function paletteOfImage({ data, alpha, width, height }: Raster): Palette {
  return paletteOf((pixel, lab) => labAt(data, 3 * pixel, lab), width * height, alpha);
}
