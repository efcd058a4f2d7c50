// What recognize() found.

import { Picture } from '../image/picture.js';
import { readSizes } from '../image/read.js';
import type { ImageSource } from '../image/types.js';
import { type Size, sizeAt } from '../run/scales.js';
import { paintHeat } from './heat-map.js';
import { type Box, type Heat, spread } from './where.js';

/** A class that a picture may be of. */
export interface RecognizedClass {
  /** Among the network's classes, from 0. */
  index: number;
  /** As WordNet has it, all its synonyms: `goldfish, Carassius auratus`. `class 7` where a network has other classes. */
  name: string;
  /** Of all classes together 1. */
  probability: number;
  /** Around what speaks most for it, in the picture's pixels. Where the network looks is not where the thing ends. */
  box: Box | null;
  /** How much the parts of `view` speak for it, 0..1: rows of width × height numbers. */
  heat: Heat;
}

/** Long side of a heat map at most. */
const LONG_SIDE = 1024;

/** The likeliest classes of a picture, and where it is that the network sees them. */
export class Recognition {
  /** The network that looked, by name or path. */
  readonly network: string;
  /** Of the picture, in pixels. */
  readonly width: number;
  readonly height: number;
  /** The part of the picture that was looked at. */
  readonly view: Box;
  /** The likeliest first. */
  readonly classes: RecognizedClass[];
  readonly #source: ImageSource;
  readonly #maxPixels: number;
  /** A cell of heat, as parts of the view. */
  readonly #cell: Size;

  /** @internal */
  constructor(
    found: Pick<Recognition, 'network' | 'width' | 'height' | 'view' | 'classes'>,
    source: ImageSource,
    maxPixels: number,
    cell: Size,
  ) {
    this.network = found.network;
    this.width = found.width;
    this.height = found.height;
    this.view = found.view;
    this.classes = found.classes;
    this.#source = source;
    this.#maxPixels = maxPixels;
    this.#cell = cell;
  }

  /**
   * The picture, which is read again, with the heat of a class painted over it and its box drawn; its long side is 1024 pixels
   * at most.
   *
   * @param of one of `classes`. Default: the likeliest
   * @throws ImageError if the picture cannot be read any more
   */
  async heatMap(of: RecognizedClass = this.classes[0]!): Promise<Picture> {
    const size = sizeAt(this, Math.min(LONG_SIDE, Math.max(this.width, this.height)));
    const { images } = await readSizes(this.#source, 'picture', [size], { maxPixels: this.#maxPixels });
    const scale = { across: size.width / this.width, down: size.height / this.height };
    const resized = ({ left, top, width, height }: Box): Box => ({
      left: Math.round(left * scale.across),
      top: Math.round(top * scale.down),
      width: Math.max(1, Math.round(width * scale.across)),
      height: Math.max(1, Math.round(height * scale.down)),
    });
    const view = resized(this.view);
    const cell = { width: this.#cell.width * view.width, height: this.#cell.height * view.height };
    const heat = new Float32Array(size.width * size.height);
    const within = spread(of.heat, view, cell);
    for (let y = 0; y < view.height; y++) {
      const row = within.subarray(y * view.width, (y + 1) * view.width);
      heat.set(row, (view.top + y) * size.width + view.left);
    }
    const { network, width, height } = this;
    const { index, name, probability } = of;
    const painted = paintHeat(images[0]!, heat, of.box && resized(of.box));
    return new Picture(painted, { heatMap: { network, width, height, index, name, probability } });
  }
}
