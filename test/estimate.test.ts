// What a run would need is told before it is begun, and a size that cannot be is refused with one that can.

import test from 'ava';
import { Engine, estimate, OptionError, Run } from '../dist/index.js';
import { resolveOptions } from '../dist/options/options.js';
import { planRun } from '../dist/run/plan.js';
import { scumble, studio, weightsIn } from './support/cli.js';
import { child, options, wave } from './support/runs.js';

const limited = process.platform === 'linux' ? test : test.skip;

test('an estimate says what there is to know, and leaves nothing behind', async (t) => {
  const given = options({ scales: 2, minSize: 8, iterations: [3, 4] });
  const found = await estimate(given);
  t.like(found, { device: 'cpu', size: 24 });
  t.deepEqual(found.scales, [
    { width: 17, height: 11, iterations: 3 },
    { width: 24, height: 16, iterations: 4 },
  ]);
  t.true(found.memory.host > process.memoryUsage.rss() / 2);
  t.true(found.memory.host < found.available.host);
  t.is(found.memory.device, undefined);
  t.is(found.qualities, undefined);
  t.true(found.seconds > 0 && Number.isFinite(found.seconds));
  const { iterations, ...rest } = given;
  const { qualities, seconds } = await estimate({ ...rest, quality: 'best' });
  t.true(qualities!.draft < qualities!.good && qualities!.good < qualities!.best);
  t.is(seconds, qualities!.best);
  await t.throwsAsync(estimate({ ...given, size: 0 }), { instanceOf: OptionError });
});

test('larger pictures, checkpoints and finishes need more', async (t) => {
  const engine = await Engine.open({ device: 'cpu' });
  t.teardown(() => engine.close());
  const host = async (changes: object, size = 512) => {
    const plan = await planRun(engine, resolveOptions(options({ size: 512, ...changes })));
    return plan.needsOn(engine, await plan.networkOn(engine)).host(size);
  };
  const least = await host({});
  t.true((await host({}, 1024)) > 2 * least);
  const picture = 512 * 341 * 12;
  t.true((await host({ checkpoint: 'run.ckpt', history: 10 })) >= least + 10 * picture);
  t.true((await host({ vividness: 1 })) > least);
  t.true((await host({ history: 100 })) >= least + 180 * picture);
});

limited(
  'under a limit on memory: an impossible size is refused, and fit takes one that can be painted',
  async (t) => {
    const limits = { memory: 1_300_000, env: { MALLOC_ARENA_MAX: '2' } };
    const given = "const given = { ...base, iterations: 1, scales: 1, device: 'cpu' };";
    const { stdout, stderr } = await child(
      `${given}
    const { estimate } = await import('./dist/index.js');
    const refusal = ({ code, message }) => ({ code, message });
    const refused = await estimate({ ...given, size: 9000 }).catch(refusal);
    const { size, memory, available } = await estimate(given, { fit: true });
    console.log(JSON.stringify({ refused, size, memory, available }));`,
      limits,
    );
    const { refused, size, memory, available } = JSON.parse(stdout || '{}');
    t.is(refused?.code, 'ERR_MEMORY', stderr);
    t.regex(refused.message, /^size 9000 needs \d+ MB of memory and \d+ MB are free; size \d+ would fit$/);
    t.true(size > 24 && size < 9000);
    t.true(memory.host <= available.host);
    const painted = await child(
      `${given} console.log((await stylize({ ...given, size: ${size} })).width);`,
      limits,
    );
    t.is(painted.stdout.trim(), String(size), painted.stderr);
  },
);

test.serial('the command says it to people and to programs', async (t) => {
  const folder = await studio(t);
  const env = { SCUMBLE_WEIGHTS: await weightsIn(folder) };
  const run = (...args: string[]) => scumble(folder, ['estimate', 'content.png', 'style.png', ...args], env);
  const people = await run('--size', '64');
  t.is(people.code, 0, people.stderr);
  t.regex(
    people.stdout,
    /^picture: 64×48, \d scales?, on cpu\nmemory: \d+ MB of [\d.]+ [MG]B free\ntime: about \d+ s \(good; draft \d+ s, best \d+ s\)\n$/,
  );
  const programs = await run('--size', '64', '--iterations', '2', '--json');
  t.like(JSON.parse(programs.stdout), { device: 'cpu', size: 64 });
  const impossible = await run('--size', '30000');
  t.is(impossible.code, 1);
  t.is(impossible.stdout, '');
  t.regex(
    impossible.stderr,
    /^scumble: --size 30000 needs \d+ MB of memory and \d+ MB are free; --size \d+ would fit\n$/,
  );
  const wrong = await run('--layers', 'x');
  t.is(wrong.code, 2);
});

test('a run whose picture is too small is refused as such', async (t) => {
  const engine = await Engine.open({ device: 'cpu' });
  t.teardown(() => engine.close());
  const tiny = options({ content: wave(40, 2), size: 20 });
  await t.throwsAsync(estimate(tiny), { code: 'ERR_IMAGE_SIZE' });
  await t.throwsAsync(Run.start(engine, tiny), { code: 'ERR_IMAGE_SIZE' });
});
