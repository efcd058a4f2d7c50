// `scumble recognize`: what a picture shows, and where the network looks.

import { type Command, Option } from 'commander';
import type { RecognizeOptions } from '../../recognize/options.js';
import type { Recognition } from '../../recognize/recognition.js';
import { ensureNetwork } from '../ensure-network.js';
import { parseNumber, parseOutput } from '../parse.js';
import { say } from '../talk.js';

interface RecognizeFlags extends Omit<RecognizeOptions, 'picture' | 'onWarning' | 'signal'> {
  json?: boolean;
  heatMap?: string;
}

const DESCRIPTION = `Says what a picture shows: the likeliest of ImageNet's 1000 classes, how likely
each is, and the box where the network looks for it (Grad-CAM). It needs a VGG
with its classifier: half a gigabyte to download, once, and 0.3 GB to keep.

  scumble weights pull vgg19-imagenet

Examples:
  scumble recognize photo.jpg
  scumble recognize photo.jpg --heat-map heat.png
  scumble recognize photo.jpg --json --top 3`;

const EXPLANATION = `
A box is where the network looks, not the outline of a thing: this is no
detector. docs/recognition.md says more.`;

export function addRecognizeCommand(program: Command): void {
  program
    .command('recognize')
    .summary('say what a picture shows, and where a network looks for it')
    .description(DESCRIPTION)
    .argument('<picture>', 'the picture')
    .option('--top <n>', 'classes to tell, the likeliest first, 1..1000 (default: 5)', parseNumber)
    .option('--json', 'as JSON')
    .option('--heat-map <file>', 'the picture with where it looks for the likeliest class', parseOutput)
    .option('--size <pixels>', 'short side to look at, 224..4096 (default: 256)', parseNumber)
    .option('--crop', 'look at the middle 224 × 224 only, as accuracies are published')
    .option(
      '--weights <network>',
      'a network with a classifier, by name or a safetensors file\n(default: vgg19-imagenet, or vgg16-imagenet if only that is here)',
    )
    .addOption(
      new Option('--no-download', 'do not download a network that is not here yet').default(true, ''),
    )
    .option('--device <name>', 'where to compute (default: auto)')
    .option('--threads <n>', 'threads of the CPU', parseNumber)
    .option('--max-pixels <pixels>', 'largest picture that is read', parseNumber)
    .addHelpText('after', EXPLANATION)
    .action(execute);
}

async function execute(picture: string, { json, heatMap, ...options }: RecognizeFlags): Promise<void> {
  const { abortable } = await import('../interruption.js');
  await abortable('stopped: nothing is recognized', async (signal) => {
    if (heatMap !== undefined) {
      const { checkOutput } = await import('../../image/write.js');
      await checkOutput(heatMap);
    }
    const found = await look({ ...options, picture, signal });
    if (heatMap !== undefined) await (await found.heatMap()).save(heatMap);
    process.stdout.write(`${json ? inJson(picture, found) : lines(found).join('\n')}\n`);
  });
}

async function look(options: RecognizeOptions & { signal: AbortSignal }): Promise<Recognition> {
  const [{ recognize }, { resolveRecognizeOptions }] = await Promise.all([
    import('../../recognize/recognize.js'),
    import('../../recognize/options.js'),
  ]);
  const { weights, download } = resolveRecognizeOptions(options);
  // To name a network is to ask for it; half a gigabyte that nobody named is not fetched.
  const named = weights !== undefined && download;
  if (named) {
    const { recognizingNetwork } = await import('../../recognize/recognize.js');
    await ensureNetwork(await recognizingNetwork(weights), options.signal, true);
  }
  return recognize({ ...options, download: named, onWarning: ({ message }) => say(`scumble: ${message}`) });
}

function inJson(picture: string, { network, width, height, view, classes }: Recognition): string {
  const told = classes.map(({ heat, ...one }) => one);
  return JSON.stringify({ picture, network, width, height, view, classes: told }, null, 2);
}

/** The likeliest first: how likely, where, and what. */
function lines({ classes }: Recognition): string[] {
  const rows = classes.map(({ probability, box, name }) => [
    `${(100 * probability).toFixed(1)} %`,
    box ? `${box.width}×${box.height} at ${box.left},${box.top}` : 'nowhere',
    name,
  ]);
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map(([likely, where, name]) =>
    [likely!.padStart(widths[0]!), where!.padEnd(widths[1]!), name].join('  '),
  );
}
