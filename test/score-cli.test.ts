// `scumble score` as its users see it.

import { join } from 'node:path';
import test from 'ava';
import sharp from 'sharp';
import { scumble, studio, weightsIn } from './support/cli.js';
import { seeded, tinyNetworkFile } from './support/safetensors.js';

async function pictures(folder: string): Promise<string[]> {
  const uniform = seeded(9);
  const pixels = Uint8Array.from({ length: 80 * 60 * 3 }, () => 256 * uniform());
  const image = sharp(pixels, { raw: { width: 80, height: 60, channels: 3 } }).blur(1);
  await image.png().toFile(join(folder, 'a.png'));
  return ['a.png', 'content.png'];
}

const between = ['--content', 'content.png', '--style', 'style.png', '--device', 'cpu'];

test('one picture: every number, beside those of the content and the style', async (t) => {
  const folder = await studio(t);
  const [picture] = await pictures(folder);
  const weights = await tinyNetworkFile(folder);
  const { code, stdout, stderr } = await scumble(folder, [
    'score',
    picture!,
    ...between,
    '--weights',
    weights,
  ]);
  t.is(stderr, '');
  t.is(code, 0);
  const lines = stdout.trimEnd().split('\n');
  t.regex(lines[0]!, /^80×60 +picture +content +style +position$/);
  const names = lines.slice(1, -1).map((line) => line.split(/ {2,}/)[0]);
  const layers = ['relu2_2', 'relu3_3', 'relu4_3'];
  t.deepEqual(names, [
    ...layers.flatMap((layer) => ['gram', 'wasserstein', 'sliced'].map((name) => `style ${name}:${layer}`)),
    'content self-similarity',
    'content perceptual',
    'palette',
    'contrast',
    'saturation',
    'saturation-spread',
    'grain',
    'grid',
    'border',
    'veil',
  ]);
  t.regex(lines.at(-1)!, /^style -?[\d.]+, content -?[\d.]+, palette -?[\d.]+$/);
  for (const line of lines) t.true(line.length <= 80, line);
});

test('several pictures: a line each', async (t) => {
  const folder = await studio(t);
  const all = await pictures(folder);
  const weights = await weightsIn(folder);
  const { code, stdout } = await scumble(folder, ['score', ...all, ...between, '--weights', weights]);
  t.is(code, 0);
  const lines = stdout.trimEnd().split('\n');
  t.regex(lines[0]!, /^ +style +content +palette +contrast .* grain +grid +border +veil$/);
  t.is(lines.length, 3);
  t.regex(lines[1]!, /^a\.png /);
  t.regex(lines[2]!, /^content\.png +0\.00 +1\.00 +0\.00 /);
});

test('JSON has what score() returns', async (t) => {
  const folder = await studio(t);
  const all = await pictures(folder);
  const weights = await weightsIn(folder);
  const { code, stdout } = await scumble(folder, [
    'score',
    ...all,
    ...between,
    '--weights',
    weights,
    '--json',
  ]);
  t.is(code, 0);
  const { pictures: scored, ...about } = JSON.parse(stdout);
  t.is(about.network, weights);
  t.is(about.content, 'content.png');
  t.is(about.style, 'style.png');
  t.deepEqual(about.layers.style, ['relu2_2', 'relu3_3', 'relu4_3']);
  t.deepEqual(
    scored.map(({ picture }: { picture: string }) => picture),
    all,
  );
  t.is(scored[1].position.style, 0);
  t.is(typeof scored[0].style['gram:relu2_2'].value, 'number');
});

const failures: [string, string[], number, RegExp][] = [
  ['no style', ['a.png', '--content', 'content.png'], 2, /required option '--style <image>' not specified/],
  ['no content', ['a.png', '--style', 'style.png'], 2, /required option '--content <image>' not specified/],
  ['no picture', between, 2, /missing required argument 'picture'/],
  ['a picture that is not there', ['b.png', ...between], 1, /picture: "b\.png" does not exist/],
  ['a size', ['a.png', ...between, '--size', '8'], 2, /--size must be an integer from 64 to 4096, not 8/],
  ['no number', ['a.png', ...between, '--size', 'big'], 2, /It must be a number/],
  [
    'a network that is nowhere',
    ['a.png', ...between, '--weights', 'nothing'],
    1,
    /nothing.* is neither a file nor one of the networks/,
  ],
];
for (const [name, args, status, message] of failures) {
  test(`refused: ${name}`, async (t) => {
    const folder = await studio(t);
    await pictures(folder);
    const weights = args.includes('--weights') ? [] : ['--weights', await weightsIn(folder)];
    const { code, stdout, stderr } = await scumble(folder, ['score', ...args, ...weights]);
    t.is(stdout, '');
    t.regex(stderr, message);
    t.is(code, status);
  });
}
