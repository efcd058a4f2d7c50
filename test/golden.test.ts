// Against numbers that other programs computed with the real VGG-19: gradients in float64, and the losses that
// neural-style-pt prints, from the engine at every instruction set of this machine and from stylize() itself.

import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { addon } from '../dist/engine/addon.js';
import { type Progress, stylize } from '../dist/index.js';
import { type Changes, GOLDEN, golden, iterate, type Terms, WEIGHTS } from './support/golden.js';
import { classic, node } from './support/runs.js';
import { present, withGolden } from './support/with-golden.js';

function closeTo(t: ExecutionContext, found: Terms, wanted: Terms, bar: number, where: string) {
  const all = ({ content, style, total }: Terms) => [...content, ...style, total];
  // After the tiny first step of L-BFGS the content term is 5e-12 of the total, and mostly rounding.
  const least = 1e-9 * wanted.total;
  for (const [i, reference] of all(wanted).entries()) {
    const off = Math.abs(all(found)[i]! - reference) / Math.max(reference, least);
    t.true(off <= bar, `${where}, term ${i}: ${off} off`);
  }
}

const gradients = present
  ? golden<{ runs: Record<string, { content: number; style: Record<string, number>; total: number }> }>(
      'gradient.json',
    ).runs
  : {};
const BARS: Record<string, number> = { 'max-floor': 3e-3, 'max-ceil': 3e-3, 'avg-floor': 1e-5 };

const instructionSets = ['portable', 'avx2', 'avx512', 'avx512bf16', 'neon'];
for (const set of instructionSets) {
  withGolden(`gradients at ${set}`, async (t) => {
    const code = `
      import { gradients } from './test/support/golden.ts';
      process.stdout.write(JSON.stringify(await gradients()));
    `;
    const { stdout, stderr } = await node(['--import=tsx', '--input-type=module', '--eval', code], {
      env: { SCUMBLE_ISA: set },
    });
    if (stderr.includes(`SCUMBLE_ISA is "${set}"; this processor runs`)) {
      t.log(`skipped: this processor does not run ${set}`);
      t.pass();
      return;
    }
    const { instructionSet, runs } = JSON.parse(stdout) as {
      instructionSet: string;
      runs: Record<string, { losses: Terms; error: number }>;
    };
    t.is(instructionSet, set);
    t.deepEqual(Object.keys(runs), Object.keys(BARS));
    for (const [name, { losses, error }] of Object.entries(runs)) {
      const { content, style, total } = gradients[name]!;
      closeTo(t, losses, { content: [content], style: Object.values(style), total }, 1e-5, name);
      t.true(error <= BARS[name]!, `${name}: the gradient is ${error} off`);
    }
  });
}

const reference = present ? golden<{ runs: Record<string, Terms[]> }>('neural-style-pt.json').runs : {};
const cases: Record<string, Changes & { kind: 'adam' | 'lbfgs' }> = {
  'adam lr=1 tv=0': { kind: 'adam' },
  'adam lr=1 tv=1e-3': { kind: 'adam', tvWeight: 1e-3 },
  'lbfgs tv=0': { kind: 'lbfgs' },
  'adam avg pooling tv=0': { kind: 'adam', pooling: 'average' },
};

/**
 * The losses of every iteration: each term and the total within 0.1 % over the first five; then the total within 1 %
 * to the end, and the terms, which wander a little against each other as rounding differences grow, within 2 %.
 */
function follows(t: ExecutionContext, found: Terms[], name: string) {
  t.is(found.length, reference[name]!.length);
  for (const [i, wanted] of reference[name]!.entries()) {
    const at = `iteration ${i + 1}`;
    closeTo(t, found[i]!, wanted, i < 5 ? 1e-3 : 2e-2, at);
    t.true(Math.abs(found[i]!.total / wanted.total - 1) < (i < 5 ? 1e-3 : 1e-2), `${at}: total`);
  }
}

for (const [name, { kind, ...changes }] of Object.entries(cases)) {
  withGolden(`neural-style-pt: ${name}`, async (t) => {
    follows(t, await iterate(kind, changes, reference[name]!.length), name);
    t.log(`at ${addon().instructionSet}`);
  });
}

withGolden('neural-style-pt: stylize() gives these losses', async (t) => {
  t.deepEqual(Object.keys(reference).sort(), Object.keys(cases).sort());
  const found: Terms[] = [];
  const picture = await stylize({
    content: join(GOLDEN, 'content-128x96.png'),
    style: join(GOLDEN, 'style-128x101.png'),
    weights: WEIGHTS,
    ...classic,
    scales: 1,
    size: 128,
    history: 100,
    firstStep: 0,
    tvWeight: 0,
    iterations: 12,
    onProgress: ({ content, style, total }: Progress) =>
      found.push({ content: Object.values(content), style: Object.values(style), total }),
  });
  t.deepEqual([picture.width, picture.height], [128, 96]);
  follows(t, found, 'lbfgs tv=0');
});
