// The presets against what the programs themselves computed with the real VGG-19: each iteration's losses, and the pictures.

import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import sharp from 'sharp';
import { type Progress, type StylizeOptions, stylize } from '../dist/index.js';
import { GOLDEN, golden, type Terms, WEIGHTS } from './support/golden.js';
import { present, withGolden } from './support/with-golden.js';

const input = {
  content: join(GOLDEN, 'content-128x96.png'),
  style: join(GOLDEN, 'style-128x101.png'),
  weights: WEIGHTS,
  size: 128,
};

async function painted(options: Partial<StylizeOptions>) {
  const log: Progress[] = [];
  const onProgress = (progress: Progress) => log.push(progress);
  const picture = await stylize({ ...input, ...options, onProgress });
  return { log, picture };
}

/** Losses within 0.1 % over the first five iterations, and 1 % to the end. */
function follows(t: ExecutionContext, found: number[], wanted: number[]) {
  t.is(found.length, wanted.length);
  for (const [i, loss] of wanted.entries()) {
    const off = Math.abs(found[i]! / loss - 1);
    t.true(off <= (i < 5 ? 1e-3 : 1e-2), `iteration ${i + 1}: ${found[i]} for ${loss}, ${off} off`);
  }
}

const neuralStylePt: Record<string, Partial<StylizeOptions>> = {
  'adam lr=1 tv=0': { optimizer: 'adam', tvWeight: 0 },
  'adam lr=1 tv=1e-3': { optimizer: 'adam' },
  'lbfgs tv=0': { tvWeight: 0 },
  'adam avg pooling tv=0': { optimizer: 'adam', pooling: 'average', tvWeight: 0 },
};
const printed = present ? golden<{ runs: Record<string, Terms[]> }>('neural-style-pt.json').runs : {};
for (const [name, overrides] of Object.entries(neuralStylePt)) {
  withGolden(`neural-style-pt: ${name}`, async (t) => {
    t.deepEqual(Object.keys(printed).sort(), Object.keys(neuralStylePt).sort());
    const runs = printed[name]!;
    const { log } = await painted({
      preset: 'neural-style-pt',
      init: 'content',
      iterations: runs.length,
      ...overrides,
    });
    follows(
      t,
      log.map(({ total }) => total),
      runs.map(({ total }) => total),
    );
    for (const [i, { content, style }] of runs.entries()) {
      const least = 1e-9 * runs[i]!.total; // after the first small step the content is mostly rounding
      const all = [...Object.values(log[i]!.content), ...Object.values(log[i]!.style)];
      for (const [k, loss] of [...content, ...style].entries()) {
        const off = Math.abs(all[k]! - loss) / Math.max(loss, least);
        t.true(off <= (i < 5 ? 1e-3 : 2e-2), `iteration ${i + 1}, term ${k}: ${off} off`);
      }
    }
  });
}

interface Crowsonkb {
  args: { min_scale: number; iterations: number; initial_iterations: number };
  pooling: 'max' | 'average';
  log: { w: number; h: number; loss: number }[];
}
const pictures: Record<string, string> = {
  'single scale adam': 'crowsonkb-single-scale-adam.png',
  'pyramid adam': 'crowsonkb-pyramid-adam.png',
  'average pooling': 'crowsonkb-average-pooling.png',
};
const reported = present ? golden<{ runs: Record<string, Crowsonkb> }>('crowsonkb.json').runs : {};
for (const [name, file] of Object.entries(pictures)) {
  withGolden(`crowsonkb: ${name}`, async (t) => {
    t.deepEqual(Object.keys(reported).sort(), Object.keys(pictures).sort());
    const { args, pooling, log: wanted } = reported[name]!;
    const { log, picture } = await painted({
      preset: 'crowsonkb',
      pooling,
      minSize: args.min_scale,
      iterations: [args.initial_iterations, args.iterations],
    });
    t.deepEqual(
      log.map(({ scale }) => scale),
      wanted.map(({ w, h }) => [w, h]),
    );
    follows(
      t,
      log.map(({ total }) => total),
      wanted.map(({ loss }) => loss),
    );
    const { data } = await sharp(join(GOLDEN, file)).raw().toBuffer({ resolveWithObject: true });
    const found = picture.toRaw().data;
    t.is(found.length, data.length);
    // crowsonkb cuts what is below a whole step off, which is rounded here: one step more says the same.
    const step = (value: number, theirs: number) => Math.max(theirs - value, value - theirs - 1, 0);
    const off = found.reduce((sum, value, i) => sum + step(value, data[i]!), 0) / data.length;
    // Adam moves every pixel by its rate, however small its gradient: rounding shows most over several scales.
    t.true(off < 0.1, `pixels are ${off} of 255 off in the mean`);
    t.log(`pixels are ${off.toFixed(3)} of 255 off in the mean`);
  });
}
