// The result as the caller sees it: the floats that the optimiser left, and the ways to turn them into a file.

import { writeAtomically } from '../files/atomic.js';
import { toSamples } from './convert.js';
import type { Format } from './job.js';
import type { Raster } from './types.js';
import { checkOutput, type EncodeOptions, encodeImage, formatOf } from './write.js';

/** How to save a picture. */
export type SaveOptions = Omit<EncodeOptions, 'options'>;

/** A finished picture, in sRGB. */
export class Picture {
  /** Pixels per row. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /** Channels when encoded: 3, or 4 if there is an `alpha`. `data` always holds 3. */
  readonly channels: 3 | 4;
  /** RGB interleaved, rows top to bottom; length = width × height × 3. Nominally 0..255, neither clamped nor rounded. */
  readonly data: Float32Array;
  /** Opacity, 0..1, one value per pixel; absent when the picture is opaque. */
  readonly alpha?: Float32Array;
  /** The options that made this picture; stored in every file that it is saved to. */
  readonly options: Record<string, unknown>;

  constructor(raster: Raster, options: Record<string, unknown>) {
    this.width = raster.width;
    this.height = raster.height;
    this.channels = raster.alpha ? 4 : 3;
    this.data = raster.data;
    if (raster.alpha) this.alpha = raster.alpha;
    this.options = options;
  }

  /**
   * Saves the picture in the format of the path's extension: .png, .jpg, .jpeg, .webp, .tif, .tiff or .avif. The
   * file appears complete or not at all. JPEG has no alpha: it is dropped.
   * @param options `bitDepth` 8 (default) or 16, the latter for PNG and TIFF only; `encoderQuality` 1..100 for JPEG
   *   (default 95), WebP (95) and AVIF (80), ignored by PNG and TIFF, which lose nothing
   * @throws {OptionError} if the extension or an option is invalid, or the format cannot hold so large a picture
   * @throws {OutputError} if the file cannot be written
   */
  async save(path: string, options: SaveOptions = {}): Promise<void> {
    await checkOutput(path);
    await writeAtomically(path, await this.encode(formatOf(path), options));
  }

  /**
   * Encodes the picture, as `save` does, into memory.
   * @throws {OptionError} if the format or an option is invalid, or the format cannot hold so large a picture
   */
  async encode(format: Format, options: SaveOptions = {}): Promise<Buffer> {
    return encodeImage(this, format, { ...options, options: this.options });
  }

  /**
   * The pixels as bytes: clamped to 0..255, rounded to nearest, `channels` interleaved (alpha last, 0..255). It can be
   * handed in again as a RawImage. Synchronous: about 15 ms per megapixel.
   */
  toRaw(): { data: Uint8ClampedArray; width: number; height: number; channels: 3 | 4 } {
    const { width, height, channels } = this;
    return { data: toSamples(this, channels, 8) as Uint8ClampedArray, width, height, channels };
  }
}
