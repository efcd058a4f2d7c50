// Memory is set aside before it is taken, in one account for all runs of the process, and given back however they end;
// where it ends all the same, that is an error with advice.

import { Worker } from 'node:worker_threads';
import test, { type ExecutionContext } from 'ava';
import { addon, type EngineSession } from '../dist/engine/addon.js';
import { hostMemory } from '../dist/engine/memory.js';
import { DeviceError, Engine, MemoryError, Run, type StylizeOptions, stylize } from '../dist/index.js';
import { child, collectGarbage, entry, instead, options, wave } from './support/runs.js';

const make = (account: string, bytes: number, available: number, taken: number) =>
  addon().Reservation.make(account, bytes, available, taken);

const ALL = 1e15;

/** Bytes that are set aside on this machine's account, and those that the process had before; 0 if nothing is. */
const setAside = () => ALL - make('host', 2 * ALL, ALL, 0).left;

test('two cannot both pass a check that only one fits', (t) => {
  const first = make('made up', 60, 100, 1000);
  t.is(first.left, 100);
  t.truthy(first.reservation);
  t.deepEqual(make('made up', 60, 100, 1000), { left: 40 }, 'before anything is taken');
  t.deepEqual(make('made up', 60, 50, 1050), { left: 40 }, 'while it is');
  t.deepEqual(make('made up', 60, 40, 1060), { left: 40 }, 'and when it is all taken');
  t.is(make('another', 60, 100, 1000).left, 100, 'another device has its own account');
  const second = make('made up', 40, 100, 1000);
  t.is(make('made up', 1, 100, 1000).left, 0);
  first.reservation!.release();
  first.reservation!.release();
  t.is(make('made up', 1e9, 100, 1000).left, 60, 'given back once, however often it is said');
  second.reservation!.release();
  t.is(make('made up', 1e9, 70, 1000).left, 70);
});

test('a reservation that nobody holds is given back', async (t) => {
  const forget = () => t.truthy(make('forgotten', 60, 100, 0).reservation);
  forget();
  for (let i = 0; i < 50 && make('forgotten', 1e9, 100, 0).left < 100; i++) await collectGarbage();
  t.is(make('forgotten', 1e9, 100, 0).left, 100);
});

test('what is set aside is a number of bytes', (t) => {
  for (const wrong of [undefined, '5', -1, Number.NaN, Number.POSITIVE_INFINITY] as number[]) {
    t.throws(() => make('wrong', wrong, 1, 1), {
      instanceOf: TypeError,
      message: /^bytes must be a number of bytes/,
    });
    t.throws(() => make('wrong', 1, wrong, 1), { instanceOf: TypeError, message: /^available must be/ });
    t.throws(() => make('wrong', 1, 1, wrong), { instanceOf: TypeError, message: /^taken must be/ });
  }
});

const must = async (t: ExecutionContext, run: Promise<unknown>) => {
  await t.throwsAsync(run, { any: true });
};
const ENDS: Record<string, (t: ExecutionContext, given: StylizeOptions) => Promise<unknown>> = {
  'with a picture': (_, given) => stylize(given),
  'with an error before the run': (t, given) => must(t, stylize({ ...given, styleLayers: ['relu9_1'] })),
  'with an error while images are read': (t, given) => must(t, stylize({ ...given, init: '/nowhere.png' })),
  'with an error in the run': (t, given) =>
    must(t, stylize({ ...given, optimizer: 'adam', learningRate: 1e30, iterations: 9 })),
  'with what onProgress throws': (t, given) =>
    must(t, stylize({ ...given, onProgress: () => Promise.reject('enough') })),
  'by a signal': (t, given) => {
    const controller = new AbortController();
    const onProgress = () => controller.abort();
    return must(t, stylize({ ...given, signal: controller.signal, onProgress }));
  },
  'when its loop is left': async (t, given) => {
    for await (const _ of stylize(given)) {
      t.true(setAside() > 0);
      break;
    }
  },
  'by dispose()': async (t, { device, precision, ...given }) => {
    const engine = await Engine.open({ device: 'cpu' });
    const run = await Run.start(engine, given);
    await run.next();
    t.true(setAside() > 0);
    await run.dispose();
    t.true(setAside() > 0, 'the network is still there');
    await engine.close();
  },
  'by dispose() after close()': async (t, { device, precision, ...given }) => {
    const engine = await Engine.open({ device: 'cpu' });
    const run = await Run.start(engine, given);
    await run.next();
    await engine.close();
    t.true(setAside() > 0, 'the run has it');
    await run.dispose();
  },
};
for (const [title, end] of Object.entries(ENDS)) {
  test.serial(`what was set aside is given back: a run that ends ${title}`, async (t) => {
    t.is(setAside(), 0);
    await end(t, options({ scales: 2, minSize: 8 }));
    t.is(setAside(), 0);
  });
}

