// Floats are handed to JavaScript without a copy where the runtime lets them (Electron does not), and with one elsewhere.
// The runtimes that refuse are made of Node: a copy of the addon calls a function of another name, which a few lines of C
// are loaded for.

import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { addonFile } from '../dist/engine/addon.js';
import { stylize } from '../dist/index.js';
import { bits, child, folder, options } from './support/runs.js';

const NO_EXTERNAL_BUFFERS = 22;
const GENERIC_FAILURE = 9;

/** The environment in which external buffers cannot be made; none where there is no compiler or no preloading. */
function refusing(status: number): NodeJS.ProcessEnv | undefined {
  if (process.platform !== 'linux') return undefined;
  const [source, library, copy] = ['c', 'so', 'node'].map((kind) =>
    join(folder, `refuses-${status}.${kind}`),
  );
  writeFileSync(source!, `int fake_create_external_arraybuffer() { return ${status}; }\n`);
  const binary = readFileSync(addonFile(), 'latin1');
  const renamed = binary.replace(
    '\0napi_create_external_arraybuffer\0',
    '\0fake_create_external_arraybuffer\0',
  );
  writeFileSync(copy!, renamed, 'latin1');
  try {
    execFileSync('cc', ['-shared', '-fPIC', '-w', '-o', library!, source!], { stdio: 'ignore' });
  } catch {
    return undefined;
  }
  return { LD_PRELOAD: library, SCUMBLE_ADDON: copy };
}

const copying = refusing(NO_EXTERNAL_BUFFERS);
const failing = refusing(GENERIC_FAILURE);
const onRefusal = copying && failing ? test : test.skip;

onRefusal('where external buffers are not allowed floats are copied, and nothing leaks', async (t) => {
  const wanted = await stylize(options({ onProgress: (p) => p.image() }));
  const { code, stdout, stderr } = await child(
    `
    import { createHash } from 'node:crypto';
    const images = ${JSON.stringify(
      Object.fromEntries(
        (['content', 'style'] as const).map((name) => {
          const { data, ...size } = options()[name] as { data: Float32Array };
          return [name, { ...size, data: Array.from(data) }];
        }),
      ),
    )};
    for (const image of Object.values(images)) image.data = Float32Array.from(image.data);
    const given = { ...base, ...images, onProgress: (p) => p.image() };
    const { data } = await stylize(given);
    console.log(createHash('sha256').update(Buffer.from(data.buffer)).digest('base64'));
    const { addon } = await import('./dist/engine/addon.js');
    const settle = async () => { for (let i = 0; i < 5; i++) { gc(); await new Promise(setImmediate); } };
    // 1 MB each: what is not given back shows.
    const noise = async (n) => { for (let i = 0; i < n; i++) await addon().whiteNoise(300, 300, [1, 2, 3], 4, i); };
    await noise(20);
    await settle();
    const before = process.memoryUsage.rss();
    await noise(100);
    await settle();
    console.log((process.memoryUsage.rss() - before) / 1e6);
  `,
    { flags: ['--expose-gc'], env: { ...copying, MALLOC_ARENA_MAX: '2' } },
  );
  t.is(code, 0, stderr);
  const [print, grown] = stdout.trim().split('\n');
  t.is(print, bits(wanted));
  t.true(Number(grown) < 30, `${grown} MB more, where all would be 100`);
});

onRefusal('where they fail the promise rejects, and the process lives', async (t) => {
  const { code, stdout, stderr } = await child(
    `
    const { addon } = await import('./dist/engine/addon.js');
    const failed = (error) => console.log(error instanceof Error);
    for (let i = 0; i < 3; i++) await addon().whiteNoise(4, 4, [1, 2, 3], 4, 5).then(() => console.log('no'), failed);
    await stylize({ ...base, init: 'noise' }).then(() => console.log('no'), failed);
    await stylize(base).then(() => console.log('no'), failed);
    console.log('alive');
  `,
    { env: { ...failing } },
  );
  t.is(code, 0, stderr);
  t.is(stdout, `${'true\n'.repeat(5)}alive\n`);
});
