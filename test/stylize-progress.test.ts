// A run as a promise and as an iteration, and what it tells on the way.

import test from 'ava';
import { type Progress, type Stylization, type StylizeOptions, stylize } from '../dist/index.js';
import { bits, collect, options, wave } from './support/runs.js';

const turn = () => new Promise((resolve) => setImmediate(resolve));

const pyramid: Partial<StylizeOptions> = { content: wave(30, 20), scales: 3, minSize: 8, size: 24 };

test('promise and iteration give the same picture', async (t) => {
  const awaited = await stylize(options(pyramid));
  const iterated = stylize(options(pyramid));
  const progress = await collect(iterated);
  t.is(progress.length, 9);
  t.is(bits(await iterated), bits(awaited));
});

test('every progress counts, sums up and foretells', async (t) => {
  const progress: Progress[] = [];
  await stylize(
    options({
      ...pyramid,
      contentLayers: ['relu2_2', 'relu1_2'],
      tvWeight: 0.01,
      onProgress: (p) => progress.push(p),
    }),
  );
  t.deepEqual(
    progress.map((p) => [p.scale, p.scaleIndex, p.scaleCount, p.iteration, p.iterations]),
    [
      [12, 8],
      [17, 11],
      [24, 16],
    ].flatMap((scale, i) => [1, 2, 3].map((k) => [scale, i + 1, 3, k, 3])),
  );
  for (const [i, p] of progress.entries()) {
    t.deepEqual(Object.keys(p.content), ['relu2_2', 'relu1_2']);
    t.deepEqual(Object.keys(p.style), ['relu1_1', 'relu2_1']);
    const terms = [...Object.values(p.content), ...Object.values(p.style), p.tv];
    t.true(terms.every((term) => term >= 0 && Number.isFinite(term)));
    const sum = terms.reduce((a, b) => a + b, 0);
    t.true(Math.abs(p.total / sum - 1) < 1e-12);
    t.true(p.elapsed > (progress[i - 1]?.elapsed ?? 0));
    t.true(i === 8 ? p.remaining === 0 : p.remaining > 0);
  }
  const [first, second] = progress;
  t.is(first?.content.relu2_2, 0, 'it starts at the content');
  t.true(second!.content.relu2_2! > 0);
});

test('the time to come is in proportion to pixels', async (t) => {
  const progress: Progress[] = [];
  await stylize(options({ ...pyramid, onProgress: (p) => progress.push(p) }));
  const [a, b, c] = [12 * 8, 17 * 11, 24 * 16] as const;
  for (const [i, done] of [a, 2 * a, 3 * a, 3 * a + b, 3 * a + 2 * b].entries()) {
    const { elapsed, remaining } = progress[i]!;
    t.true(Math.abs(remaining / elapsed / ((3 * (a + b + c) - done) / done) - 1) < 1e-9);
  }
});

test('onProgress is waited for', async (t) => {
  let inside = 0;
  let calls = 0;
  await stylize(
    options({
      onProgress: async () => {
        calls++;
        t.is(++inside, 1);
        for (let i = 0; i < 20; i++) await turn();
        inside--;
      },
    }),
  );
  t.is(calls, 3);
  t.is(inside, 0);
});

test('onProgress and iteration see the same progress, onProgress first', async (t) => {
  const seen: Progress[] = [];
  for await (const progress of stylize(options({ onProgress: (p) => seen.push(p) }))) {
    t.is(seen.at(-1), progress);
  }
  t.is(seen.length, 3);
});

for (const [title, onProgress] of [
  [
    'throws',
    (error: Error) => {
      throw error;
    },
  ],
  ['rejects', (error: Error) => Promise.reject(error)],
] as const) {
  test(`the run ends with what onProgress ${title}`, async (t) => {
    const error = new Error('enough');
    let calls = 0;
    const changes = {
      onProgress: (p: Progress) => {
        calls++;
        return p.iteration === 2 ? onProgress(error) : undefined;
      },
    };
    t.is(await t.throwsAsync(stylize(options(changes))), error);
    t.is(calls, 2);
    t.is(await t.throwsAsync(collect(stylize(options(changes)))), error);
    t.is(calls, 4);
  });
}

