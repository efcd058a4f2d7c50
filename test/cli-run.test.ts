// Whole runs of the command: what it writes where, and how it ends when something stops it.

import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import sharp from 'sharp';
import { readOptions } from '../dist/image/write.js';
import { ended, MAIN, scumble, start, studio, weightsIn } from './support/cli.js';
import { classicFlags } from './support/runs.js';

/** Scales 32 × 24, 45 × 34 and 64 × 48. */
const SMALL = ['content.png', 'style.png', '--size', '64', '--min-size', '32', '--threads', '2'];
const ENDLESS = [...SMALL, '--scales', '1', '--iterations', '1000000', '--progress', 'json'];

async function prepared(t: ExecutionContext) {
  const folder = await studio(t);
  const env = { SCUMBLE_WEIGHTS: await weightsIn(folder) };
  return {
    folder,
    env,
    run: (...args: string[]) => scumble(folder, args, env),
    begin: (...args: string[]) => start(folder, [MAIN, ...args], env),
    size: async (file: string) => {
      const { width, height, format } = await sharp(join(folder, file)).metadata();
      return `${format} ${width}x${height}`;
    },
    files: async () => (await readdir(folder)).filter((name) => !/^(content|style|other|tiny-)/.test(name)),
  };
}

test.serial('a run saves a picture with its options, and talks in plain lines on stderr', async (t) => {
  const { folder, run, size, files } = await prepared(t);
  await writeFile(join(folder, 'out.png'), 'old');
  const flags =
    '--iterations 20 --style-blend 3,1 --style-weight 100 --tv-weight 0.5 --seed 7 --init noise --save-every 25';
  const layers = ['--style-layers', 'relu1_1,relu2_1:0.5', '--bit-depth', '16'];
  const { code, stdout, stderr } = await run(...SMALL, 'other.png', ...flags.split(' '), ...layers);
  t.is(code, 0, stderr);
  t.is(stdout, '');
  t.is(await size('out.png'), 'png 64x48');
  t.is((await sharp(join(folder, 'out.png')).metadata()).depth, 'ushort');
  const options = await readOptions(join(folder, 'out.png'));
  t.like(options, {
    content: 'content.png',
    style: ['style.png', 'other.png'],
    styleBlend: [0.75, 0.25],
    styleLayers: { relu1_1: 1, relu2_1: 0.5 },
    size: 64,
    minSize: 32,
    iterations: 20,
    tvWeight: 0.5,
    seed: 7,
    init: 'noise',
  });
  t.deepEqual(await files(), ['out.png', 'out_25.png', 'out_50.png']);
  t.is(await size('out_25.png'), 'png 45x34');
  t.is(await size('out_50.png'), 'png 64x48');

  const lines = stderr.trimEnd().split('\n');
  t.notRegex(stderr, /[^\P{Cc}\n]/u);
  t.is(lines.length, 3 * 11 + 1);
  t.regex(
    lines[1]!,
    /^32×24 \(scale 1\/3\) {2}iteration 2\/20 {2}total \S+ {2}content \S+ {2}relaxed-emd \S+ {2}palette \S+ {2}style \S+ {2}tv \S+ {2}wasserstein \S+ {2}ETA \d+:\d\d$/,
  );
  t.regex(lines.at(-1)!, /^out\.png: 64×48, 60 iterations, \d+\.\d s on cpu$/);
});

