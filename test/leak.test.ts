// Memory: what a run takes it gives back, however it ends. In a process of its own, because it is the process that
// grows.

import test from 'ava';
import { child } from './support/runs.js';

const MEGABYTE = 2 ** 20;

/** What a hundred runs may add to a process that has done all of this before; noise is about 5 MB. */
const TOLERANCE = 8 * MEGABYTE;

// At 64x64 a session is about 1 MB, and the images and the picture are 0.2 MB: of either, a hundred would show.
const RUNS = `
  const larger = { ...base, content: wave(64, 64), style: wave(64, 64, 3), size: 64 };
  const must = async (run, code) => {
    const error = await run.then(() => undefined, (error) => error);
    if (!error || (code && (error.code ?? error.name) !== code)) throw error ?? new Error('it did not fail');
  };
  const failing = [
    [{ size: 0 }, 'ERR_OPTION'],
    [{ style: '/nowhere.png' }, 'ERR_IMAGE'],
    [{ weights: '/nowhere' }, 'ERR_WEIGHTS'],
    [{ styleLayers: ['relu9_1'] }, 'ERR_OPTION'],
    [{ optimizer: 'adam', learningRate: 1e30 }, 'ERR_DIVERGED'],
    [{ onProgress: () => { throw Object.assign(new Error(), { code: 'mine' }); } }, 'mine'],
    [{ size: 1 }, 'ERR_IMAGE_SIZE'],
  ];
  const kinds = {
    'runs with previews': async () => {
      await stylize({ ...larger, onProgress: (p) => p.image() });
    },
    'aborted runs': async () => {
      const controller = new AbortController();
      const { signal } = controller;
      await must(stylize({ ...larger, signal, onProgress: () => controller.abort() }), 20);
    },
    'runs left early': async () => {
      for await (const { iteration } of stylize(larger)) if (iteration === 2) break;
    },
    'failing runs': async (i) => {
      const [changes, code] = failing[i % failing.length];
      await must(stylize({ ...larger, ...changes }), code);
    },
  };
  // Four at once, which is harder on memory and easier on time.
  const repeat = async (kind, calls) => {
    for (let i = 0; i < calls; i += 4) await Promise.all([i, i + 1, i + 2, i + 3].map(kinds[kind]));
    for (let i = 0; i < 5; i++) { gc(); await new Promise((resolve) => setImmediate(resolve)); }
    return process.memoryUsage.rss();
  };
`;

test('runs leave nothing behind, however they end', async (t) => {
  const { code, stdout, stderr } = await child(
    `
    ${RUNS}
    for (const kind in kinds) await repeat(kind, 12);
    let before = await repeat('runs with previews', 60);
    for (const [kind, calls] of [
      ['runs with previews', 100], ['aborted runs', 100], ['runs left early', 28], ['failing runs', 56],
    ]) {
      // What leaks does so every time; what only settles does not.
      let grown = Infinity;
      for (let attempt = 1; attempt <= 3 && grown >= ${TOLERANCE}; attempt++) {
        const after = await repeat(kind, calls);
        grown = Math.min(grown, after - before);
        before = after;
      }
      console.log(JSON.stringify({ kind, calls, grown }));
    }
  `,
    // glibc keeps freed memory per thread; with two pools it is kept in few places, and what grows is a leak.
    { flags: ['--expose-gc'], env: { MALLOC_ARENA_MAX: '2' } },
  );
  t.is(code, 0, stderr);
  const results = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { kind: string; calls: number; grown: number });
  t.is(results.length, 4);
  for (const { kind, calls, grown } of results) {
    const message = `${calls} ${kind}: ${(grown / MEGABYTE).toFixed(1)} MB more`;
    t.log(message);
    t.true(grown < TOLERANCE, message);
  }
});
