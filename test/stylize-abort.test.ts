// Aborting: at every stage the run rejects with the signal's very reason, gives its memory back, and disturbs no other.

import test from 'ava';
import { type Progress, type StylizeOptions, stylize } from '../dist/index.js';
import { bits, collect, options, watchSessions, wave } from './support/runs.js';

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Steps that take a while. */
const slow: Partial<StylizeOptions> = { content: wave(300, 300), style: wave(300, 300, 2), size: 300 };

test('a signal that is aborted already: nothing is opened', async (t) => {
  for (const reason of [new Error('no time'), 'a word', { a: 1 }]) {
    const given = options({
      content: '/nowhere.png',
      weights: '/nowhere',
      signal: AbortSignal.abort(reason),
    });
    t.is(await t.throwsAsync(stylize(given), { any: true }), reason as Error);
    t.is(await t.throwsAsync(collect(stylize(given)), { any: true }), reason as Error);
  }
  const run = stylize(options({ signal: AbortSignal.abort() }));
  await t.throwsAsync(run, { name: 'AbortError', any: true });
});

test('wrong options are told first', async (t) => {
  await t.throwsAsync(stylize(options({ size: 0, signal: AbortSignal.abort() })), { code: 'ERR_OPTION' });
});

test.serial('while files are read', async (t) => {
  const sessions = watchSessions(t);
  const controller = new AbortController();
  const run = stylize(options({ signal: controller.signal }));
  await turn();
  controller.abort(t);
  t.is(await t.throwsAsync(run, { any: true }), t as never);
  t.is(sessions.made, 0);
});

test.serial('while targets are collected', async (t) => {
  const controller = new AbortController();
  const reason = new Error('changed my mind');
  const sessions = watchSessions(t, { creation: () => setImmediate(() => controller.abort(reason)) });
  let calls = 0;
  const given = options({ ...slow, signal: controller.signal, onProgress: () => calls++ });
  t.is(await t.throwsAsync(stylize(given)), reason);
  t.deepEqual({ ...sessions, calls }, { alive: 0, made: 0, cancelled: 1, calls: 0 });
});

for (const [title, abort] of Object.entries({
  'in onProgress': (controller, reason) => controller.abort(reason),
  'during the next iteration': (controller, reason) => setImmediate(() => controller.abort(reason)),
} satisfies Record<string, (controller: AbortController, reason: Error) => void>)) {
  test.serial(title, async (t) => {
    const sessions = watchSessions(t);
    const controller = new AbortController();
    const reason = new Error('enough');
    const seen: Progress[] = [];
    const onProgress = (p: Progress) => {
      seen.push(p);
      if (p.iteration === 2) abort(controller, reason);
    };
    const given = options({ ...slow, iterations: 1000, signal: controller.signal, onProgress });
    t.is(await t.throwsAsync(stylize(given)), reason);
    t.true(seen.length <= 3);
    t.deepEqual({ ...sessions }, { alive: 0, made: 1, cancelled: 0 });
  });
}

test.serial('in onProgress of the very last iteration', async (t) => {
  const sessions = watchSessions(t);
  const controller = new AbortController();
  const onProgress = ({ iteration }: Progress) => {
    if (iteration === 3) controller.abort('late');
  };
  const run = stylize(options({ signal: controller.signal, onProgress }));
  t.is(await t.throwsAsync(run, { any: true }), 'late' as never);
  t.is(sessions.alive, 0);
});

test.serial('between two scales, while the picture is resized', async (t) => {
  const controller = new AbortController();
  let scale = 0;
  const sessions = watchSessions(t, { resample: () => scale === 1 && controller.abort('between') });
  const seen: number[] = [];
  const onProgress = ({ scaleIndex, iteration, iterations }: Progress) => {
    seen.push(scaleIndex);
    if (iteration === iterations) scale = scaleIndex;
  };
  const given = options({ ...slow, scales: 2, minSize: 8, signal: controller.signal, onProgress });
  t.is(await t.throwsAsync(stylize(given), { any: true }), 'between' as never);
  t.deepEqual(seen, [1, 1, 1]);
  t.deepEqual({ ...sessions }, { alive: 0, made: 1, cancelled: 0 });
});

test.serial('in an iteration', async (t) => {
  const sessions = watchSessions(t);
  const controller = new AbortController();
  const reason = new Error('enough');
  const run = stylize(options({ signal: controller.signal }));
  const loop = async () => {
    for await (const { iteration } of run) if (iteration === 2) controller.abort(reason);
  };
  t.is(await t.throwsAsync(loop()), reason);
  t.is(await t.throwsAsync(run), reason);
  t.is(sessions.alive, 0);
});

test.serial('memory is given back however a run ends', async (t) => {
  const sessions = watchSessions(t);
  await stylize(options({ scales: 2, minSize: 8 }));
  t.deepEqual({ ...sessions }, { alive: 0, made: 2, cancelled: 0 });
  await t.throwsAsync(stylize(options({ onProgress: () => Promise.reject(new Error('no')) })));
  await t.throwsAsync(stylize(options({ optimizer: 'adam', learningRate: 1e30 })), { code: 'ERR_DIVERGED' });
  for await (const _ of stylize(options())) break;
  const loop = async () => {
    for await (const _ of stylize(options())) throw new Error('no');
  };
  await t.throwsAsync(loop());
  t.deepEqual({ ...sessions }, { alive: 0, made: 6, cancelled: 0 });
});

test('a signal keeps no listeners', async (t) => {
  const { signal } = new AbortController();
  let listeners = 0;
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...given: unknown[]) => {
    listeners++;
    add(...(given as Parameters<typeof add>));
  };
  signal.removeEventListener = (...given: unknown[]) => {
    listeners--;
    remove(...(given as Parameters<typeof remove>));
  };
  await stylize(options({ iterations: 20, signal, onProgress: () => t.true(listeners === 0) }));
  t.is(listeners, 0);
});

test('of several runs at once only the one aborted ends, and the others are not changed by it', async (t) => {
  const alone = bits(await stylize(options({ ...slow, iterations: 4 })));
  const controller = new AbortController();
  let others = 0;
  const run = (changes: Partial<StylizeOptions>) => stylize(options({ ...slow, iterations: 4, ...changes }));
  const aborted = run({
    iterations: 1000,
    signal: controller.signal,
    onProgress: () => {
      if (others > 0) controller.abort('one');
    },
  });
  const count = { onProgress: () => others++ };
  const [reason, ...pictures] = await Promise.all([
    t.throwsAsync(aborted, { any: true }),
    run({ ...count, threads: 1 }),
    run(count),
  ]);
  t.is(reason, 'one' as never);
  t.deepEqual(pictures.map(bits), [alone, alone]);
});