test.serial('what a worker had set aside is given back when it is terminated', async (t) => {
  const code = `
    const { parentPort, workerData } = require('node:worker_threads');
    import(workerData.entry).then(async ({ Engine, Run }) => {
      const run = await Run.start(await Engine.open({ device: 'cpu' }), workerData.options);
      await run.next();
      parentPort.postMessage('standing');
    });
  `;
  const workerData = { entry, options: options() };
  const worker = new Worker(code, { eval: true, execArgv: [], workerData });
  await new Promise((resolve, reject) => worker.on('message', resolve).on('error', reject));
  t.true(setAside() > 0);
  await worker.terminate();
  t.is(setAside(), 0);
});

/** Makes up the machine's memory. */
function withMemory(t: ExecutionContext, available: number) {
  const system = process as unknown as { availableMemory(): number };
  const { availableMemory } = system;
  const { memoryUsage } = process;
  t.teardown(() => Object.assign(process, { availableMemory, memoryUsage }));
  system.availableMemory = () => available;
  process.memoryUsage = Object.assign(() => memoryUsage(), { rss: () => 0 });
}

test.serial('of runs at once those begin that fit beside each other, and others later', async (t) => {
  withMemory(t, 1);
  const large = { content: wave(200, 200), style: wave(200, 200, 2), size: 200, iterations: 1 };
  const refused = await t.throwsAsync(stylize(options(large)), { instanceOf: MemoryError });
  const { required } = refused!;
  for (const fit of [1, 2]) {
    withMemory(t, Math.ceil(required * (fit + 0.6))); // the network is counted twice while its first run is there
    const runs = await Promise.allSettled(Array.from({ length: 4 }, () => stylize(options(large))));
    const failed = runs.flatMap((run) => (run.status === 'rejected' ? [run.reason] : []));
    t.is(runs.length - failed.length, fit);
    for (const error of failed) {
      t.true(error instanceof MemoryError);
      t.is(error.required, required);
      t.true(error.available < required);
      t.true(error.fittingSize < 200);
    }
    t.is((await stylize(options(large))).width, 200);
    t.is(setAside(), 0);
  }
});

const outOfMemory = () =>
  Promise.reject(Object.assign(new Error('out of memory'), { code: 'OUT_OF_MEMORY' }));
const outOfThreads = () => Promise.reject(Object.assign(new Error('no threads'), { code: 'OUT_OF_THREADS' }));

/** Lets `fails` stand in for a part of the engine. */
const PARTS: Record<string, (fails: () => Promise<never>) => void> = {
  'opening the device': (fails) => {
    addon().Backend = { open: fails };
  },
  'the network': (fails) => {
    addon().Network = { load: fails };
  },
  'the first picture': (fails) => {
    addon().whiteNoise = fails;
  },
  'resizing an image': (fails) => {
    addon().resample = fails;
  },
  'the targets': (fails) => {
    const { estimate } = addon().Session;
    addon().Session = { estimate, create: () => ({ session: fails(), cancel() {} }) };
  },
  'a step': (fails) => replaceIn({ step: fails }),
  'the picture': (fails) => replaceIn({ image: fails }),
};

