// The command that saves checkpoints: it may be stopped, or killed, at any moment, and goes on to the same file.

import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { readCheckpoint } from '../dist/run/checkpoint-file.js';
import { ended, MAIN, scumble, start, studio, weightsIn } from './support/cli.js';
import { classicFlags } from './support/runs.js';
import { seeded } from './support/safetensors.js';

/** Scales 32 × 24, 45 × 34 and 64 × 48. */
const RUN = [
  ...['content.png', 'style.png', '--size', '64', '--min-size', '32', '--iterations', '60', '--threads', '2'],
  ...[...classicFlags, '--init', 'noise', '--seed', '3', '--progress', 'json'],
];
const SAVED = [...RUN, '--checkpoint', 'run.ckpt', '--checkpoint-every', '5'];

async function prepared(t: ExecutionContext) {
  const folder = await studio(t);
  const env = { SCUMBLE_WEIGHTS: await weightsIn(folder) };
  return {
    folder,
    run: (...args: string[]) => scumble(folder, args, env),
    begin: (...args: string[]) => start(folder, [MAIN, ...args], env),
    read: (name: string) => readFile(join(folder, name)),
    files: async () =>
      (await readdir(folder)).filter((name) => !/^(content|style|other|tiny-)/.test(name)).sort(),
  };
}

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  test.serial(
    `${signal} saves a checkpoint and says how to go on, which ends in the same file`,
    async (t) => {
      const { folder, run, begin, read, files } = await prepared(t);
      t.is((await run(...RUN, '-o', 'whole.png', '--bit-depth', '16')).code, 0);
      const child = begin(...SAVED, '-o', 'out.png', '--bit-depth', '16', '--checkpoint-every', '1000s');
      const end = ended(child);
      for (let lines = 0; lines < 70; )
        lines += String(await once(child.stdout, 'data')).split('\n').length - 1;
      child.kill(signal);
      const stopped = await end;
      t.is(stopped.code, code, stopped.stderr);
      t.regex(stopped.stderr, /\nto go on: scumble resume run\.ckpt\n$/);
      const done = stopped.stdout.trimEnd().split('\n').length;
      const { standing } = await readCheckpoint(join(folder, 'run.ckpt'));
      t.is(60 * (standing.scaleIndex - 1) + standing.iteration, done, 'of where it was stopped');
      const resumed = await run('resume', 'run.ckpt', '--progress', 'json');
      t.is(resumed.code, 0, resumed.stderr);
      t.regex(resumed.stderr, /^going on at \d+×\d+ \(scale \d\/3\), after iteration \d+\nout\.png: 64×48, /);
      t.is(resumed.stdout.trimEnd().split('\n').length, 180 - done);
      t.deepEqual(await read('out.png'), await read('whole.png'));
      t.deepEqual(await files(), ['out.png', 'run.ckpt', 'run.previous.ckpt', 'whole.png']);
    },
  );
}

// SCUMBLE_KILLS=50 does as many.
const KILLS = Number(process.env.SCUMBLE_KILLS ?? 4);
test.serial('killed at random moments, it goes on from the last checkpoint to the same file', async (t) => {
  const { folder, run, begin, read, files } = await prepared(t);
  const began = performance.now();
  t.is((await run(...RUN, '-o', 'whole.png')).code, 0);
  const took = performance.now() - began;
  const random = seeded(11);
  let kills = 0;
  let ends = 0;
  let before = 0;
  while (kills < KILLS) {
    const isThere = (await files()).includes('run.ckpt');
    const child = isThere
      ? begin('resume', 'run.ckpt', '--progress', 'json')
      : begin(...SAVED, '-o', 'out.png');
    const end = ended(child);
    const killed = await Promise.race([
      end.then(() => false),
      wait(took * (0.2 + random())).then(() => true),
    ]);
    if (killed) {
      kills++;
      child.kill('SIGKILL');
    }
    const { code, stderr } = await end;
    if (code === 0) {
      ends++;
      t.deepEqual(await read('out.png'), await read('whole.png'));
      const { rm } = await import('node:fs/promises');
      for (const name of await files()) if (name.includes('.ckpt')) await rm(join(folder, name));
      before = 0;
      continue;
    }
    t.is(code, null, stderr);
    const left = await files();
    t.true(left.filter((name) => name.endsWith('.tmp')).length <= 2, left.join());
    if (!left.includes('run.ckpt')) continue; // before the first
    const { standing } = await readCheckpoint(join(folder, 'run.ckpt'));
    const now = 60 * (standing.scaleIndex - 1) + standing.iteration;
    t.true(now >= before, 'nothing that was saved is lost');
    before = now;
  }
  t.log(`${kills} kills, ${ends} ends between`);
  if ((await files()).includes('run.ckpt')) t.is((await run('resume', 'run.ckpt')).code, 0);
  else t.is((await run(...SAVED)).code, 0);
  t.deepEqual(await read('out.png'), await read('whole.png'));
  t.deepEqual(await files(), ['out.png', 'run.ckpt', 'run.previous.ckpt', 'whole.png']);
});

test.serial('what cannot be gone on from is said before any work', async (t) => {
  const { run, files } = await prepared(t);
  const short = [...SAVED.slice(0, 6), '--iterations', '2', '--checkpoint', 'run.ckpt', '--progress', 'none'];
  t.is((await run(...short)).code, 0);
  const refused = async (code: number, message: RegExp, ...args: string[]) => {
    const result = await run(...args);
    t.is(result.code, code, result.stderr);
    t.regex(result.stderr, message);
    t.is(result.stdout, '');
  };
  await refused(
    2,
    /^scumble: --seed cannot change when a run goes on: it began with 0;/,
    'resume',
    'run.ckpt',
    '--seed',
    '1',
  );
  await refused(
    2,
    /^scumble: --min-size cannot change .* began with 32;/,
    'resume',
    'run.ckpt',
    '--min-size',
    '16',
  );
  await refused(
    1,
    /^scumble: content "other\.png" is not the image/,
    'resume',
    'run.ckpt',
    '--content',
    'other.png',
  );
  await refused(1, /^scumble: checkpoint "content\.png" /, 'resume', 'content.png');
  await refused(1, /^scumble: checkpoint "none\.ckpt" does not exist\n$/, 'resume', 'none.ckpt');
  await refused(
    1,
    /^scumble: checkpoint "run\.ckpt" is there already: go on from it by "scumble resume run\.ckpt"/,
    ...short,
  );
  await refused(1, /^scumble: cannot write "no\/run\.ckpt"/, ...short, '--checkpoint', 'no/run.ckpt');
  await refused(2, /missing required argument 'checkpoint'/, 'resume');
  t.deepEqual(await files(), ['out.png', 'run.ckpt', 'run.previous.ckpt']);
  const more = await run('resume', 'run.ckpt', '--iterations', '4', '-o', 'more.png', '--progress', 'json');
  t.is(more.stdout.trimEnd().split('\n').length, 2, more.stderr);
  t.true((await files()).includes('more.png'));
});
