// The scales that a run goes through: which sizes, after everything that sizes alone can tell has been checked, and the
// images at each of them.

import { addon, type EngineNetworkDescription } from '../engine/addon.js';
import { smallestSide } from '../engine/network.js';
import type { Placement } from '../engine/placement.js';
import { ImageError } from '../errors.js';
import { probeImage, readImage } from '../image/read.js';
import { resize } from '../image/resize.js';
import type { ImageSource, Raster } from '../image/types.js';
import { engineOptions } from '../objective/terms.js';
import type { ResolvedOptions } from '../options/options.js';
import type { NetworkDescription } from '../weights/network.js';
import { longSides, type Size, sizeAt } from './scales.js';

export interface Scale {
  content: Raster;
  styles: Raster[];
}

/** The long sides to go through. @throws ImageError, MemoryError */
export async function planScales(
  options: ResolvedOptions,
  description: NetworkDescription,
  network: EngineNetworkDescription,
  place: Placement,
): Promise<number[]> {
  const { maxPixels } = options;
  const content: Size = await probeImage(options.content, 'content', maxPixels);
  const styles: Size[] = [];
  for (const [i, style] of options.styles.entries()) {
    styles.push(await probeImage(style, styleName(options, i), maxPixels));
  }
  if (options.init !== 'content' && options.init !== 'noise')
    await probeImage(options.init, 'init', maxPixels);

  const smallest = smallestSide(description, options);
  const tooSmall = (image: Size, side: number) => {
    const { width, height } = sizeAt(image, side);
    return Math.min(width, height) < smallest;
  };
  const largeEnough = (side: number) =>
    !tooSmall(content, side) && !styles.some((style) => tooSmall(style, styleSide(options, side)));
  const names = ['content', ...styles.map((_, i) => styleName(options, i))];
  for (const [i, image] of [content, ...styles].entries()) {
    const side = i === 0 ? options.size : styleSide(options, options.size);
    if (!tooSmall(image, side)) continue;
    const { width, height } = sizeAt(image, side);
    throw new ImageError(
      'ERR_IMAGE_SIZE',
      names[i]!,
      `${names[i]} would be ${width}x${height}: these layers need ${smallest} pixels on the short side (size is ${options.size})`,
    );
  }

  let least = 1;
  while (!largeEnough(least)) least++;
  await place.attempt(async () =>
    place.checkMemory(options.size, least, (size) => {
      const sized = sizeAt(content, size);
      const styled = styles.map((style, i) => ({
        ...sizeAt(style, styleSide(options, size)),
        blend: options.styleBlend[i]!,
      }));
      const { network: weights, session } = addon().Session.estimate(place.backend, network, {
        ...engineOptions(options),
        content: sized,
        styles: styled,
      });
      // Twelve bytes a pixel for every image; the scales below the last add up to about as much again.
      const pixels = [sized, sized, ...styled].reduce((sum, { width, height }) => sum + width * height, 0);
      return { engine: weights + session, images: 24 * pixels };
    }),
  );

  return longSides(options.size, options.minSize, options.scales).filter(largeEnough);
}

/** Every image at every scale; the full-sized originals are let go one by one. */
export async function readScales(options: ResolvedOptions, sides: number[]): Promise<Scale[]> {
  const atScales = async (source: ImageSource, option: string, sideOf: (side: number) => number) => {
    const image = await readImage(source, option, options.maxPixels);
    options.signal?.throwIfAborted();
    const sized: Raster[] = [];
    for (const side of sides) sized.push(await resize(image, sizeAt(image, sideOf(side)), options.threads));
    return sized;
  };
  const content = await atScales(options.content, 'content', (side) => side);
  const styles: Raster[][] = [];
  for (const [i, style] of options.styles.entries()) {
    styles.push(await atScales(style, styleName(options, i), (side) => styleSide(options, side)));
  }
  return content.map((image, i) => ({ content: image, styles: styles.map((sized) => sized[i]!) }));
}

/** Long side of the style images beside a picture of long side `size`. */
function styleSide({ styleScale }: ResolvedOptions, size: number): number {
  return Math.max(1, Math.round(size * styleScale));
}

function styleName({ styles }: ResolvedOptions, i: number): string {
  return styles.length === 1 ? 'style' : `style[${i}]`;
}
