// Where a run starts: the words of init, whose pixels follow from the seed alone, and what later scales start with.

import test from 'ava';
import { addon } from '../dist/engine/addon.js';
import { Engine, Run, stylize } from '../dist/index.js';
import { resolveOptions } from '../dist/options/options.js';
import { scheduleOf } from '../dist/run/schedule.js';
import { startOf } from '../dist/run/start.js';
import { bits, options, plain, relative, wave } from './support/runs.js';

const engine = await Engine.open({ device: 'cpu' });
test.after.always(() => engine.close());

/** The first picture of a run. */
async function start(changes: object): Promise<Float32Array> {
  const run = await Run.start(engine, options({ optimizer: 'adam', ...changes }));
  const { data } = await run.image();
  await run.dispose();
  return data;
}

function colours(data: Float32Array): { mean: number[]; deviation: number[]; low: number; high: number } {
  const mean = [0, 1, 2].map((c) => average(data, c, (v) => v));
  const deviation = mean.map((m, c) => Math.sqrt(average(data, c, (v) => (v - m) ** 2)));
  const low = data.reduce((a, b) => Math.min(a, b));
  return { mean, deviation, low, high: data.reduce((a, b) => Math.max(a, b)) };
}

function average(data: Float32Array, channel: number, of: (value: number) => number): number {
  let sum = 0;
  for (let i = channel; i < data.length; i += 3) sum += of(data[i]!);
  return sum / (data.length / 3);
}

const near = (found: number[], wanted: number[], within: number) =>
  found.every((value, i) => Math.abs(value - wanted[i]!) <= within);

const large = { content: wave(96, 80), size: 96 };
const WORDS = ['noise', 'gray', 'uniform', 'normal', 'style-stats'];

test('coarse content is the content without what its eighth does not know', async (t) => {
  const content = wave(64, 48);
  const found = await start({ content, size: 64, init: 'coarse-content' });
  const again = await start({ content: { ...content, data: found }, size: 64, init: 'coarse-content' });
  const [whole, coarse] = [colours(content.data), colours(found)];
  t.true(near(coarse.mean, whole.mean, 6));
  t.true(coarse.deviation.every((d, c) => d < 0.7 * whole.deviation[c]!));
  t.true(colours(again).deviation.every((d, c) => d <= coarse.deviation[c]! + 1e-3));
});

test('noise follows from the seed', async (t) => {
  for (const init of WORDS) {
    const first = await start({ init, seed: 4 });
    t.is(bits({ data: first }), bits({ data: await start({ init, seed: 4 }) }), init);
    t.not(bits({ data: first }), bits({ data: await start({ init, seed: 5 }) }), init);
  }
});

test('gray, uniform and normal noise', async (t) => {
  const gray = colours(await start({ ...large, init: 'gray' }));
  t.true(near(gray.mean, [128, 128, 128], 0.02));
  t.true(gray.low >= 127.5 && gray.high <= 128.5 && gray.high - gray.low > 0.99);
  const uniform = colours(await start({ ...large, init: 'uniform' }));
  t.true(near(uniform.mean, [127.5, 127.5, 127.5], 4));
  t.true(near(uniform.deviation, [73.6, 73.6, 73.6], 3));
  t.true(uniform.low >= 0 && uniform.high < 255 && uniform.low < 0.1 && uniform.high > 254.9);
  const normal = colours(await start({ ...large, init: 'normal' }));
  t.true(near(normal.mean, [127.5, 127.5, 127.5], 3));
  // Cut off at two deviations: 0.88 of the whole one's.
  t.true(near(normal.deviation, [56.1, 56.1, 56.1], 2.5));
  t.true(normal.low >= 0 && normal.high <= 255);
});

test('white noise has the deviation that it is told', async (t) => {
  const wide = colours(await start({ ...large, init: 'noise' }));
  t.true(near(wide.deviation, [64, 64, 64], 3));
  const narrow = colours(await start({ ...large, init: 'noise', noiseDeviation: 0.001 }));
  t.true(narrow.deviation.every((d) => Math.abs(d - 0.001) < 1e-4));
  t.true(near(narrow.mean, wide.mean, 3));
});

test('style-stats has the means and deviations of the styles, blended', async (t) => {
  const style = [wave(40, 40, 3), plain(40, 40, [10, 120, 240])];
  const of = style.map(({ data }) => colours(data));
  const blend = (name: 'mean' | 'deviation', to = (v: number) => v) =>
    [0, 1, 2].map((c) => 0.75 * to(of[0]![name][c]!) + 0.25 * to(of[1]![name][c]!));
  const found = colours(
    await start({ ...large, init: 'style-stats', style, styleBlend: [3, 1], styleScale: 40 / 96 }),
  );
  const variance = blend('deviation', (d) => d * d);
  for (const [c, mean] of blend('mean').entries()) {
    // What is cut off at 0 and 255 has another mean.
    const weights = Array.from({ length: 256 }, (_, x) => Math.exp(-((x - mean) ** 2) / (2 * variance[c]!)));
    const sum = (of: (x: number) => number) => weights.reduce((a, w, x) => a + w * of(x), 0);
    const center = sum((x) => x) / sum(() => 1);
    const deviation = Math.sqrt(sum((x) => (x - center) ** 2) / sum(() => 1));
    t.true(near([found.mean[c]!, found.deviation[c]!], [center, deviation], 3));
  }
  t.true(found.low >= 0 && found.high <= 255);
  const flat = await start({ ...large, init: 'style-stats', style: plain(96, 96, [10, 120, 240]) });
  t.true(flat.every((value, i) => value === [10, 120, 240][i % 3]));
});