function replaceIn(methods: Partial<EngineSession>) {
  const { estimate, create } = addon().Session;
  addon().Session = {
    estimate,
    create: (...given) => {
      const { session, cancel } = create(...given);
      return { session: session.then((real) => instead(real, methods)), cancel };
    },
  };
}

for (const [title, replace] of Object.entries(PARTS)) {
  test.serial(`memory, or threads, that end in the middle: ${title}`, async (t) => {
    const parts = { ...addon() };
    t.teardown(() => Object.assign(addon(), parts));
    const given = options({ init: 'noise', style: wave(50, 40), scales: 2, minSize: 8 });
    replace(outOfMemory);
    const error = await t.throwsAsync(stylize(given), { instanceOf: MemoryError });
    t.is(error?.code, 'ERR_MEMORY');
    t.is(error?.required, 0);
    t.true(error!.available > 0);
    t.regex(
      error!.message,
      /^the machine ran out of memory .*\(\d+ MB are free\): a smaller size, fewer runs at once/,
    );
    t.like(error?.cause, { code: 'OUT_OF_MEMORY' });
    t.is(setAside(), 0);
    Object.assign(addon(), parts);
    replace(outOfThreads);
    const threads = await t.throwsAsync(stylize(given), { instanceOf: DeviceError });
    t.is(threads?.device, 'cpu');
    t.regex(threads!.message, /^no threads: fewer runs at once, or a higher limit on threads, helps$/);
    t.is(setAside(), 0);
    Object.assign(addon(), parts);
    t.is((await stylize(given)).width, 24, 'the next one is well');
  });
}

// Of the shell, so only where there is one that can limit memory.
const limited = process.platform === 'linux' ? test : test.skip;

const RUNS = `
  import { readFileSync } from 'node:fs';
  const big = { ...base, content: wave(400, 400), style: wave(400, 400, 3), size: 400, device: 'cpu' };
  const run = () => stylize(big).then(({ width }) => width, (error) => error.code ?? error.message);
`;

limited('eight runs under a limit on memory end each in a picture or an error', async (t) => {
  // What the process has when one run has been, but for what that run has given back.
  // Freed memory that the C library keeps for each thread would count too.
  const env = { MALLOC_ARENA_MAX: '2' };
  const alone = await child(
    `${RUNS}
    await run();
    console.log(/^VmSize:\\s+(\\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))[1]);`,
    { env },
  );
  const memory = Number(alone.stdout) + 300_000;
  const { code, signal, stdout, stderr } = await child(
    `${RUNS}
    const ends = [await run(), ...(await Promise.all(Array.from({ length: 8 }, run))), await run()];
    console.log(JSON.stringify(ends));`,
    { env, memory },
  );
  t.deepEqual([code, signal], [0, null], stderr);
  const ends = JSON.parse(stdout) as (number | string)[];
  t.log(ends.join(' '));
  t.is(ends.length, 10);
  for (const end of ends) t.true([400, 'ERR_MEMORY', 'ERR_DEVICE'].includes(end), String(end));
  t.is(ends[0], 400);
  t.true(ends.includes('ERR_MEMORY'));
  t.is(ends[9], 400, 'and when they are gone, another has room');
});

limited('a limit on memory is part of what is available', async (t) => {
  const module = JSON.stringify(new URL('../dist/engine/memory.js', import.meta.url).href);
  const { stdout, stderr } = await child(
    `
    const { hostMemory } = await import(${module});
    console.log(hostMemory().available);`,
    { memory: 1_200_000 },
  );
  t.true(Number(stdout) < 1.2e9, stderr);
  t.true(hostMemory().available > 0);
});
