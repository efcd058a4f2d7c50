// The benchmark's own engine goes by the addon itself, which no type checker compares it with: it must run.

import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';

const RUN = fileURLToPath(new URL('../bench/run.mjs', import.meta.url));
const SLIM = fileURLToPath(new URL('../weights/vgg19-slim.safetensors', import.meta.url));

test('the benchmark measures Scumble without its peers', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'scumble-bench-test-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const flags = [
    '--weights',
    SLIM,
    '--sizes',
    '32',
    '--engines',
    'scumble',
    '--threads',
    '1',
    '--out',
    folder,
  ];
  const { status, stdout, stderr } = spawnSync(process.execPath, [RUN, ...flags], { encoding: 'utf8' });
  t.is(status, 0, stderr);
  t.regex(stdout, /\| 32 \| Scumble \| 1 \| [\d.]+ m?s \|/);
  const file = (await readdir(folder)).find((name) => name.endsWith('.json'))!;
  const { results } = JSON.parse(await readFile(join(folder, file), 'utf8'));
  t.is(results[0].seconds.length, 5);
  t.true(results[0].losses['style relu1_1'] > 0 && results[0].losses['content relu4_2'] > 0);
});
