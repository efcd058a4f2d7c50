// A session that is followed: it stands after every iteration until it may proceed, and can be looked at on the way of a
// step, whoever watches.

import { readFileSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import test from 'ava';
import type { EngineLosses, EngineSession } from '../dist/engine/addon.js';
import { after, create, type Given, large, settings, start, style } from './support/engine.js';
import { bits, child, entry, wave } from './support/runs.js';

const KINDS: Record<string, Partial<Given>> = {
  lbfgs: {},
  adam: { optimizer: { ...settings.optimizer, kind: 'adam' } },
  'adam with averaging': { optimizer: { ...settings.optimizer, kind: 'adam' }, averaging: 0.8 },
};

interface Arrival {
  iteration: number;
  losses: EngineLosses;
}

/** A watched step, and its iterations as they come. */
function followed(session: EngineSession, count: number) {
  const arrivals: Arrival[] = [];
  let wake = () => {};
  const done = session.step(count, (iteration, losses) => {
    arrivals.push({ iteration, losses });
    wake();
  });
  const arrival = async (n: number) => {
    while (arrivals.length < n) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    return arrivals[n - 1]!;
  };
  return { arrivals, arrival, done };
}

for (const [title, kind] of Object.entries(KINDS)) {
  test(`${title}: watch is called once an iteration, with its losses`, async (t) => {
    const alone = await create(kind);
    const wanted: Arrival[] = [];
    for (let i = 1; i <= 6; i++) wanted.push({ iteration: i, losses: await alone.step(1) });
    const session = await create(kind);
    const { arrivals, arrival, done } = followed(session, 6);
    for (let i = 1; i <= 6; i++) {
      await arrival(i);
      for (let k = 0; k < 20; k++) await turn();
      t.is(arrivals.length, i, 'it stands');
      session.proceed();
    }
    t.deepEqual(await done, wanted[5]!.losses);
    t.deepEqual(arrivals, wanted);
    for (const { losses } of wanted) {
      t.is(losses.terms.length, settings.terms.length);
      t.is(losses.total, losses.terms.reduce((a, b) => a + b, 0)); // biome-ignore format: a sum
    }
    t.deepEqual(await session.image(), await alone.image());
    t.deepEqual(await session.save(), await alone.save());
    await Promise.all([session.dispose(), alone.dispose()]);
  });

  test(`${title}: while it stands, picture and state are those of a run of so many iterations`, async (t) => {
    const session = await create(kind);
    const { arrival, done } = followed(session, 5);
    for (let i = 1; i <= 5; i++) {
      await arrival(i);
      const other = await after(i, kind);
      const state = await other.save();
      const image = await other.image();
      for (let k = 0; k < 3; k++) {
        t.deepEqual(await session.image(), image, `picture after ${i}`);
        t.deepEqual(await session.save(), state, `state after ${i}`);
      }
      t.is(state.numbers.iteration![0], i);
      await other.dispose();
      session.proceed();
    }
    await done;
    await session.dispose();
  });
}

test('steps one after the other, some of them watched, are as one', async (t) => {
  const session = await create();
  await session.step(2);
  const first = followed(session, 2);
  t.is((await first.arrival(1)).iteration, 3, 'counted on');
  session.proceed();
  await first.done;
  await session.step(1);
  const second = followed(session, 1);
  t.is((await second.arrival(1)).iteration, 6);
  await second.done;
  t.deepEqual(await session.save(), await (await after(6)).save());
});

test('proceed() without need is harmless', async (t) => {
  const session = await create();
  for (let i = 0; i < 3; i++) session.proceed();
  t.deepEqual(await session.image(), start.data);
  const plain = session.step(2);
  session.proceed();
  await plain;
  session.proceed();
  const { arrivals, arrival, done } = followed(session, 3);
  await arrival(1);
  for (let k = 0; k < 20; k++) await turn();
  t.is(arrivals.length, 1, 'what came before the step lets nothing through');
  session.proceed();
  await arrival(2);
  session.proceed();
  await done;
  session.proceed();
  t.deepEqual(await session.save(), await (await after(5)).save());
});

test('in the middle of a long step picture and state are there before its end', async (t) => {
  const session = await create(large);
  let ended = false;
  const step = session.step(1_000_000).finally(() => {
    ended = true;
  });
  const seen = new Set<string>();
  let last = -1;
  for (let i = 0; i < 3 || seen.size < 2; i++) {
    const [image, { vectors, numbers }] = await Promise.all([session.image(), session.save()]);
    t.false(ended);
    t.is(image.length, large.start.data.length);
    t.true(numbers.iteration![0]! >= last, 'it goes on');
    last = numbers.iteration![0]!;
    seen.add(bits({ data: vectors.picture! }));
  }
  session.cancel();
  await t.throwsAsync(step, { code: 'CANCELLED' });
  await session.dispose();
});

test('a state out of a step goes on as one from its end does', async (t) => {
  const size = { start: wave(90, 90, 3), images: [wave(90, 90), style] };
  const session = await create(size);
  const step = session.step(12);
  await session.image();
  const state = await session.save();
  const done = state.numbers.iteration![0]!;
  await step;
  const other = await create(size);
  await other.restore(state);
  if (done < 12) await other.step(12 - done);
  t.deepEqual(await other.save(), await session.save());
  await Promise.all([session.dispose(), other.dispose()]);
});

const threads = () => Number(/^Threads:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]);
(process.platform === 'linux' ? test.serial : test.skip)(
  'any number of pictures at once need no more threads',
  async (t) => {
    const session = await create(large);
    await session.step(1);
    const before = threads();
    const step = session.step(3);
    const images = Array.from({ length: 200 }, () => session.image());
    const most = threads();
    const found = await Promise.all(images);
    await step;
    t.true(most - before <= 4, `${before}, then ${most}`);
    t.true(found.every((image) => image.length === large.start.data.length));
    await session.dispose();
  },
);

