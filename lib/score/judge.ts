// The judge of one content, one style and one size: it has made their statistics once, and compares pictures with them.

import type { EngineFeatures } from '../engine/addon.js';
import type { Raster } from '../image/types.js';
import { type Colours, coloursOf, paletteDistance, paletteOf, type Strength, strengthOf } from './colour.js';
import { divergence, perceptualDistance, type Similarities, similaritiesOf } from './content.js';
import { chromaByLightness, frameOf, lightestOf, veilOf } from './faults.js';
import { type Grain, grainOf } from './grain.js';
import { gramError, type Moments, momentsOf, type Normal, normalOf, wasserstein } from './moments.js';
import { meanSquare, type Shadows, shadowsOf, slicedCost } from './sliced.js';
import type { Faults, Measure, Score } from './types.js';

/** What a network and the eye see of an image. */
export interface Seen {
  image: Raster;
  /** Of the image itself, by layer; for the content measures. */
  features?: Record<string, EngineFeatures>;
  /** Of the image with the style's colours (tint.ts), by layer; for the style measures. */
  tinted?: Record<string, EngineFeatures>;
  /** Of the image at 256 pixels, at relu3_1; for the content measures. */
  small?: EngineFeatures;
}

/** What a picture is compared with. */
export interface References {
  content: Seen;
  style: Seen;
  /** Crops of the style, that lie apart. */
  crops: Seen[];
  /** The style, of the content's size. */
  laid: Seen;
  /** The layers of style measures, and of the perceptual distance. */
  layers: { style: readonly string[]; perceptual: readonly string[] };
}

const DIRECTIONS = 128;
const POSITIONS = 4096;

const STRENGTHS = [
  ['contrast', 'contrast'],
  ['saturation', 'saturation'],
  ['saturation-spread', 'saturationSpread'],
] as const;

/** Between anchors that are nearer than this part of the larger one nothing can be placed. */
const SAME = 0.1;

interface Described {
  moments: Moments;
  shadows: Shadows;
}

type Values = Record<string, number>;

export class Judge {
  readonly #references: References;
  readonly #similarities: Similarities;
  readonly #lightest: Uint32Array;
  readonly #frame: number;
  /** Of the style. */
  readonly #layers: { name: string; normal: Normal; shadows: Shadows; square: number }[];
  readonly #palette: Shadows;
  readonly #strength: Strength;
  readonly #grain: Grain;
  readonly #chroma: Float64Array;
  /** What content and style have of everything. */
  readonly #anchors: { content: Values; style: Values };
  readonly #faults: { content: Faults; style: Faults };

