// `scumble explore`: the figures of Gatys' paper for any images and networks, as one sheet.

import { type Command, Option } from 'commander';
import { OptionError } from '../../errors.js';
import { parseNames, parseNumber, parseNumbers, parseOutput } from '../parse.js';
import { reported } from '../progress.js';
import { PROGRESS_KINDS, type ProgressKind } from '../reporter.js';
import { addApiFlags, type StylizeFlags } from '../stylize-flags.js';
import { Trace } from '../trace.js';
import { givenOptions, savingOf } from './stylize.js';

interface ExploreFlags extends Omit<StylizeFlags, 'output' | 'progress'> {
  figure: '1' | '3';
  ratios?: number[];
  networks?: string[];
  output: string;
  progress: ProgressKind;
  trace?: string;
}

const DESCRIPTION = `Paints a figure of Gatys' paper (2015) with your images and networks, as one labelled sheet.

  --figure 3   rows: the style up to a deeper layer; columns: content : style
  --figure 1   what each layer keeps of the content, and what the Gram
               matrices up to it keep of the style

Examples:
  scumble explore river.jpg night.jpg -o sheet.png
  scumble explore river.jpg night.jpg --ratios 1e-4,1e-3,1e-2 --size 384
  scumble explore river.jpg night.jpg --figure 1 --networks vgg19,random-vgg19`;

const EXPLANATION = `
Each picture is a run of its own: 256 pixels, one scale, from noise, 200 iterations,
average pooling, content and Gram matrices alone, unless flags say otherwise (or a
preset does, which then says all of it). docs/looking-inside.md shows what one learns.`;

export function addExploreCommand(program: Command): void {
  const command = program
    .command('explore')
    .summary("the figures of Gatys' paper with your images and networks")
    .description(DESCRIPTION)
    .optionsGroup('Sheet:')
    .option(
      '-o, --output <file>',
      '.png, .jpg, .webp, .tif or .avif (default: explore.png)',
      parseOutput,
      'explore.png',
    )
    .addOption(new Option('--figure <number>', '1 or 3 (default: 3)').choices(['1', '3']).default('3', '3'))
    .option('--ratios <list>', 'content : style, a column each\n(default: 1e-5,1e-4,1e-3,1e-2)', parseNumbers)
    .option('--networks <list>', 'networks side by side, by name or file', parseNames)
    .option('--encoder-quality <n>', '1..100 for JPEG, WebP, AVIF (default: 95, 95, 80)', parseNumber)
    .option('--trace <file>', "write every iteration's losses, as lines of JSON;\n- is stdout")
    .addOption(
      new Option('--progress <kind>', 'bar, lines, json (on stdout) or none (default: auto)')
        .choices(PROGRESS_KINDS)
        .default('auto', 'auto'),
    );
  addApiFlags(command);
  command.addHelpText('after', EXPLANATION).action(execute);
}

async function execute(content: string | undefined, style: string[], flags: ExploreFlags, command: Command) {
  const { output, figure, ratios, networks, encoderQuality, trace, progress, ...own } = flags;
  const options = await givenOptions(content, style, own, undefined, command);
  const { layersByRatios, RATIOS, reconstructions } = await import('../../grid/figures.js');
  const { schema } = await import('../../options/schema.js');
  if (networks && own.weights !== undefined) {
    throw new OptionError('networks', networks, 'networks and weights say the same: drop one of the two');
  }
  if (ratios && figure === '1') {
    throw new OptionError('ratios', ratios, 'ratios are for figure 3: in figure 1 there is nothing to weigh');
  }
  if (own.checkpoint !== undefined) {
    const message = 'checkpoint is for one picture: a figure has many';
    throw new OptionError('checkpoint', own.checkpoint, message);
  }
  const { withPreset } = await import('../../options/presets.js');
  const settings = {
    options,
    networks: networks ?? [schema.shape.weights.parse(withPreset(options).weights)],
  };
  const grid = figure === '1' ? reconstructions(settings) : layersByRatios(settings, ratios ?? RATIOS);
  const { paintGrid } = await import('../paint-grid.js');
  await reported(progress, async (reporter) => {
    const saving = savingOf({ encoderQuality });
    const target = { output, saving, trace: Trace.to(trace, progress, reporter) };
    await paintGrid(grid, target, reporter);
  });
}
