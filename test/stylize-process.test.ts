// Runs beside everything else in a process: the event loop turns meanwhile, workers may run them and be terminated,
// and the process may end in the middle.

import { Worker } from 'node:worker_threads';
import test from 'ava';
import { stylize } from '../dist/index.js';
import { bits, child, type Ended, entry, network, options, wave } from './support/runs.js';

const middling = await network({ blocks: [2, 2], widths: [16, 32] });

test('the event loop turns while an iteration is computed', async (t) => {
  let turns = 0;
  let running = true;
  const spin = () => {
    turns++;
    if (running) setImmediate(spin);
  };
  spin();
  const seen: number[] = [];
  await stylize(
    options({
      weights: middling,
      content: wave(200, 200),
      style: wave(200, 200, 2),
      size: 200,
      onProgress: () => seen.push(turns),
    }),
  );
  running = false;
  // A loop that were blocked would turn once or twice from one iteration to the next.
  for (const i of [1, 2]) t.true(seen[i]! - seen[i - 1]! > 20, `${seen}`);
});

// Worker code: runs what the main thread sends, `iterations` of it, and posts each progress and the picture.
const WORKER = `
  const { parentPort, workerData } = require('node:worker_threads');
  import(workerData.entry).then(async ({ stylize }) => {
    const onProgress = ({ iteration }) => parentPort.postMessage({ iteration });
    const run = () => stylize({ ...workerData.options, onProgress });
    const runs = Array.from({ length: workerData.runs }, run);
    const [picture] = await Promise.all(runs);
    parentPort.postMessage({ data: picture.data });
  });
`;
const worker = (workerData: object) =>
  new Worker(WORKER, { eval: true, execArgv: [], workerData: { entry, runs: 1, ...workerData } });

test('a worker paints the same picture', async (t) => {
  const data = await new Promise<Float32Array>((resolve, reject) => {
    const running = worker({ options: options() });
    running.on('message', (message) => message.data && resolve(message.data));
    running.on('error', reject);
  });
  t.is(bits({ data }), bits(await stylize(options())));
});

function ended(
  t: { deepEqual(a: unknown, b: unknown): void },
  { code, signal, stdout, stderr }: Ended,
  wanted: object,
) {
  t.deepEqual({ code, signal, stdout, stderr }, { signal: null, stderr: '', stdout: '', ...wanted });
}

const LARGE = `{ ...base, content: wave(300, 300), style: wave(300, 300, 2), size: 300, iterations: 1e9 }`;

test('workers may be terminated in the middle of several runs, and others go on', async (t) => {
  const result = await child(`
    import { Worker } from 'node:worker_threads';
    const workerData = { entry: ${JSON.stringify(entry)}, runs: 3, options: ${LARGE} };
    for (let i = 0; i < 6; i++) {
      const worker = new Worker(${JSON.stringify(WORKER)}, { eval: true, execArgv: [], workerData });
      await new Promise((resolve, reject) => {
        worker.on('error', reject);
        worker.on('message', ({ iteration }) => iteration === 1 + (i % 3) && worker.terminate().then(resolve));
      });
    }
    const { width } = await stylize(base);
    console.log(width);
  `);
  ended(t, result, { code: 0, stdout: '24\n' });
});

test('a process in which only workers use the engine, one after the other', async (t) => {
  const result = await child(`
    import { Worker } from 'node:worker_threads';
    const workerData = { entry: ${JSON.stringify(entry)}, runs: 2, options: base };
    for (let i = 0; i < 4; i++) {
      const worker = new Worker(${JSON.stringify(WORKER)}, { eval: true, execArgv: [], workerData });
      await new Promise((resolve, reject) => worker.on('error', reject).on('exit', resolve));
    }
  `);
  ended(t, result, { code: 0 });
});

for (const [title, code, wanted] of [
  ['process.exit()', 'process.exit(7)', { code: 7 }],
  ['an error that nobody catches', 'setImmediate(() => { throw "enough"; })', { code: 1 }],
] as const) {
  test(`${title} in the middle of several runs`, async (t) => {
    for (const iteration of [1, 2, 3]) {
      const { stderr, ...result } = await child(`
        const onProgress = (p) => { if (p.iteration === ${iteration}) ${code}; };
        for (let i = 0; i < 3; i++) stylize({ ...${LARGE}, onProgress: i === 0 ? onProgress : undefined });
      `);
      t.is(stderr === '', wanted.code === 7, stderr);
      ended(t, { ...result, stderr: '' }, wanted);
    }
  });
}

test('process.exit() while targets are collected', async (t) => {
  const result = await child(`
    process.availableMemory = () => { setTimeout(() => process.exit(7), 100); return 1e12; };
    for (let i = 0; i < 3; i++) stylize({ ...${LARGE}, style: wave(2000, 2000), styleScale: 7 });
  `);
  ended(t, result, { code: 7 });
});

test('a process whose runs have ended ends by itself', async (t) => {
  ended(t, await child(`await Promise.all([stylize(base), stylize(base)]);`), { code: 0 });
});

test('a run keeps the process alive to its end', async (t) => {
  ended(t, await child(`stylize(base).then(({ width }) => console.log(width));`), {
    code: 0,
    stdout: '24\n',
  });
});
