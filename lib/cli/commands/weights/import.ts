// `scumble weights import`: from another program's file to one of Scumble's. What was recognised is shown.

import { type Command, Option } from 'commander';
import type { Imported, ImportOptions } from '../../../weights/import.js';
import { list } from '../../../weights/refuse.js';

interface ImportFlags extends ImportOptions {
  output?: string;
  name?: string;
  dryRun?: boolean;
  normalize?: string[];
}

const DESCRIPTION = `Converts a VGG from safetensors, PyTorch (.pth, .pt: a state_dict, a checkpoint, a whole
module or TorchScript), Caffe (.caffemodel), MatConvNet (.mat), Keras (.h5, .keras), TensorFlow.js
(model.json), NumPy (.npz, .npy or .pkl of a dictionary) or ONNX, and prints where it is. No code in
a file is run.

Examples:
  scumble weights import vgg19_norm.caffemodel --name vgg19-normalized
  scumble weights import model.onnx --input torchvision -o model.safetensors`;

export function addImportCommand(weights: Command): void {
  weights
    .command('import')
    .summary("convert another program's file")
    .description(DESCRIPTION)
    .argument('<file>', 'the network')
    .option('-o, --output <file>', 'where to write it, as safetensors')
    .option('--name <name>', 'or the name to keep it by, which is then one for --weights')
    .option('--normalize <image...>', 'scale it so that each channel is 1 in the mean over these')
    .option('--classifier', 'keep its classifier too, for scumble recognize')
    .addOption(
      new Option('--flatten <order>', 'of what the classifier sees, if the file does not show it').choices([
        'CHW',
        'HWC',
      ]),
    )
    .option('--dry-run', 'only show what the file is')
    .addOption(
      new Option('--input <kind>', 'what the network is fed, if the file does not show it').choices([
        'caffe',
        'caffe-rgb',
        'torchvision',
        'illustration2vec',
        'keras',
        'tensorflow',
        'matconvnet',
        'pytorch',
      ]),
    )
    .addOption(
      new Option('--architecture <vgg>', 'of which this is the first part, if several begin so').choices([
        'vgg11',
        'vgg13',
        'vgg16',
        'vgg19',
      ]),
    )
    .option('--layout <axes>', 'of the kernels, if shapes do not show it, as OIHW', (text) =>
      text.toUpperCase(),
    )
    .action(execute);
}

async function execute(file: string, flags: ImportFlags): Promise<void> {
  const { output, name, dryRun, normalize: images, ...options } = flags;
  const { OptionError } = await import('../../../errors.js');
  if (!dryRun && (output === undefined) === (name === undefined)) {
    throw new OptionError(
      'output',
      output,
      'output or name is needed, to say where the network goes, and not both',
    );
  }
  if (images && options.classifier) {
    const problem = 'normalize changes what a classifier sees: leave one of normalize and classifier out';
    throw new OptionError('normalize', images, problem);
  }
  if (name !== undefined) await checkName(name);
  const { importNetwork } = await import('../../../weights/import.js');
  const imported = await importNetwork(file, options);
  const lines = describe(imported);
  if (dryRun) {
    process.stdout.write(`${lines.join('\n')}\n`);
    return;
  }
  const { say } = await import('../../talk.js');
  say(lines.join('\n'));
  const { encodeNetwork } = await import('../../../weights/network.js');
  let { network } = imported;
  if (images) {
    const { normalize } = await import('../../../weights/normalize.js');
    network = await normalize(network, images);
    say(`normalized    over ${images.length === 1 ? images[0] : `${images.length} images`}`);
  }
  const pieces = encodeNetwork(network);
  process.stdout.write(`${await save(pieces, output, name)}\n`);
}

async function save(
  pieces: readonly Uint8Array[],
  output: string | undefined,
  name: string | undefined,
): Promise<string> {
  if (name !== undefined) {
    const { makeCacheFolder, store } = await import('../../../weights/cache.js');
    await makeCacheFolder();
    return store(name, pieces);
  }
  const { writeAtomically } = await import('../../../files/atomic.js');
  await writeAtomically(output!, pieces);
  return output!;
}

/** What was recognised, a line each, with what told it. */
function describe({ network, format, layout, evidence, dropped, notes }: Imported): string[] {
  const { name, blocks, channelOrder, range, mean, std, convolutions, classifier } = network;
  const whole = layout === 'OIHW' ? 'OIHW' : `${layout}, made OIHW`;
  const first = convolutions[0]!.name;
  const last = convolutions.at(-1)!.name;
  const widths = blocks.map(
    (_, block) => convolutions.find((one) => one.name === `conv${block + 1}_1`)!.outputs,
  );
  const input = `${channelOrder}, 0..${range}, minus ${mean.join(' ')}${
    std.every((value) => value === 1) ? '' : `, divided by ${std.join(' ')}`
  }`;
  const lines = [
    `format        ${format}`,
    `architecture  ${name}, ${first} to ${last}, ${widths.join('/')} channels (${evidence.architecture})`,
    `layout        ${whole} (${evidence.layout})`,
    `input         ${input} (${evidence.input})`,
  ];
  if (classifier) {
    const [first, last] = [classifier[0]!, classifier.at(-1)!];
    const sees = `${first.name} to ${last.name}, ${last.outputs} classes`;
    lines.push(`classifier    ${sees} (${evidence.classifier})`);
  }
  if (dropped.length > 0) {
    const some = list(dropped, shorten, 3);
    const tensors = dropped.length === 1 ? '1 tensor' : `${dropped.length} tensors`;
    lines.push(`dropped       ${tensors} that style transfer has no use for: ${some}`);
  }
  return [...lines, ...notes.map((note) => `note          ${note}`)];
}

/** A name of the catalogue stays what the catalogue says it is. */
async function checkName(name: string): Promise<void> {
  const { catalogEntry, isName } = await import('../../../weights/catalog.js');
  const { OptionError } = await import('../../../errors.js');
  if (!isName(name)) {
    throw new OptionError('name', name, `name must be of small letters, digits and hyphens, not "${name}"`);
  }
  if (catalogEntry(name)) {
    throw new OptionError('name', name, `name cannot be ${name}: the catalogue has a network of that name`);
  }
}

/** A name that a file chose. */
function shorten(name: string): string {
  return name.length > 40 ? `${name.slice(0, 39)}…` : name;
}
