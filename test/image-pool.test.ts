// The worker that all jobs share: one for many, none that keeps a process alive, and nothing lost with it but its job.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import test from 'ava';
import { endWorker } from '../dist/image/pool.js';
import { probeImage, readImage, readSizes } from '../dist/image/read.js';
import { encodeImage } from '../dist/image/write.js';
import { encoded, gradient, LIMIT, noise } from './support/image-fixtures.js';

const file = await encoded(noise(3 * 32 * 32, 8), 32, 32, 3)
  .png()
  .toBuffer();
const read = (signal?: AbortSignal) => readImage(file, 'content', LIMIT, { signal });

/** How many workers this process started so far: they are numbered. */
async function started(): Promise<number> {
  const worker = new Worker('', { eval: true });
  const { threadId } = worker;
  await worker.terminate();
  return threadId;
}

test.serial('many jobs, at once and one after the other, make one worker', async (t) => {
  await endWorker();
  const before = await started();
  await Promise.all([
    read(),
    read(),
    probeImage(file, 'content', LIMIT),
    encodeImage(gradient(8, 8), 'jpeg'),
  ]);
  await read();
  await encodeImage(gradient(8, 8), 'png');
  t.is((await started()) - before, 2, 'one, and the one that counts');
});

test.serial('a worker that is lost takes its job along, and the others get another', async (t) => {
  await read();
  const jobs = [read(), read(), read()];
  const settled = Promise.allSettled(jobs);
  await new Promise(setImmediate); // the copies are made, the first job is under way
  await new Promise(setImmediate);
  await endWorker();
  const results = await settled;
  t.deepEqual(
    results.map(({ status }) => status),
    ['rejected', 'fulfilled', 'fulfilled'],
  );
  t.regex((results[0] as PromiseRejectedResult).reason.message, /cannot be processed: the worker was ended$/);
  t.is((await read()).width, 32);
});

test.serial('an abort rejects its job at once, running or waiting, and no other', async (t) => {
  for (const aborted of [0, 1, 2]) {
    const controller = new AbortController();
    const jobs = [0, 1, 2].map((i) => read(i === aborted ? controller.signal : undefined));
    const settled = Promise.allSettled(jobs);
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    const reason = new Error('enough');
    controller.abort(reason);
    const results = await settled;
    for (const [i, result] of results.entries()) {
      t.is(result.status, i === aborted ? 'rejected' : 'fulfilled');
      if (result.status === 'rejected') t.is(result.reason, reason);
    }
  }
  await t.throwsAsync(read(AbortSignal.abort(new Error('before'))), { message: 'before' });
  t.is((await read()).width, 32);
});

test.serial('a job that is refused leaves the worker as it is', async (t) => {
  await read();
  const before = await started();
  await t.throwsAsync(readImage(Buffer.from('no'), 'content', LIMIT));
  await t.throwsAsync(readImage('missing.png', 'content', LIMIT));
  t.is((await read()).width, 32);
  t.is((await started()) - before, 1);
});

test('an idle worker does not keep the process alive', async (t) => {
  const module = new URL('../dist/image/read.js', import.meta.url).href;
  const script = `const { readImage } = await import(${JSON.stringify(module)});
    const image = await readImage(Buffer.from('${file.toString('base64')}', 'base64'), 'content', 1e6);
    const alive = () => process.getActiveResourcesInfo().filter((name) => /Worker|MessagePort|Timeout/.test(name));
    await new Promise(setImmediate);
    console.log(image.width, alive().length);`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
  t.is(stdout, '32 0\n');
});

test.serial('the event loop turns meanwhile, whatever goes in or out', async (t) => {
  const [width, height] = [2000, 1500];
  const raw = (data: Uint8Array | Float32Array) => ({ data, width, height, channels: 3 as const });
  const floats = new Float32Array(width * height * 3).fill(9);
  const jpeg = await encoded(noise(width * height * 3, 8), width, height, 3)
    .jpeg()
    .toBuffer();
  const sizes = [{ width: 100, height: 75 }];
  const works: Record<string, () => Promise<unknown>> = {
    'raw floats': () => readSizes(raw(floats), 'content', sizes, { maxPixels: 1e8 }),
    'raw bytes': () => readImage(raw(new Uint8Array(floats.length)), 'content', 1e8),
    jpeg: () => readImage(jpeg, 'content', 1e8),
    encode: () => encodeImage({ data: floats, width, height }, 'jpeg'),
  };
  for (const [name, work] of Object.entries(works)) {
    let turns = 0;
    let running = true;
    const turn = () => {
      turns++;
      if (running) setImmediate(turn);
    };
    setImmediate(turn);
    await work();
    running = false;
    t.true(turns > 50, `${name}: ${turns}`); // a loop that were blocked would turn once or twice a step
  }
});
