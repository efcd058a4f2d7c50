// Measures one iteration of style transfer in Scumble and in its peers, in turn, on the same weights and images:
// `npm run bench -- --weights vgg19.safetensors`. See README.md beside this file.
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, statSync } from 'node:fs';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

/** Seconds that an iteration may be expected to take; slower engines are left out of a size, and the output says so. */
const LIMIT = 60;
/** Seconds between turns: threads that wait for work by spinning have gone to sleep by then. */
const PAUSE = 0.1;

/**
 * In the order in which they take turns; the others' losses are compared with the first one's. Those that are `installed` come
 * from this folder's own package.
 */
const ENGINES = {
  scumble: { title: 'Scumble', library: 'Scumble', file: 'scumble.mjs' },
  pytorch: { title: 'PyTorch', library: 'PyTorch', file: 'pytorch.py' },
  onnxruntime: {
    title: 'ONNX Runtime',
    library: 'ONNX Runtime',
    file: 'onnxruntime.mjs',
    forwardOnly: true,
    installed: true,
  },
  'tfjs-node': { title: 'TensorFlow.js node', library: 'tfjs-node', file: 'tfjs-node.mjs', installed: true },
  'tfjs-wasm-flipped': {
    title: 'TF.js wasm, better gradient',
    library: 'TensorFlow.js',
    file: 'tfjs-wasm-flipped.mjs',
    installed: true,
  },
  'tfjs-wasm': { title: 'TF.js wasm', library: 'TensorFlow.js', file: 'tfjs-wasm.mjs', installed: true },
  'tfjs-cpu': {
    title: 'TF.js cpu',
    library: 'TensorFlow.js',
    file: 'tfjs-cpu.mjs',
    installed: true,
    largest: 64,
  },
};

const here = fileURLToPath(new URL('.', import.meta.url));
const options = readOptions();
if (options.engines.some((engine) => ENGINES[engine].installed)) installPeers();
// Only now, as these import what is installed or built.
const { relativeDifference, writeInputs } = await import('./inputs.mjs');
const { commit, describeMachine, pythonWithTorch } = await import('./machine.mjs');
const { Absent, Child } = await import('./protocol.mjs');
const { complaints, lossDifference, markdown, median } = await import('./report.mjs');
const { chart } = await import('./chart.mjs');