test.serial('--progress json: one object per iteration and nothing else on stdout', async (t) => {
  const { run, size } = await prepared(t);
  const { code, stdout, stderr } = await run(
    ...[...SMALL, ...classicFlags, '--iterations', '4', '--progress', 'json', '-o', 'a.webp'],
  );
  t.is(code, 0, stderr);
  t.is(await size('a.webp'), 'webp 64x48');
  t.regex(stderr, /^a\.webp: 64×48, 12 iterations, .*\n$/);
  const lines = stdout.trimEnd().split('\n');
  t.is(lines.length, 12);
  for (const [i, line] of lines.entries()) {
    const progress = JSON.parse(line);
    t.is(line, JSON.stringify(progress));
    t.deepEqual(Object.keys(progress), [
      'scale',
      'iteration',
      'iterations',
      'scaleDone',
      'total',
      'losses',
      'content',
      'style',
      'tv',
      'device',
    ]);
    t.deepEqual(
      progress.scale,
      [
        [32, 24],
        [45, 34],
        [64, 48],
      ][Math.floor(i / 4)],
    );
    t.is(progress.iteration, (i % 4) + 1);
    t.deepEqual(Object.keys(progress.content), ['relu4_2']);
    t.deepEqual(Object.keys(progress.style), ['relu1_1', 'relu2_1', 'relu3_1', 'relu4_1', 'relu5_1']);
    const { tv, ...layers } = progress.losses as Record<string, number>;
    t.is(tv, progress.tv);
    t.deepEqual(Object.keys(layers), [
      ...Object.keys(progress.content).map((layer) => `content:${layer}`),
      ...Object.keys(progress.style).map((layer) => `style:${layer}`),
    ]);
    const parts = [...Object.values<number>(progress.content), ...Object.values<number>(progress.style)];
    const sum = parts.reduce((a, b) => a + b, progress.tv);
    t.true(Math.abs(sum - progress.total) <= 1e-6 * progress.total);
  }
});

test.serial('--progress none says only where the picture went', async (t) => {
  const { run } = await prepared(t);
  const { code, stdout, stderr } = await run(...SMALL, '--iterations', '2', '--progress', 'none');
  t.is(code, 0);
  t.is(stdout, '');
  t.regex(stderr, /^out\.png: .*\n$/);
});

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const) {
  test.serial(`${signal} saves the picture so far and exits with ${code}`, async (t) => {
    const { begin, size, files } = await prepared(t);
    const child = begin(...ENDLESS);
    const end = ended(child);
    await once(child.stdout, 'data');
    child.kill(signal);
    const result = await end;
    t.is(result.code, code, result.stderr);
    const count = result.stdout.trimEnd().split('\n').length;
    const iterations = count === 1 ? '1 iteration' : `${count} iterations`;
    const [notice, saved, ...more] = result.stderr.trimEnd().split('\n');
    t.regex(notice!, /^stopping: the picture is saved after this iteration/);
    t.regex(saved!, new RegExp(`^out\\.png: 64×48, ${iterations}, `));
    t.deepEqual(more, []);
    t.is(await size('out.png'), 'png 64x48');
    t.deepEqual(await files(), ['out.png']);
  });
}

