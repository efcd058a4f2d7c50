// What a network is and sees: inspect(), and the command.

import { join } from 'node:path';
import test from 'ava';
import sharp from 'sharp';
import { addon } from '../dist/engine/addon.js';
import { type Inspection, inspect, OptionError, WeightsError } from '../dist/index.js';
import { scumble, studio, weightsIn } from './support/cli.js';
import { network as engineNetwork } from './support/engine.js';
import { small } from './support/runs.js';

const cpu = { device: 'cpu', threads: 2, weights: small } as const;

test('shapes, parameters, operations, receptive fields and memory', async (t) => {
  const found = await inspect({ ...cpu, width: 22, height: 13 });
  t.like(found, { network: small, file: small, architecture: 'vgg19', width: 22, height: 13, device: 'cpu' });
  t.deepEqual(found.input.mean, [123.68, 116.779, 103.939]);
  const facts = found.layers.map(({ bytes, seconds, ...rest }) => rest);
  const conv = (name: string, width: number, height: number, inputs: number, channels: number) => ({
    name,
    relu: name.replace('conv', 'relu'),
    kind: 'conv',
    width,
    height,
    channels,
    parameters: 9 * inputs * channels + channels,
    operations: 18 * inputs * channels * width * height,
  });
  const pool = { kind: 'pool', parameters: 0, operations: 0 };
  t.deepEqual(facts as object[], [
    { ...conv('conv1_1', 22, 13, 3, 4), receptiveField: 3, stride: 1 },
    { ...conv('conv1_2', 22, 13, 4, 4), receptiveField: 5, stride: 1 },
    { name: 'pool1', ...pool, width: 11, height: 6, channels: 4, receptiveField: 6, stride: 2 },
    { ...conv('conv2_1', 11, 6, 4, 6), receptiveField: 10, stride: 2 },
    { ...conv('conv2_2', 11, 6, 6, 6), receptiveField: 14, stride: 2 },
    { name: 'pool2', ...pool, width: 5, height: 3, channels: 6, receptiveField: 16, stride: 4 },
  ]);
  for (const { name, width, height, channels, bytes, seconds } of found.layers) {
    // Floats, with a border of one position, as the engine's decisions say.
    const least = 4 * (width + 2) * (height + 2) * channels;
    t.true(bytes >= least && bytes < least + 64 + 8 * (width + 2) * channels, `${name} ${bytes} ${least}`);
    t.true(seconds > 0, name);
  }
  for (const total of ['parameters', 'operations', 'bytes', 'seconds'] as const) {
    t.is(
      found[total],
      found.layers.reduce((sum, layer) => sum + layer[total], 0),
    );
  }
});

test('what cannot be is said before any work', async (t) => {
  const size = await t.throwsAsync(inspect({ ...cpu, width: 3 }), { instanceOf: OptionError });
  t.is(size!.message, 'width 3 leaves no position at pool2: it needs 4 pixels');
  await t.throwsAsync(inspect({ ...cpu, height: 0 }), {
    message: /^height must be an integer from 1 to 16384/,
  });
  await t.throwsAsync(inspect({ ...cpu, wide: 3 } as object), {
    message: 'wide is not an option of inspect()',
  });
  await t.throwsAsync(inspect({ ...cpu, weights: 'nothing' }), { instanceOf: WeightsError });
  const reason = new Error('enough');
  const stopped = inspect({ ...cpu, signal: AbortSignal.abort(reason) });
  t.is(await t.throwsAsync(stopped), reason);
  // biome-ignore lint/suspicious/noExplicitAny: these calls hand in what the types forbid
  const { layerCosts } = addon() as any;
  const how = { pooling: 'max', rounding: 'floor', threads: 1, width: 8, height: 8, passes: 1 };
  t.throws(() => layerCosts({}, how), { message: /Network\.load/ });
  t.throws(() => layerCosts(engineNetwork, { ...how, passes: 0 }), { message: /passes must be an integer/ });
  const { costs, cancel } = layerCosts(engineNetwork, { ...how, width: 900, height: 900, passes: 50 });
  cancel();
  await t.throwsAsync(costs, { code: 'CANCELLED' });
});

test('the command: a table, JSON, and a sheet of what a layer sees', async (t) => {
  const folder = await studio(t);
  const weights = await weightsIn(folder);
  const run = (...args: string[]) => scumble(folder, ['inspect', weights, '--device', 'cpu', ...args]);

  const shown = await run('--size', '80x48');
  t.is(shown.stderr, '');
  const lines = shown.stdout.trimEnd().split('\n');
  t.regex(lines[0]!, /: a vgg19, fed RGB 0\.\.255 minus 123\.68 116\.779 103\.939; padding: zero$/);
  t.regex(lines[1]!, /^at 80×48 on cpu, exact;/);
  t.regex(lines[3]!, /^layer +positions +channels +parameters +operations +sees +memory +time +share$/);
  t.regex(lines[4]!, /^conv1_1 +80×48 +4 +112 +829 k +3 .* ms +\d+ %$/);
  t.is(lines.length, 4 + 16 + 5 + 1);
  for (const line of lines.slice(1)) t.true(line.length <= 88, line);

  const json: Inspection = JSON.parse((await run('--json', '--size', '64')).stdout);
  t.deepEqual([json.width, json.height, json.layers.length], [64, 64, 21]);

  const drawn = await run(
    '--features',
    'content.png',
    '--layer',
    'relu2_1',
    '--channels',
    '4',
    '--size',
    '64',
  );
  t.is(drawn.stdout, '');
  t.regex(
    drawn.stderr,
    /^features\.png: \d+×\d+, relu2_1 of tiny-.*: the 4 strongest of 6 channels, 32×24 positions\n$/,
  );
  const { width, height } = await sharp(join(folder, 'features.png')).metadata();
  t.true(width! > 5 * 96 && height! > 84);
});

const MISTAKES: [args: string, code: number, message: RegExp][] = [
  ['--size 12x', 2, /--size.*'12x'.*WIDTHxHEIGHT/],
  ['--layer relu1_1', 2, /--layer is for a sheet of features: give --features <image>, too/],
  ['--features content.png', 2, /--layer is missing: which one is drawn/],
  ['--features content.png --layer relu9_9', 2, /--layer names relu9_9, but this vgg19 has conv1_1 relu1_1/],
  ['--features no.png --layer relu1_1', 1, /--features: "no\.png" does not exist/],
  ['--features content.png --layer relu1_1 --json', 2, /--json is for the table/],
  ['--features content.png --layer relu1_1 --size 64x48', 2, /--size is one number here/],
  ['--features content.png --layer relu5_1 --size 16', 1, /would be 16x12: relu5_1 needs 16 pixels/],
  ['--features content.png --layer relu1_1 -o a.gif', 2, /--output must end in/],
  ['--features content.png --layer relu1_1 -o no/a.png', 1, /its folder does not exist/],
];

test('mistakes are named', async (t) => {
  const folder = await studio(t);
  const env = { SCUMBLE_WEIGHTS: await weightsIn(folder) };
  for (const [args, code, message] of MISTAKES) {
    const result = await scumble(folder, ['inspect', ...args.split(' ')], env);
    t.is(result.code, code, args);
    t.is(result.stdout, '', args);
    t.regex(result.stderr, message, args);
  }
});