/** Bilinear where the corners are the same points. */
function bilinear(data: ArrayLike<number>, [w, h]: [number, number], [toW, toH]: [number, number]): number[] {
  const at = (i: number, n: number, m: number) => (n === 1 ? 0 : (i * (m - 1)) / (n - 1));
  return Array.from({ length: toW * toH * 3 }, (_, i) => {
    const [c, pixel] = [i % 3, Math.floor(i / 3)];
    const [x, y] = [at(pixel % toW, toW, w), at(Math.floor(pixel / toW), toH, h)];
    let sum = 0;
    for (let j = 0; j < h; j++) {
      for (let k = 0; k < w; k++) {
        const share = Math.max(0, 1 - Math.abs(y - j)) * Math.max(0, 1 - Math.abs(x - k));
        if (share > 0) sum += share * data[(j * w + k) * 3 + c]!;
      }
    }
    return sum;
  });
}

function detail(data: Float32Array, width: number, height: number): number[] {
  const half: [number, number] = [Math.floor(width / 2), Math.floor(height / 2)];
  const back = bilinear(bilinear(data, [width, height], half), half, [width, height]);
  return back.map((value, i) => data[i]! - value);
}

test('mean-colour is the mean of the styles with the finest detail of the content', async (t) => {
  const content = wave(25, 18);
  const style = [plain(30, 30, [10, 120, 240]), plain(30, 30, [30, 20, 40])];
  const found = await start({ content, size: 25, init: 'mean-colour', style });
  const wanted = detail(content.data, 25, 18).map((value, i) => value + [20, 70, 140][i % 3]!);
  t.true(relative(found, wanted) < 1e-6);
});

test('a scale between the first and the last may start with the finest detail of the content', async (t) => {
  const given = { content: wave(30, 20), scales: 4, minSize: 8, startDetail: true };
  const stages = scheduleOf(resolveOptions(options(given)), [8, 12, 17, 24]);
  t.deepEqual(
    stages.map(({ startDetail }) => startDetail),
    [false, true, true, false],
  );
  const picture = wave(24, 16, 5);
  const content = wave(24, 16, 6);
  const same = await startOf(
    { picture },
    { startDetail: false },
    content,
    { filter: 'lanczos', threads: 2 },
    engine,
  );
  t.is(bits(same), bits(picture));
  const { data } = await startOf(
    { picture },
    { startDetail: true },
    content,
    { filter: 'lanczos', threads: 2 },
    engine,
  );
  const wanted = detail(content.data, 24, 16).map((value, i) => value + picture.data[i]!);
  t.true(relative(data, wanted) < 1e-6);
  t.not(bits(await stylize(options(given))), bits(await stylize(options({ ...given, startDetail: false }))));
});

test('each scale has its own number of iterations, the last for all that are left', async (t) => {
  const run = await Run.start(
    engine,
    options({ content: wave(30, 20), scales: 3, minSize: 8, iterations: [3, 2] }),
  );
  t.deepEqual(
    run.stages.map(({ iterations }) => iterations),
    [3, 2, 2],
  );
  let count = 0;
  for await (const _ of run) count++;
  t.is(count, 7);
  await run.dispose();
});

test('the engine refuses pictures and ranges that do not fit', async (t) => {
  const { addDetail, truncatedNoise, uniformNoise, pyramidLevels } = addon();
  const picture = { data: new Float32Array(12), width: 2, height: 2 };
  await t.throwsAsync(async () => addDetail(picture, { ...picture, width: 4, height: 1 }), {
    message: /one size/,
  });
  await t.throwsAsync(async () => addDetail({ ...picture, width: 3 }, picture), { message: /18 floats/ });
  await t.throwsAsync(async () => uniformNoise(2, 2, [1, 1], 0), { message: /range must begin below/ });
  await t.throwsAsync(async () => truncatedNoise(2, 2, [1, 2], [1, 1, 1], [0, 1], 0), {
    message: /mean must be/,
  });
  t.throws(() => pyramidLevels(2, 0, 1), { message: /height must be an integer/ });
  t.deepEqual(pyramidLevels(5, 2, 9), [
    { width: 5, height: 2 },
    { width: 2, height: 1 },
    { width: 1, height: 1 },
  ]);
});
