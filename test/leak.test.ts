// Memory: what a run takes it gives back, however it ends. One process each, because it is the process that grows.

import test, { type ExecutionContext } from 'ava';
import { child } from './support/runs.js';

const MEGABYTE = 2 ** 20;

/**
 * Calls `once` until memory has settled, then as often again, and returns how much the process has grown in the second
 * half. Several runs go at once, which is harder on memory and easier on time.
 */
async function growth(t: ExecutionContext, calls: number, once: string): Promise<number> {
  const result = await child(
    `
    const once = async (i) => { ${once} };
    const half = async () => {
      for (let i = 0; i < ${calls}; i += 4) await Promise.all([i, i + 1, i + 2, i + 3].map(once));
      for (let i = 0; i < 5; i++) { gc(); await new Promise((resolve) => setImmediate(resolve)); }
      return process.memoryUsage.rss();
    };
    const before = await half();
    console.log(await half() - before);
  `,
    // glibc keeps freed memory per thread; with two pools it is kept in few places, and what grows is a leak.
    { flags: ['--expose-gc'], env: { MALLOC_ARENA_MAX: '2' } },
  );
  t.is(result.code, 0, result.stderr);
  return Number(result.stdout);
}

// At 64x64 a session, the images and the picture are about 1.3 MB, and every hundred of them 130 MB.
const LARGER = `{ ...base, content: wave(64, 64), style: wave(64, 64, 3), size: 64 }`;
const TOLERANCE = 8 * MEGABYTE;

for (const [title, calls, once] of [
  ['200 runs', 100, `await stylize({ ...${LARGER}, onProgress: (p) => p.image() });`],
  [
    '100 runs that are left early',
    52,
    `for await (const p of stylize(${LARGER})) if (p.iteration === 2) break;`,
  ],
  [
    '100 aborted runs',
    52,
    `const controller = new AbortController();
     const run = stylize({ ...${LARGER}, signal: controller.signal, onProgress: () => controller.abort() });
     await run.then(() => { throw new Error('not aborted'); }, ({ name }) => { if (name !== 'AbortError') throw name; });`,
  ],
  [
    '50 runs that fail, at every stage',
    28,
    `const changes = [
       { size: 0 }, { style: '/nowhere.png' }, { weights: '/nowhere' }, { styleLayers: ['relu9_1'] },
       { optimizer: 'adam', learningRate: 1e30 }, { onProgress: () => { throw new Error('no'); } }, { size: 65536 },
     ][i % 7];
     await stylize({ ...${LARGER}, ...changes }).then(() => { throw new Error('it did not fail'); }, () => {});`,
  ],
] as const) {
  test.serial(`${title} leave nothing behind`, async (t) => {
    const grown = await growth(t, calls, once);
    t.log(`${(grown / MEGABYTE).toFixed(1)} MB more after the second half`);
    t.true(grown < TOLERANCE, `${grown} bytes more`);
  });
}
