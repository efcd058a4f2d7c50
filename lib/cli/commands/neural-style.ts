// `scumble neural-style …`: the flags of jcjohnson/neural-style as they stand in its README.

import { type Command, InvalidArgumentError, Option } from 'commander';
import { type NeuralStyleFlags, optionsOf } from '../neural-style-flags.js';
import { parseLayers, parseNumber, parseNumbers, parseOutput } from '../parse.js';
import { neuralStyleProgress } from '../progress-neural-style.js';
import { say } from '../talk.js';
import { paint } from './stylize.js';

export function addNeuralStyleCommand(program: Command): void {
  const command = program
    .command('neural-style')
    .usage('-style_image <image.jpg> -content_image <image.jpg> [options]')
    .description(
      "jcjohnson/neural-style's command: its flags, with one dash and underscores as there, and its preset",
    )
    .configureHelp({
      optionTerm: ({ flags }) =>
        flags.startsWith('-h') ? flags : flags.replace('--', '-').replaceAll('-', '_').replace('_', '-'),
      optionDescription: ({ description }) => description,
    });
  // Errors name its flags as it has them.
  command.configureOutput({
    outputError: (text, write) =>
      write(
        text
          .replace('error:', 'scumble:')
          .replaceAll(/--([a-z-]+)/g, (_, name: string) => `-${name.replaceAll('-', '_')}`),
      ),
  });
  const number = (flags: string, about: string) => command.option(flags, about, parseNumber);
  const choice = (flags: string, about: string, ...choices: string[]) =>
    command.addOption(new Option(flags, about).choices(choices));
  command
    .requiredOption('--style-image <files>', 'style images, with commas between')
    .requiredOption('--content-image <file>', 'content image')
    .option('--output-image <file>', 'where the picture goes (default: out.png)', parseOutput, 'out.png')
    .option('--style-blend-weights <list>', 'of several style images, as 3,7 (default: equal)', parseNumbers);
  number('--image-size <pixels>', 'long side of the picture (default: 512)');
  command.option('--gpu <number>', 'a GPU, or -1 for the CPU (default: a GPU if there is one)', parseGpu);
  number('--content-weight <w>', 'default: 5');
  number('--style-weight <w>', 'default: 100');
  number('--tv-weight <w>', 'default: 0.001');
  number('--num-iterations <n>', 'default: 1000');
  choice('--init <how>', 'random or image, which is the content (default: random)', 'random', 'image');
  command.option('--init-image <file>', 'the image to begin with, with -init image');
  choice('--optimizer <name>', 'lbfgs or adam (default: lbfgs)', 'lbfgs', 'adam');
  number('--learning-rate <rate>', 'of adam (default: 10)');
  number('--lbfgs-num-correction <n>', 'pairs that lbfgs remembers (default: 0, which is 100)');
  command.option('--normalize-gradients', "L1-normalise each layer's style and content gradients");
  command.option(
    '--print-iter <n>',
    'print losses every n iterations, 0 never (default: 50)',
    parseCount,
    50,
  );
  command.option('--save-iter <n>', 'save every n iterations, 0 never (default: 100)', parseCount, 100);
  command.option('--content-layers <list>', 'default: relu4_2', parseLayers);
  command.option('--style-layers <list>', 'default: relu1_1,relu2_1,relu3_1,relu4_1,relu5_1', parseLayers);
  number('--style-scale <ratio>', "style images' size over the picture's (default: 1)");
  number('--original-colors <0|1>', "1 keeps the content's colours (default: 0)");
  choice('--pooling <kind>', 'max or avg (default: max)', 'max', 'avg');
  command.option('--proto-file <file>', 'ignored');
  command.option('--model-file <file>', 'a network by name or a safetensors file (default: vgg19)');
  command.option('--backend <name>', 'ignored');
  command.option('--cudnn-autotune', 'ignored');
  command.option('--multigpu-strategy <list>', 'ignored');
  number('--seed <n>', 'of the noise (default: 0)');
  command.action(execute);
}

async function execute(flags: NeuralStyleFlags): Promise<void> {
  const { options, ignored } = optionsOf(flags);
  for (const sentence of ignored) say(`scumble: ${sentence}`);
  await paint(
    { ...options, download: true },
    { output: flags.outputImage, saving: {}, saveEvery: flags.saveIter || undefined },
    neuralStyleProgress(flags.printIter),
  );
}

function parseGpu(text: string): string {
  if (/^(-1|\d+(,\d+)*)$/.test(text)) return text;
  throw new InvalidArgumentError('It must be -1 or the number of a GPU.');
}

/** How many iterations lie between: 0 for never. */
function parseCount(text: string): number {
  const value = parseNumber(text);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new InvalidArgumentError('It must be a whole number.');
}