  constructor(references: References) {
    const { content, style, crops, laid, layers } = references;
    this.#references = references;
    this.#similarities = similaritiesOf(content.small!);
    const colours = coloursOf(content.image);
    this.#lightest = lightestOf(colours);
    this.#frame = frameOf(colours);
    this.#layers = layers.style.map((name) => {
      const { moments, shadows } = describe(style.tinted![name]!);
      return { name, normal: normalOf(moments), shadows, square: meanSquare(shadows) };
    });
    const painting = coloursOf(style.image);
    this.#palette = paletteOf(painting);
    this.#strength = strengthOf(painting);
    this.#grain = grainOf(painting);
    this.#chroma = chromaByLightness(painting);
    const ofCrops = crops.map((crop) => ({
      ...this.#styleOf(crop),
      ...this.#coloursOf(coloursOf(crop.image)),
    }));
    this.#anchors = {
      content: { ...this.#styleOf(content), ...this.#coloursOf(colours), ...this.#contentOf(content) },
      style: { ...meanOf(ofCrops), ...this.#contentOf(laid) },
    };
    this.#faults = {
      content: this.#faultsOf(colours, this.#lightest),
      style: {
        grain: 1,
        grid: 100 * this.#grain.grid,
        border: 100 * (frameOf(painting) - this.#frame),
        veil: 1,
      },
    };
  }

  /** @param picture of the content's size */
  score(picture: Seen): Score {
    const { width, height } = picture.image;
    const colours = coloursOf(picture.image);
    const style = this.#measures(this.#styleOf(picture));
    const content = this.#measures(this.#contentOf(picture));
    const { palette, ...strength } = this.#measures(this.#coloursOf(colours));
    return {
      width,
      height,
      position: {
        style: meanPosition(Object.values(style)),
        content: meanPosition(Object.values(content)),
        palette: palette!.position,
      },
      style,
      content,
      palette: palette!,
      strength,
      faults: this.#faultsOf(colours, this.#lightest),
      faultsOf: this.#faults,
    };
  }

  #styleOf({ tinted }: Seen): Values {
    const values: Values = {};
    for (const { name, normal, shadows: target, square } of this.#layers) {
      const { moments, shadows } = describe(tinted![name]!);
      values[`gram:${name}`] = gramError(moments, normal);
      values[`wasserstein:${name}`] = wasserstein(moments, normal);
      values[`sliced:${name}`] = Math.sqrt(slicedCost(shadows, target, 2) / square);
    }
    return values;
  }

  #contentOf({ features, small }: Seen): Values {
    const { content, layers } = this.#references;
    const at = (of: Seen['features']) => layers.perceptual.map((name) => of![name]!);
    return {
      'self-similarity': divergence(this.#similarities, similaritiesOf(small!)),
      perceptual: perceptualDistance(at(features), at(content.features)),
    };
  }

  #coloursOf(colours: Colours): Values {
    const strength = strengthOf(colours);
    const ratios = STRENGTHS.map(([name, key]) => [name, ratio(strength[key], this.#strength[key])]);
    return { palette: paletteDistance(paletteOf(colours), this.#palette), ...Object.fromEntries(ratios) };
  }

  #faultsOf(colours: Colours, lightest: Uint32Array): Faults {
    const { fine, grid } = grainOf(colours);
    return {
      grain: ratio(fine, this.#grain.fine),
      grid: 100 * grid,
      border: 100 * (frameOf(colours) - this.#frame),
      veil: veilOf(colours, lightest, this.#chroma),
    };
  }

  #measures(values: Values): Record<string, Measure> {
    const measures: Record<string, Measure> = {};
    for (const [name, value] of Object.entries(values)) {
      const content = this.#anchors.content[name]!;
      const style = this.#anchors.style[name]!;
      const ofContent = name === 'self-similarity' || name === 'perceptual';
      const [low, high] = ofContent ? [style, content] : [content, style];
      measures[name] = { value, content, style, position: positionOf(value, low, high) };
    }
    return measures;
  }
}

/** What a style has less of than this (of lightness or chroma, 0..1) it has none of. */
const NOTHING = 1e-4;

/** Not a number where the style has none: a grey one has no saturation to be compared with. */
function ratio(value: number, ofStyle: number): number {
  return ofStyle > NOTHING ? value / ofStyle : Number.NaN;
}

/** 0 at `low`, 1 at `high`; nothing where these are the same, or no numbers. */
function positionOf(value: number, low: number, high: number): number | null {
  const position = (value - low) / (high - low);
  const apart = Math.abs(high - low) > SAME * Math.max(Math.abs(low), Math.abs(high));
  return apart && Number.isFinite(position) ? position : null;
}

function describe(features: EngineFeatures): Described {
  return {
    moments: momentsOf(features),
    shadows: shadowsOf(features.data, features.channels, DIRECTIONS, POSITIONS),
  };
}

function meanOf(all: Values[]): Values {
  const names = Object.keys(all[0]!);
  return Object.fromEntries(
    names.map((name) => [name, all.reduce((sum, values) => sum + values[name]!, 0) / all.length]),
  );
}

function meanPosition(measures: Measure[]): number | null {
  const positions = measures.flatMap(({ position }) => position ?? []);
  return positions.length > 0 ? positions.reduce((a, b) => a + b, 0) / positions.length : null;
}