const run = {
  date: new Date().toISOString(),
  commit: commit(),
  machine: describeMachine(options.threads),
  options: { ...options, weights: options.weights.split(/[\\/]/).at(-1), out: undefined },
  results: [],
};
const python = pythonWithTorch();
const children = new Set();
const folder = await mkdtemp(join(tmpdir(), 'scumble-bench-'));
process.once('exit', () => {
  for (const child of children) child.stop();
  rmSync(folder, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));
await writeInputs(folder, options);
for (const size of options.sizes) run.results.push(...(await measure(size)));
run.machine.loadAfter = loadavg()[0];

const wrong = complaints(run.results);
await mkdir(options.out, { recursive: true });
const file = join(options.out, `${run.date.slice(0, 10)}-${run.commit}.json`);
await writeFile(file, `${JSON.stringify({ ...run, complaints: wrong }, undefined, 2)}\n`);
if (wrong.length === 0) await writeFile(join(options.out, 'latest.svg'), chart(run));
console.log(markdown(run.results));
say(`wrote ${file}`);
if (wrong.length > 0) {
  say(`\nFAILED, so no chart is drawn:\n  ${wrong.join('\n  ')}`);
  process.exitCode = 1;
}

/** All engines at one size: each prepared and warmed up, then rounds in which each has one turn. */
async function measure(size) {
  const results = options.engines.map((engine) => ({ engine, ...ENGINES[engine], size, file: undefined }));
  const started = [];
  for (const result of results) {
    const reason = reasonToSkip(result);
    if (reason) {
      Object.assign(result, reason);
      say(`${size}: ${result.title}: ${reason.skipped}`);
      continue;
    }
    const child = new Child(commandOf(result.engine));
    children.add(child);
    try {
      const reference = results[0];
      if (await warmUp(child, result, reference)) started.push({ child, result });
    } catch (error) {
      if (error instanceof Absent) result.skipped = error.message;
      else result.failed = error.message;
      say(`${size}: ${result.title}: ${error.message}`);
    }
    if (started.at(-1)?.child !== child) end(child);
  }

  for (let round = 0; round < options.repeats; round++) {
    for (const { child, result } of started) {
      if (result.failed) continue;
      await sleep(PAUSE * 1000);
      try {
        await child.ask({ do: 'iterate' }); // wakes its threads, and fills the caches, as a run does once
        const { seconds, peakBytes } = await child.ask({ do: 'iterate' });
        result.seconds.push(seconds);
        result.peakBytes = peakBytes;
      } catch (error) {
        result.failed = error.message;
        say(`${size}: ${result.title}: ${error.message}`);
      }
    }
  }
  for (const { child, result } of started) {
    end(child);
    if (result.failed) continue;
    result.median = median(result.seconds);
    result.minimum = Math.min(...result.seconds);
    say(
      `${size}: ${result.title}: median ${result.median.toFixed(4)} s, minimum ${result.minimum.toFixed(4)} s`,
    );
  }
  return results;
}

/** One iteration that no time is taken from, and what it computed. False if it took too long to go on. */
async function warmUp(child, result, reference) {
  const { size } = result;
  say(`${size}: ${result.title}: preparing`);
  const about = await child.ask({ do: 'prepare', folder, size, threads: options.threads }, 10 * LIMIT);
  const first = about && (await child.ask({ do: 'iterate' }, 2 * LIMIT));
  if (!first || first.seconds > LIMIT) {
    const expected = first?.seconds ?? 2 * LIMIT;
    Object.assign(result, { expected, skipped: `over ${Math.floor(expected)} s, not measured` });
    return false;
  }
  const { losses, seconds: warmUpSeconds } = first;
  Object.assign(result, about, { losses, warmUpSeconds, seconds: [] });
  if (result !== reference && reference.losses)
    result.lossDifference = lossDifference(reference.losses, losses);
  if (result.forwardOnly) return true;
  const gradient = (name) => join(folder, `gradient-${name}-${size}.bin`);
  await child.ask({ do: 'gradient', file: gradient(result.engine) });
  if (result.lossDifference && !reference.forwardOnly) {
    const [expected, actual] = [gradient(reference.engine), gradient(result.engine)];
    result.gradientDifference = await relativeDifference(expected, actual);
  }
  return true;
}

function reasonToSkip({ engine, size, largest }) {
  if (engine === 'pytorch' && !python) return { skipped: 'no python3 here can import torch and numpy' };
  if (largest < size) return { skipped: `measured up to ${largest} only` };
  const before = run.results.findLast(
    (result) => result.engine === engine && (result.minimum ?? result.expected),
  );
  if (!before) return undefined;
  const expected = (before.minimum ?? before.expected) * (size / before.size) ** 2;
  if (expected <= LIMIT) return undefined;
  return { expected, skipped: `about ${Math.round(expected)} s expected, not measured` };
}

function commandOf(engine) {
  const file = join(here, 'engines', ENGINES[engine].file);
  return engine === 'pytorch' ? [python, file] : [process.execPath, file];
}

function end(child) {
  child.stop();
  children.delete(child);
}

function readOptions() {
  const { values } = parseArgs({
    options: {
      sizes: { type: 'string', default: '64,128,256,512,1024' },
      engines: { type: 'string', default: Object.keys(ENGINES).join() },
      repeats: { type: 'string', default: '5' },
      threads: { type: 'string', default: String(availableParallelism()) },
      weights: { type: 'string', default: process.env.SCUMBLE_WEIGHTS ?? '' },
      out: { type: 'string', default: join(here, 'results') },
    },
  });
  const number = (name, text, least) => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < least)
      fail(`--${name}: ${text} is not a whole number ≥ ${least}`);
    return value;
  };
  const sizes = values.sizes.split(',').map((size) => number('sizes', size, 32));
  const asked = values.engines.split(',');
  const unknown = asked.find((engine) => !Object.hasOwn(ENGINES, engine));
  if (unknown !== undefined) fail(`--engines: ${unknown} is not one of ${Object.keys(ENGINES).join(' ')}`);
  if (!values.weights) fail('give --weights FILE, a VGG-19 as safetensors, or set SCUMBLE_WEIGHTS to one');
  for (const built of ['../dist/engine/addon.js', '../build/Release/scumble.node']) {
    if (!existsSync(join(here, built))) fail('build Scumble first: npm install && npm run build');
  }
  return {
    sizes: sizes.sort((a, b) => a - b),
    engines: Object.keys(ENGINES).filter((engine) => asked.includes(engine)),
    repeats: number('repeats', values.repeats, 5),
    threads: number('threads', values.threads, 1),
    weights: values.weights,
    out: values.out,
  };
}

/** The peers live in this folder's own package; the first run, and the first after they change, installs them. */
function installPeers() {
  const installed = join(here, 'node_modules', '.package-lock.json');
  const wanted = join(here, 'package-lock.json');
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(wanted).mtimeMs) return;
  say('installing the engines to compare with, into bench/node_modules (600 MB) …');
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  // Run as an npm script, npm's own settings would point it at Scumble's package.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => name !== 'npm_config_local_prefix'),
  );
  const { status } = spawnSync(npm, ['ci'], {
    cwd: here,
    env,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  });
  if (status !== 0) fail('npm ci failed in bench');
}

function say(line) {
  console.error(line);
}

function fail(message) {
  say(`bench: ${message}`);
  process.exit(2);
}