test('cancelled while it stands', async (t) => {
  const session = await create();
  const { arrivals, arrival, done } = followed(session, 100);
  await arrival(1);
  session.proceed();
  await arrival(2);
  const image = await session.image();
  session.cancel();
  await t.throwsAsync(done, { code: 'CANCELLED' });
  session.proceed();
  for (let k = 0; k < 20; k++) await turn();
  t.is(arrivals.length, 2);
  t.deepEqual(await session.image(), image, 'its picture stays that of the iteration');
  t.deepEqual(await session.save(), await (await after(2)).save());
  await t.throwsAsync(session.step(1), { code: 'CANCELLED' });
  await session.dispose();
});

test('disposed of while it stands', async (t) => {
  for (const asked of [false, true]) {
    const session = await create(large);
    const { arrival, done } = followed(session, 100);
    await arrival(1);
    const image = asked ? session.image() : undefined;
    const [step] = await Promise.allSettled([done, session.dispose(), session.dispose()]);
    t.is(step.status === 'rejected' && step.reason.code, 'CANCELLED');
    if (image) t.is((await image).length, large.start.data.length);
    t.throws(() => session.image(), { message: /disposed/ });
    session.proceed();
  }
});

test('a divergence in a watched step: the iteration and the last good picture', async (t) => {
  const optimizer = { ...settings.optimizer, kind: 'adam' as const, learningRate: 1e30 };
  const session = await create({ optimizer });
  const { arrivals, arrival, done } = followed(session, 9);
  await arrival(1);
  const image = await session.image();
  session.proceed();
  const error = await t.throwsAsync<Error & { iteration?: number }>(done, { code: 'DIVERGED' });
  t.is(error?.iteration, 2);
  t.is(arrivals.length, 1);
  t.deepEqual(await session.image(), image);
  t.deepEqual(await session.image(), start.data);
  await session.dispose();
});

const PRELUDE = `
  const { create, large, given } = await import('./test/support/engine.ts');
`;
const onEngine = (code: string, flags: string[] = []) =>
  child(PRELUDE + code, { flags: ['--import=tsx', ...flags] });

test('a session that nobody holds ends its step all the same', async (t) => {
  const { code, stdout, stderr } = await onEngine(
    `
    const churn = () => Array.from({ length: 1000 }, () => ({}));
    for (let i = 0; i < 4; i++) {
      const step = (async () => (await (await create(i % 2 ? large : given)).step(10)).total)();
      for (let k = 0; k < 10; k++) { churn(); gc(); await new Promise(setImmediate); }
      if (!Number.isFinite(await step)) throw new Error('no loss');
      const watched = (async () => {
        let n = 0;
        const session = await create(given);
        await session.step(3, () => { n++; gc(); session.proceed(); });
        return n;
      })();
      for (let k = 0; k < 5; k++) { gc(); await new Promise(setImmediate); }
      if (await watched !== 3) throw new Error('not watched');
    }
    console.log('done');
    `,
    ['--expose-gc'],
  );
  t.is(code, 0, stderr);
  t.is(stdout, 'done\n');
});

test('a process, or a worker, may end while a session stands', async (t) => {
  const exits = await onEngine(`
    const session = await create(large);
    session.step(9, () => { session.image(); process.exit(7); });
  `);
  t.deepEqual([exits.code, exits.signal, exits.stderr], [7, null, '']);
  const worker = `
    const { parentPort, workerData } = require('node:worker_threads');
    import(workerData.entry).then(async ({ Engine, Run }) => {
      const run = await Run.start(await Engine.open({ device: 'cpu' }), { ...workerData.options, iterations: 100 });
      await run.next();
      parentPort.postMessage('standing');
    });
  `;
  const ends = await child(`
    import { Worker } from 'node:worker_threads';
    const workerData = { entry: ${JSON.stringify(entry)}, options: base };
    for (let i = 0; i < 3; i++) {
      const worker = new Worker(${JSON.stringify(worker)}, { eval: true, execArgv: [], workerData });
      await new Promise((resolve, reject) => worker.on('error', reject).on('message', resolve));
      await worker.terminate();
    }
    console.log((await stylize(base)).width);
  `);
  t.deepEqual([ends.code, ends.stdout, ends.stderr], [0, '24\n', '']);
});