// What a signal means depends on where the run is; a small process stands in for it, so that it is there for sure.
function standIn(t: ExecutionContext, script: string) {
  const source = `
    import { InterruptibleRun } from ${JSON.stringify(new URL('../dist/cli/interruptible.js', import.meta.url).href)};
    import { once } from 'node:events';
    import { setTimeout as wait } from 'node:timers/promises';
    const run = new InterruptibleRun({ step() {}, note: (text) => console.log(text), close() {} });
    setInterval(() => {}, 1000); // listening for signals alone keeps no process alive
    const at = (iteration) => ({ iteration, scaleDone: iteration === 5, scaleIndex: 1, scaleCount: 2 });
    const press = async (signal) => {
      const heard = once(process, signal);
      process.kill(process.pid, signal);
      await heard;
      await wait(150); // one that comes sooner counts as an echo
    };
    ${script}
    console.log('went on', run.exitCode, run.signal.aborted, run.stoppedBetweenScales());
    process.exit(run.exitCode);`;
  const { status, stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', source], {
    encoding: 'utf8',
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  t.log(stdout);
  return { status, lines: stdout.trimEnd().split('\n') };
}

test.serial('a signal before the first iteration ends the process at once', (t) => {
  const { status, lines } = standIn(t, "await press('SIGINT');");
  t.is(status, 130);
  t.deepEqual(lines, ['stopped before the first iteration: nothing is saved']);
});

test.serial('a signal within a scale waits for the iteration, a second one does not', (t) => {
  const once = standIn(t, "run.step(at(1)); await press('SIGINT');");
  t.is(once.status, 130);
  t.is(once.lines[1], 'went on 130 false undefined');
  const twice = standIn(t, "run.step(at(1)); await press('SIGINT'); await press('SIGTERM');");
  t.is(twice.status, 143);
  t.is(twice.lines.length, 1);
});

test.serial('a signal between scales aborts, and the last scale is what is saved', (t) => {
  const { status, lines } = standIn(
    t,
    "run.step(at(5)); if (run.isBetweenScales) run.keep('kept'); await press('SIGTERM');",
  );
  t.is(status, 143);
  t.regex(lines[0]!, /saved now/);
  t.is(lines[1], 'went on 143 true kept');
});

test.serial('Ctrl-C while the next scale is prepared saves the last one', async (t) => {
  const { begin, size } = await prepared(t);
  const flags = '--size 512 --scales 2 --iterations 1 --style-scale 2 --progress json';
  const child = begin('content.png', 'style.png', ...flags.split(' '));
  const end = ended(child);
  await once(child.stdout, 'data'); // the second scale takes long enough to be interrupted
  child.kill('SIGINT');
  const { code, stderr } = await end;
  t.is(code, 130);
  t.regex(stderr, /^stopping: .*\nout\.png: 362×272, 1 iteration, .*\n$/);
  t.is(await size('out.png'), 'png 362x272');
});

test.serial('a reader that goes away ends the run quietly', async (t) => {
  const { folder, begin, files } = await prepared(t);
  await writeFile(join(folder, 'out.png'), 'old');
  const child = begin(...ENDLESS);
  child.stdout.once('data', () => child.stdout.destroy());
  const { code, stderr } = await ended(child);
  t.is(code, 141);
  t.is(stderr, '');
  t.deepEqual(await files(), ['out.png']);
  t.is(await readFile(join(folder, 'out.png'), 'utf8'), 'old');
});

test.serial('a diverging run saves the last good picture and fails', async (t) => {
  const { folder, run, size } = await prepared(t);
  await writeFile(join(folder, 'out.png'), 'old');
  const { code, stdout, stderr } = await run(...SMALL, '--optimizer', 'adam', '--learning-rate', '1e30');
  t.is(code, 1);
  t.is(stdout, '');
  t.regex(stderr, /\nout\.png: 32×24, 1 iteration, .* \(the last good picture\)\nscumble: the loss .*\n$/);
  t.is(await size('out.png'), 'png 32x24');
});

const canScript = process.platform === 'linux' && spawnSync('script', ['--version']).status === 0;

test.serial('on a terminal a bar that leaves nothing behind; plain lines on a dumb one', async (t) => {
  if (!canScript) {
    t.log('skipped: there is no script(1) to make a terminal');
    t.pass();
    return;
  }
  const { folder, env } = await prepared(t);
  const words = [process.execPath, MAIN, ...SMALL, '--iterations', '60'];
  const command = `stty cols 90; ${words.map((word) => `'${word}'`).join(' ')}`;
  const onTerminal = (TERM: string) =>
    execFileSync('script', ['-qec', command, '/dev/null'], {
      cwd: folder,
      env: { ...process.env, ...env, TERM, NODE_OPTIONS: '' },
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  const bar = onTerminal('xterm');
  t.regex(
    bar,
    /32×24 1\/3 [█░]+ +\d+\/60 total \S+ (content \S+ relaxed-emd \S+ moments \S+ palette \S+ )?ETA 0:\d\d/,
  );
  const shown = bar.replaceAll('\x1b', 'ESC');
  t.notRegex(shown, /ESC\[(\?25l|\?7l|[\d;]*m)/, 'cursor, wrapping and colours are left alone');
  t.regex(shown, /ESC\[2Kout\.png: 64×48, 180 iterations, .*\r\n$/);
  t.notRegex(onTerminal('dumb'), /[^\P{Cc}\r\n]/u);
});
