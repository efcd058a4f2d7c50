// The flags of the default command. Those that the API knows carry its names, in kebab case, and have no default
// here: what is not given is left to the API, and the help only quotes it.

import { type Command, Option } from 'commander';
import type { StylizeOptions } from '../options/options.js';
import { parseEvery, parseLayers, parseNumber, parseNumbers, parseOutput } from './parse.js';
import { PROGRESS_KINDS, type ProgressKind } from './progress.js';

/** The flags as parsed: the API's options, and the command's own. */
export interface StylizeFlags
  extends Omit<StylizeOptions, 'content' | 'style' | 'onProgress' | 'onWarning' | 'signal'> {
  output: string;
  bitDepth?: 8 | 16;
  quality?: number;
  saveEvery?: number;
  progress: ProgressKind;
}

export function addStylizeFlags(program: Command, version: string): void {
  program
    .optionsGroup('Output:')
    .option(
      '-o, --output <file>',
      '.png, .jpg, .webp, .tif or .avif (default: out.png)',
      parseOutput,
      'out.png',
    )
    .option('--bit-depth <bits>', '8, or 16 for PNG and TIFF (default: 8)', parseNumber)
    .option('--quality <n>', '1..100 for JPEG, WebP, AVIF (default: 95, 95, 80)', parseNumber)
    .option('--save-every <n>', 'after every n iterations also save out_<count>.png', parseEvery)
    .addOption(
      new Option(
        '--progress <kind>',
        'bar, lines, json (on stdout) or none (default: auto,\nwhich is bar on a terminal, else lines)',
      )
        .choices(PROGRESS_KINDS)
        .default('auto', 'auto'),
    )

    .optionsGroup('Picture:')
    .option('--size <pixels>', 'long side of the picture, 1..65536 (default: 512)', parseNumber)
    .option('--init <start>', 'content, noise or an image file (default: content)')
    .option('--seed <n>', 'of the noise, 0..2^53-1 (default: 0)', parseNumber)
    .option('--style-scale <ratio>', 'style images to the picture, above 0 (default: 1)', parseNumber)
    .option('--style-blend <list>', 'a weight for each, 0 or more, as 3,1 (default: equal)', parseNumbers)

    .optionsGroup('Losses:')
    .option('--content-weight <w>', '0 or more (default: 5)', parseNumber)
    .option('--style-weight <w>', '0 or more (default: 100)', parseNumber)
    .option('--tv-weight <w>', 'total variation, 0 or more (default: 0.001)', parseNumber)
    .option('--content-layers <list>', 'each NAME or NAME:WEIGHT (default: relu4_2)', parseLayers)
    .option(
      '--style-layers <list>',
      'the same\n(default: relu1_1,relu2_1,relu3_1,relu4_1,relu5_1)',
      parseLayers,
    )

    .optionsGroup('Network:')
    .option(
      '--weights <network>',
      'a name (see scumble weights list) or a safetensors file\n(default: SCUMBLE_WEIGHTS, or else vgg19-slim)',
    )
    .option('--no-download', 'do not download a network that is not here yet')
    .option('--pooling <kind>', 'max, average or l2 (default: max)')
    .option('--rounding <kind>', 'pooling of odd sizes: floor or ceil (default: floor)')

    .optionsGroup('Scales:')
    .option('--scales <n>', 'most of them, 1..64, each √2 larger (default: 64)', parseNumber)
    .option('--min-size <pixels>', 'long side of the smallest, 1..65536 (default: 128)', parseNumber)
    .option('--iterations <n>', 'at each scale, 1 or more (default: 100)', parseNumber)

    .optionsGroup('Optimizer:')
    .option('--optimizer <name>', 'lbfgs or adam (default: lbfgs)')
    .option('--learning-rate <rate>', 'above 0 (default: 1 for lbfgs, 5 for adam)', parseNumber)
    .option('--history <n>', 'lbfgs: pairs remembered, 1..1000 (default: 10)', parseNumber)
    .option('--beta1 <decay>', 'adam: of its mean, 0 to below 1 (default: 0.9)', parseNumber)
    .option('--beta2 <decay>', 'adam: of its square, 0 to below 1 (default: 0.999)', parseNumber)
    .option('--epsilon <n>', 'adam: above 0 (default: 1e-8)', parseNumber)
    .option(
      '--averaging <decay>',
      '0 to below 1: the picture is a running mean of the\niterates; at 0 it is the best one (default: 0)',
      parseNumber,
    )

    .optionsGroup('Machine:')
    .option('--device <name>', 'auto, cpu, cuda or cuda:N, see scumble devices (default: auto)')
    .option('--precision <kind>', 'exact, balanced or fast\n(default: fast on a GPU, exact on the CPU)')
    .option('--threads <n>', 'of the CPU, 1..1024 (default: all cores)', parseNumber)
    .option('--max-pixels <n>', 'of an input image, 1 or more (default: 268435456)', parseNumber)

    .optionsGroup('Other:')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this');
}
