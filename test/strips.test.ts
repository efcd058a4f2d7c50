// Style images too narrow for the network, friezes and borders: laid side by side with their mirror images, so that no scale
// is left out for their sake, and told.

import test from 'ava';
import { ImageError, type Picture, type ScumbleError, type StylizeOptions, stylize } from '../dist/index.js';
import { mirrored } from '../dist/run/strips.js';
import { network, options, wave } from './support/runs.js';

const deep = await network({ widths: [2, 2, 2, 2, 2] });
const layers = { weights: deep, contentLayers: ['relu2_1'], styleLayers: ['relu1_1', 'relu5_1'] };

/** Where a walk to and fro over `size` places, that stays at each end for two steps, is after `steps`. */
function walk(steps: number, size: number): number {
  let [at, forward] = [0, 1];
  for (let i = 0; i < steps; i++) {
    if (at + forward < 0 || at + forward >= size) forward = -forward;
    else at += forward;
  }
  return at;
}

test('an image that is wide and high enough stays as it is', (t) => {
  const image = wave(9, 8);
  t.is(mirrored.image(image, 8), image);
  t.is(mirrored.image(image, 1), image);
});

test('any other is mirrored along its short side, or both, with its opacity', (t) => {
  for (const [width, height, shortest] of [
    [5, 40, 16],
    [40, 5, 16],
    [1, 20, 8],
    [20, 1, 8],
    [3, 2, 8],
    [1, 1, 4],
    [15, 16, 16],
    [7, 3, 4],
  ] as const) {
    const { data } = wave(width, height);
    const alpha = Float32Array.from({ length: width * height }, (_, i) => i / (width * height));
    const found = mirrored.image({ data, width, height, alpha }, shortest);
    const { width: wide, height: high } = mirrored.size({ width, height }, shortest);
    t.deepEqual([found.width, found.height], [wide, high]);
    t.is(wide, width < shortest ? 4 * shortest : width);
    t.is(high, height < shortest ? 4 * shortest : height);
    t.is(found.data.length, wide * high * 3);
    t.is(found.alpha?.length, wide * high);
    const wrong: string[] = [];
    for (let y = 0; y < high; y++) {
      for (let x = 0; x < wide; x++) {
        const [to, from] = [y * wide + x, walk(y, height) * width + walk(x, width)];
        const same = [0, 1, 2].every((c) => found.data[to * 3 + c] === data[from * 3 + c]);
        if (!same || found.alpha![to] !== alpha[from]) wrong.push(`${x},${y}`);
      }
    }
    t.deepEqual(wrong, [], `${width}x${height} to ${wide}x${high}`);
  }
});

async function painted(changes: Partial<StylizeOptions>) {
  const warnings: ScumbleError[] = [];
  const scales = new Set<string>();
  const given = options({
    ...layers,
    content: wave(96, 64),
    size: 96,
    scales: 64,
    minSize: 32,
    iterations: 2,
    onWarning: (warning) => warnings.push(warning),
    onProgress: ({ scale }) => scales.add(scale.join('x')),
    ...changes,
  });
  const picture: Picture = await stylize(given);
  return { picture, warnings, scales: [...scales] };
}

test('strips of 4000x130 and 4000x100, alone and beside another: every scale is there, and a warning for each', async (t) => {
  const wide = await painted({ style: wave(96, 80, 2) });
  t.deepEqual(wide.warnings, []);
  t.deepEqual(wide.scales, ['34x23', '48x32', '68x45', '96x64']);
  const [thin, thinner] = [wave(4000, 130, 3), wave(4000, 100, 4)];
  for (const [style, narrow] of [
    [thin, { style: '34x1' }],
    [thinner, { style: '34x1' }],
    [[wave(96, 80, 2), thin], { 'style[1]': '34x1' }],
    [[thinner, wave(96, 80, 2), thin], { 'style[0]': '34x1', 'style[2]': '34x1' }],
  ] as const) {
    const { picture, warnings, scales } = await painted({ style });
    t.deepEqual(scales, wide.scales);
    t.true(picture.data.every(Number.isFinite));
    t.deepEqual(
      Object.fromEntries(warnings.map((warning) => [(warning as ImageError).option, warning.message])),
      Object.fromEntries(
        Object.entries(narrow).map(([option, size]) => [
          option,
          `${option} would be ${size}, too narrow for these layers: it is laid side by side, mirrored`,
        ]),
      ),
    );
    for (const warning of warnings) {
      t.true(warning instanceof ImageError);
      t.is(warning.code, 'ERR_IMAGE_SIZE');
    }
  }
});

test('nobody who listens: the process is warned', async (t) => {
  const told = new Promise<Error & { code?: string }>((resolve) => process.once('warning', resolve));
  await stylize(options({ ...layers, content: wave(32, 32), size: 32, style: wave(40, 8) }));
  const { name, code, message } = await told;
  t.deepEqual([name, code], ['ScumbleWarning', 'ERR_IMAGE_SIZE']);
  t.regex(message, /^style would be 32x6, too narrow/);
});

test('what onWarning throws ends the run', async (t) => {
  const error = new Error('no strips');
  const onWarning = () => Promise.reject(error);
  t.is(await t.throwsAsync(painted({ style: wave(200, 8), onWarning })), error);
});
