// The images of a run: their sizes at every stage, once everything that sizes alone can tell has been checked, and then
// the images themselves.

import { ImageError } from '../errors.js';
import { readingBytes } from '../image/budget.js';
import { probeImage, readSizes } from '../image/read.js';
import type { Header, ImageSource, Raster } from '../image/types.js';
import type { ResolvedOptions } from '../options/options.js';
import { STARTS } from '../options/topics/picture.js';
import { trimmed } from './margin.js';
import { longSides, nearest, type Size, sizeAt } from './scales.js';
import { mirrored } from './strips.js';

/** What a run is given, before anything is decoded. */
export interface Sources {
  content: Header;
  styles: Header[];
  /** Of an image to start from. */
  init: Header | undefined;
}

/** What a stage works on. */
export interface StageImages {
  content: Raster;
  styles: Raster[];
}

/** The images of all stages, and the one to start from, at the size of the first. */
export interface Inputs {
  stages: StageImages[];
  init: Raster | undefined;
}

/** Whatever deserves a word to the user. */
export type Say = (warning: ImageError) => unknown;

/** @throws ImageError */
export async function probeSources(options: ResolvedOptions): Promise<Sources> {
  const { maxPixels } = options;
  const content = await probeImage(options.content, 'content', maxPixels);
  const styles: Header[] = [];
  for (const [i, style] of options.styles.entries()) {
    styles.push(await probeImage(style, styleName(options, i), maxPixels));
  }
  const init = isImage(options.init) ? await probeImage(options.init, 'init', maxPixels) : undefined;
  return { content, styles, init };
}

/** Whether `init` is none of its words. */
export function isImage(init: ResolvedOptions['init']): init is ImageSource {
  return !STARTS.some((word) => word === init);
}

/**
 * The long sides of the picture to go through, and the smallest there can be.
 *
 * @param shortest the shortest side that leaves a pixel at every layer
 * @throws ImageError for a content that is too small at the size asked for
 */
export function planSizes(
  options: ResolvedOptions,
  { content }: Sources,
  shortest: number,
): { sizes: number[]; least: number } {
  const short = (side: number) => {
    const { width, height } = sizeAt(content, side);
    return Math.min(width, height);
  };
  if (short(options.size) < shortest) {
    const { width, height } = sizeAt(content, options.size);
    throw new ImageError(
      'ERR_IMAGE_SIZE',
      'content',
      `content would be ${width}x${height}: these layers need ${shortest} pixels on the short side (size is ${options.size})`,
    );
  }
  let least = 1;
  while (short(least) < shortest) least++;
  const sizes = longSides(options.size, options.minSize, options.scales, options.scaleFactor).filter(
    (side) => short(side) >= shortest,
  );
  return { sizes, least };
}

type SizeWithAlpha = Size & Pick<Header, 'hasAlpha'>;

/** The sizes of a stage's images; styles as they will be without their margin, and after strips are made usable. */
export function sizesAt(
  options: ResolvedOptions,
  { content, styles }: Sources,
  side: number,
  shortest: number,
): { content: SizeWithAlpha; styles: SizeWithAlpha[] } {
  return {
    content: { ...sizeAt(content, side), hasAlpha: content.hasAlpha },
    styles: styles.map((style) => ({
      ...mirrored.size(
        trimmed.size(sizeAt(style, styleSide(options, side, style)), options.styleMargin),
        shortest,
      ),
      hasAlpha: style.hasAlpha,
    })),
  };
}

/** Bytes that reading the images takes at most, one after the other, for a picture whose long side is `side`. */
export function mostForReading(
  options: ResolvedOptions,
  { content, styles, init }: Sources,
  side: number,
): number {
  const own = init ? readingBytes(init, side) : 0;
  const ofStyles = styles.map((header) => readingBytes(header, styleSide(options, side, header)));
  return Math.max(own, readingBytes(content, side), ...ofStyles);
}

/** Every image at every size. @throws ImageError */
export async function readInputs(
  options: ResolvedOptions,
  sources: Sources,
  sides: readonly number[],
  shortest: number,
  say: Say,
): Promise<Inputs> {
  const { maxPixels, threads, linear, filter, wholeSteps, signal } = options;
  const read = async (source: ImageSource, option: string, probed: Header, sizes: Size[]) => {
    const how = { maxPixels, threads, linear, filter, wholeSteps, probed, signal };
    const { images, notes } = await readSizes(source, option, sizes, how);
    for (const note of notes) await say(new ImageError('ERR_IMAGE', option, note));
    return images;
  };
  const contentSizes = sides.map((side) => sizeAt(sources.content, side));
  const content = await read(options.content, 'content', sources.content, contentSizes);
  const styles: Raster[][] = [];
  for (const [i, style] of options.styles.entries()) {
    const option = styleName(options, i);
    const probed = sources.styles[i]!;
    const sizes = sides.map((side) => sizeAt(probed, styleSide(options, side, probed)));
    const whole = await read(style, option, probed, sizes);
    const images = whole.map((image) => trimmed.image(image, options.styleMargin));
    const usable = images.map((image) => mirrored.image(image, shortest));
    const strips = images.filter((image, k) => image !== usable[k]);
    if (strips.length > 0) {
      const { width, height } = strips[0]!;
      const problem = `would be ${width}x${height}, too narrow for these layers: it is laid side by side, mirrored`;
      await say(new ImageError('ERR_IMAGE_SIZE', option, `${option} ${problem}`));
    }
    styles.push(usable);
  }
  const stages = content.map((image, i) => ({ content: image, styles: styles.map((sized) => sized[i]!) }));
  const [init] =
    isImage(options.init) && sources.init
      ? await read(options.init, 'init', sources.init, contentSizes.slice(0, 1))
      : [];
  return { stages, init };
}

/** Long side of a style image beside a picture of long side `size`. */
function styleSide({ styleScale, keepSmallStyles }: ResolvedOptions, size: number, style: Size): number {
  const side = Math.max(1, nearest(size * styleScale));
  return keepSmallStyles ? Math.min(side, Math.max(style.width, style.height)) : side;
}

function styleName({ styles }: ResolvedOptions, i: number): string {
  return styles.length === 1 ? 'style' : `style[${i}]`;
}