test('an iteration drives the run: nothing is computed ahead', async (t) => {
  let calls = 0;
  const run = stylize(options({ onProgress: () => calls++ }));
  const iterator = run[Symbol.asyncIterator]();
  for (let i = 0; i < 20; i++) await turn();
  t.is(calls, 0);
  await iterator.next();
  for (let i = 0; i < 20; i++) await turn();
  t.is(calls, 1);
  await iterator.next();
  await iterator.next();
  t.deepEqual(await iterator.next(), { done: true, value: undefined });
  t.deepEqual(await iterator.next(), { done: true, value: undefined });
  t.is((await run).width, 24);
});

test('next() may be called ahead', async (t) => {
  const iterator = stylize(options())[Symbol.asyncIterator]();
  const results = await Promise.all(Array.from({ length: 4 }, () => iterator.next()));
  t.deepEqual(
    results.map(({ done, value }) => (done ? 0 : value.iteration)),
    [1, 2, 3, 0],
  );
});

test('leaving the loop early rejects the promise with an AbortError', async (t) => {
  const run = stylize(options());
  for await (const { iteration } of run) if (iteration === 2) break;
  const error = await t.throwsAsync(run, { name: 'AbortError', any: true });
  t.true(error instanceof DOMException);
});

test('throwing in the loop ends the run', async (t) => {
  const run = stylize(options());
  const error = new Error('enough');
  const loop = async () => {
    for await (const _ of run) throw error;
  };
  t.is(await t.throwsAsync(loop()), error);
  await t.throwsAsync(run, { name: 'AbortError', any: true });
});

test('an error reaches the loop and the promise', async (t) => {
  const run = stylize(options({ content: '/nowhere.png' }));
  const error = await t.throwsAsync(collect(run), { code: 'ERR_IMAGE' });
  t.is(await t.throwsAsync(run), error);
});

test.serial('whoever leaves a loop, or sees its error there, need not look at the promise', async (t) => {
  const rejections: unknown[] = [];
  const listener = (reason: unknown) => rejections.push(reason);
  process.on('unhandledRejection', listener);
  t.teardown(() => process.off('unhandledRejection', listener));
  for await (const _ of stylize(options())) break;
  await t.throwsAsync(collect(stylize(options({ style: '/nowhere.png' }))));
  await t.throwsAsync(collect(stylize(options({ size: -1 }))));
  for (let i = 0; i < 20; i++) await turn();
  t.deepEqual(rejections, []);
});

const late = { instanceOf: TypeError, message: /can be iterated once/ };

test('a second iteration throws, whatever became of the first', async (t) => {
  const run = stylize(options());
  await collect(run);
  t.throws(() => run[Symbol.asyncIterator](), late);
  t.is((await run).width, 24);
  const left = stylize(options());
  for await (const _ of left) break;
  await t.throwsAsync(collect(left), late);
  const twice = stylize(options());
  const loops = [collect(twice), collect(twice)];
  await t.throwsAsync(loops[1]!, late);
  t.is((await loops[0])?.length, 3);
});

test('a run that goes by itself cannot be iterated any more, and loses nothing by the attempt', async (t) => {
  const run = stylize(options());
  await turn();
  await t.throwsAsync(collect(run), late);
  t.is((await run).width, 24);
  await t.throwsAsync(collect(run), late);
});

test('a run is a promise like any other', async (t) => {
  const run: Stylization = stylize(options());
  t.true(run instanceof Promise);
  let done = false;
  const pictures = await Promise.all([
    run,
    run.finally(() => {
      done = true;
    }),
    Promise.race([run]),
  ]);
  t.true(done);
  t.is(new Set(pictures).size, 1);
});
