// The figures of "A Neural Algorithm of Artistic Style" (Gatys, Ecker & Bethge 2015, arXiv 1508.06576) as grids of runs, for
// any images and networks.

import { basename } from 'node:path';
import { OptionError } from '../errors.js';
import type { ImageSource } from '../image/types.js';
import { withPreset } from '../options/presets.js';
import { schema } from '../options/schema.js';
import type { StylizeOptions } from '../options/stylize-options.js';
import type { Grid, GridCell } from './grid.js';

/** Content : style, of the figure. */
export const RATIOS = [1e-5, 1e-4, 1e-3, 1e-2];

/** All style layers of a run together weigh so much, unless the options say otherwise. */
const STYLE_WEIGHT = 1000;

export interface FigureSettings {
  options: StylizeOptions;
  /** By name or path. */
  networks: readonly string[];
}

/**
 * As the paper has it, where no preset says otherwise: one scale, from noise, by content and Gram matrices alone, with average
 * pooling. It is a small picture, as there are many.
 */
function base(given: StylizeOptions): StylizeOptions {
  if (given.preset !== undefined) return given;
  const others = Object.keys(schema.shape).filter((name) => name.endsWith('Weight'));
  return {
    ...Object.fromEntries(others.map((name) => [name, 0])),
    size: 256,
    init: 'noise',
    scales: 1,
    pooling: 'average',
    finish: 'none',
    vividness: 0,
    ...(given.quality === undefined && { iterations: 200 }),
    ...given,
  };
}

/**
 * Figure 3: how much of the style is matched, from row to row up to a deeper layer, and how much it counts beside the content,
 * from column to column. The layers are those of `styleLayers`, whose weights are shared out so that all rows weigh the same.
 *
 * @param ratios of the content's weight to that of all style layers together
 * @throws OptionError
 */
export function layersByRatios({ options, networks }: FigureSettings, ratios: readonly number[]): Grid {
  refuse(options, 'contentWeight', 'the columns say it: give ratios');
  for (const ratio of ratios) {
    if (ratio > 0) continue;
    throw new OptionError('ratios', ratios, `ratios must be numbers above 0, not ${ratio}`);
  }
  const run = base(options);
  const style = total(options);
  const rows = prefixes(run).map(({ name, layers }) => ({
    label: `up to ${name}`,
    cells: networks.flatMap((weights) =>
      ratios.map((ratio) => ({
        options: { ...run, weights, contentWeight: ratio * style, styleWeight: style, styleLayers: layers },
      })),
    ),
  }));
  const columns = networks.flatMap((network) =>
    ratios.map((ratio) => [...named(networks, network), `ratio ${written(ratio)}`].join('\n')),
  );
  return { title: titleOf(run, networks), columns, rows };
}

/**
 * Figure 1: what each layer keeps of the content, and what the Gram matrices up to it keep of the style. The layers are those of
 * `contentLayers`, or else the same as those of the style.
 *
 * @throws OptionError
 */
export function reconstructions({ options, networks }: FigureSettings): Grid {
  refuse(options, 'contentWeight', 'each picture is of the content or of the style alone');
  const run = base(options);
  const styles = prefixes(run);
  const contents =
    options.contentLayers === undefined
      ? styles.map(({ name }) => name)
      : Object.keys(schema.shape.contentLayers.parse(options.contentLayers));
  const style = total(options);
  const first = [run.style].flat()[0] as ImageSource;
  const rows = networks.flatMap((weights) => {
    const label = (what: string) => [...named(networks, weights), what].join('\n');
    const content: GridCell[] = contents.map((layer) => ({
      options: { ...run, weights, contentWeight: 1, styleWeight: 0, contentLayers: [layer] },
      lines: [layer],
    }));
    const ofStyle: GridCell[] = styles.map(({ name, layers }, i) => ({
      options: { ...run, weights, contentWeight: 0, styleWeight: style, styleLayers: layers },
      lines: [i === 0 ? name : `up to ${name}`],
    }));
    return [
      {
        label: label('content'),
        cells: [
          { image: run.content, option: 'content' as const, lines: ['the image'] },
          ...content,
        ] as GridCell[],
      },
      {
        label: label('style'),
        cells: [{ image: first, option: 'style' as const, lines: ['the image'] }, ...ofStyle] as GridCell[],
      },
    ];
  });
  return { title: titleOf(run, networks), columns: [], rows };
}

/** The style layers up to each, with weights that sum to 1. */
function prefixes(run: StylizeOptions): { name: string; layers: Record<string, number> }[] {
  const layers = Object.entries(schema.shape.styleLayers.parse(withPreset(run).styleLayers));
  return layers.map(([name], i) => {
    const first = layers.slice(0, i + 1);
    const sum = first.reduce((all, [, weight]) => all + weight, 0);
    return { name, layers: Object.fromEntries(first.map(([layer, weight]) => [layer, weight / sum])) };
  });
}

function total({ styleWeight = STYLE_WEIGHT }: StylizeOptions): number {
  if (typeof styleWeight === 'number' && styleWeight > 0) return styleWeight;
  const problem = 'styleWeight must be one number above 0 here: what all style layers of a picture weigh';
  throw new OptionError('styleWeight', styleWeight, problem);
}

function refuse(options: StylizeOptions, option: 'contentWeight', why: string): void {
  const value = options[option];
  if (value !== undefined)
    throw new OptionError(option, value, `${option} does not go with a figure: ${why}`);
}

/** A line for the network, where there are several. */
const named = (networks: readonly string[], network: string) => (networks.length > 1 ? [shown(network)] : []);

function titleOf(run: StylizeOptions, networks: readonly string[]): string {
  const styles = [run.style].flat() as ImageSource[];
  const { size = schema.shape.size.parse(undefined) } = withPreset(run);
  return `${shown(run.content)}, ${styles.map(shown).join(' + ')}: ${networks.map(shown).join(', ')}, ${size} px`;
}

/** An image or a network, as a label. */
const shown = (source: ImageSource) => (typeof source === 'string' ? basename(source) : 'in memory');

/** 1e-5, 0.5 */
const written = (ratio: number) => (ratio < 0.1 ? ratio.toExponential() : String(ratio));
