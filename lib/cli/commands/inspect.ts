// `scumble inspect`: what a network is, layer by layer, and what it sees of an image.

import { type Command, InvalidArgumentError } from 'commander';
import { OptionError } from '../../errors.js';
import type { InspectOptions } from '../../inspect/options.js';
import { parseEvery, parseNumber, parseOutput } from '../parse.js';

interface InspectFlags extends Pick<InspectOptions, 'download' | 'device' | 'precision' | 'threads'> {
  size?: Size;
  json?: boolean;
  features?: string;
  layer?: string;
  channels?: number;
  output?: string;
}

type Size = { width: number; height?: number };

const DESCRIPTION = `Prints the layers of a network, or draws what one of them sees of an image.

Examples:
  scumble inspect
  scumble inspect vgg19 --size 512x384
  scumble inspect vgg19 --features photo.jpg --layer relu3_1 -o sheet.png`;

const EXPLANATION = `
The table: positions and channels of each layer's features; parameters; operations of
the convolution done directly, twice its multiply-adds; the side of the square of pixels
that one position sees; the memory of its features, which a run keeps until it has their
gradient; and its share of the time forward, measured by the engine (median of 5).
The sheet: the strongest channels by mean square, strongest first. Each goes from black
(0, or its least value if that is below) to white (which 1 position in 200 reaches);
both are written below it.`;

export function addInspectCommand(program: Command): void {
  program
    .command('inspect')
    .summary('the layers of a network, and what they see of an image')
    .description(DESCRIPTION)
    .argument('[network]', 'by name or a safetensors file (default: SCUMBLE_WEIGHTS, or else vgg19-slim)')
    .option(
      '--size <WxH>',
      'of the image, or one number for both (default: 256);\nof --features the long side (default: 512)',
      parseSize,
    )
    .option('--json', 'the table as JSON')
    .option('--features <image>', 'draw what a layer sees of this image')
    .option('--layer <name>', 'which layer, such as relu3_1')
    .option('--channels <n>', 'at most so many channels (default: 63)', parseEvery)
    .option(
      '-o, --output <file>',
      'the sheet: .png, .jpg, .webp, .tif or .avif (default: features.png)',
      parseOutput,
    )
    .option('--no-download', 'do not download a network that is not here yet')
    .option('--device <name>', 'where to compute (default: auto)')
    .option('--precision <kind>', 'of the table: exact, balanced or fast (default: as stylize)')
    .option('--threads <n>', 'threads of the CPU', parseNumber)
    .addHelpText('after', EXPLANATION)
    .action(execute);
}

async function execute(network: string | undefined, flags: InspectFlags): Promise<void> {
  const { abortable } = await import('../interruption.js');
  const { say } = await import('../talk.js');
  const onWarning = ({ message }: Error) => say(`scumble: ${message}`);
  const { resolveInspectOptions } = await import('../../inspect/options.js');
  const { download, device, threads } = flags;
  checkGoTogether(flags);
  await abortable('stopped', async (signal) => {
    const given = { weights: network, download, device, threads, onWarning, signal };
    if (flags.features !== undefined) await draw(resolveInspectOptions(given), flags, signal, onWarning);
    else await list({ ...given, ...flags.size, precision: flags.precision }, flags, signal);
  });

  async function list(
    options: InspectOptions,
    { size, json }: InspectFlags,
    signal: AbortSignal,
  ): Promise<void> {
    const { inspect } = await import('../../inspect/inspect.js');
    const { inspectionTable } = await import('../inspection-table.js');
    const height = size && (size.height ?? size.width);
    const resolved = resolveInspectOptions({ ...options, ...(height && { height }) });
    if (resolved.download) await ensure(resolved.weights, signal);
    const found = await inspect(resolved as InspectOptions);
    process.stdout.write(`${json ? JSON.stringify(found, null, 2) : inspectionTable(found).join('\n')}\n`);
  }

  async function ensure(weights: string, signal: AbortSignal): Promise<void> {
    const { ensureNetwork } = await import('../ensure-network.js');
    await ensureNetwork(weights, signal);
  }

  async function draw(
    options: ReturnType<typeof resolveInspectOptions>,
    { features, layer, size, channels = 63, output = 'features.png' }: InspectFlags,
    signal: AbortSignal,
    warn: (warning: Error) => void,
  ): Promise<void> {
    const { checkSaving } = await import('../output.js');
    const { featureMaps } = await import('../../inspect/feature-maps.js');
    const { drawSheet, sheetSize } = await import('../../sheet/sheet.js');
    const { saveSheet } = await import('../../sheet/save.js');
    const { schema } = await import('../../options/schema.js');
    await checkSaving(output, {}, 1);
    const { weights, threads } = options;
    if (options.download) await ensure(weights, signal);
    const { sheet, cell } = await featureMaps({
      weights,
      image: features!,
      layer: layer!,
      size: size?.width ?? 512,
      channels,
      maxPixels: schema.shape.maxPixels.parse(undefined),
      threads,
      device: options.device,
      download: options.download,
      onWarning: warn,
      signal,
    });
    await saveSheet(await drawSheet(sheet, cell), sheet, output, {});
    const { width, height } = sheetSize(sheet, cell);
    say(`${output}: ${width}×${height}, ${sheet.title}`);
  }
}

/** @throws OptionError for flags of which one needs or forbids another */
function checkGoTogether({ features, layer, size, channels, output, json, precision }: InspectFlags): void {
  if (features === undefined) {
    for (const [name, value] of Object.entries({ layer, channels, output })) {
      if (value !== undefined)
        throw new OptionError(
          name,
          value,
          `${name} is for a sheet of features: give --features <image>, too`,
        );
    }
    return;
  }
  if (layer === undefined)
    throw new OptionError('layer', layer, 'layer is missing: which one is drawn, such as relu3_1');
  if (json) throw new OptionError('json', json, 'json is for the table: a sheet is a picture');
  if (precision !== undefined)
    throw new OptionError(
      'precision',
      precision,
      'precision is for the table: features are drawn as they are exactly',
    );
  if (size?.height !== undefined)
    throw new OptionError('size', size, 'size is one number here, the long side: the image keeps its shape');
}

function parseSize(text: string): Size {
  const match = /^(\d+)(?:[x×](\d+))?$/.exec(text);
  if (!match) throw new InvalidArgumentError('It must be WIDTHxHEIGHT or one number, in pixels.');
  const [width, height] = match.slice(1).map((part) => part && Number(part));
  return { width: width as number, ...(height && { height: height as number }) };
}
