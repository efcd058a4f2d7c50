// Compares configurations over pairs of contents and styles, at equal time or to the end of their schedules:
//
//   npx tsx tools/quality/quality.ts paint|score|report --configs FILE --out FOLDER [--size 512] [--seconds 60]
//     [--contents a,b] [--styles c,d] [--only name,name] [--threads 2] [--weights NAME] [--judge NAME] [--side 256]
//
// FILE is JSON: a name for each configuration, with the options of stylize() (a preset and what is other than in it, where
// there are presets) and, if it is to have another time than --seconds, its own `seconds` (null for none). FOLDER gets
// the pictures, pictures.jsonl, scores.jsonl, and from `report` tables.md and sheets. What is there already is not done
// again. Each picture is painted alone: build first, and keep the machine free of other work.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { judge } from './judge.js';
import { asOption, type Costs, fitted, measure, paint } from './paint.js';
import { pairsOf } from './pairs.js';
import { append, fileName, type Painted, readRecords, type Scored } from './records.js';
import { current, keyOf, sheets, tables } from './report.js';

const say = (line: string) => console.log(line);

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    configs: { type: 'string' },
    out: { type: 'string' },
    size: { type: 'string', default: '512' },
    seconds: { type: 'string' },
    contents: { type: 'string' },
    styles: { type: 'string' },
    only: { type: 'string' },
    threads: { type: 'string' },
    weights: { type: 'string' },
    judge: { type: 'string' },
    side: { type: 'string', default: '256' },
  },
});
const [what] = positionals;
if (!what || !['paint', 'score', 'report'].includes(what) || !values.configs || !values.out)
  throw new Error('say paint, score or report, with --configs FILE and --out FOLDER');

const folder = resolve(values.out);
if (`${folder}/`.startsWith(fileURLToPath(new URL('../../', import.meta.url))))
  throw new Error(`--out ${folder} is in the repository: pictures are kept elsewhere`);
mkdirSync(folder, { recursive: true });

const list = (text: string | undefined) => text?.split(',');
const size = Number(values.size);
const machine = values.threads === undefined ? {} : { threads: Number(values.threads) };
const pairs = pairsOf(list(values.contents), list(values.styles), say);
const configs = readConfigs(values.configs);
const picturesFile = join(folder, 'pictures.jsonl');
const scoresFile = join(folder, 'scores.jsonl');
const records = readRecords<Painted>(picturesFile, keyOf);
const scored = readRecords<Scored>(scoresFile, ({ file }) => file);

if (what === 'paint') await paintAll();
else {
  const painted = current(records.values(), configs, size);
  if (what === 'score') {
    const network = values.judge === undefined ? {} : { weights: values.judge };
    await judge(folder, pairs, painted, scored, { ...machine, ...network }, say);
  } else {
    const evidence = { configs: Object.keys(configs), pairs, painted, scored, folder };
    const text = tables(evidence);
    writeFileSync(join(folder, 'tables.md'), text);
    say(text);
    for (const path of await sheets(evidence, Number(values.side))) say(path);
  }
}

/** The configurations by name: their options and their time. */
function readConfigs(
  path: string,
): Record<string, { options: Record<string, unknown>; budget: number | undefined }> {
  const given = JSON.parse(readFileSync(path, 'utf8')) as Record<string, Record<string, unknown>>;
  const only = list(values.only) ?? Object.keys(given);
  return Object.fromEntries(
    only.map((name) => {
      if (!given[name]) throw new Error(`${path} has no configuration ${name}`);
      if (!/^[\w-]+$/.test(name)) throw new Error(`${path}: ${name} is to be part of file names`);
      const { seconds = values.seconds === undefined ? null : Number(values.seconds), ...options } =
        given[name];
      const weights = values.weights === undefined ? {} : { weights: values.weights };
      return [name, { options: { ...weights, ...options }, budget: (seconds as number | null) ?? undefined }];
    }),
  );
}

async function paintAll(): Promise<void> {
  // An iteration's cost depends on the configuration and on the picture's shape, not on what is in it.
  const costs = new Map<string, Costs>();
  for (const pair of pairs) {
    for (const [config, { options, budget }] of Object.entries(configs)) {
      const plan: Painted = {
        config,
        pair: pair.name,
        size,
        options,
        ...(budget !== undefined && { budget }),
      };
      const known = current(
        [records.get(keyOf(plan))].filter((one) => one !== undefined),
        configs,
        size,
      )[0];
      if (known && !known.error) continue;
      const all = { ...machine, ...options, size, content: pair.content.path, style: pair.style.path };
      try {
        if (budget === undefined) {
          await finish(plan, all);
          continue;
        }
        const key = `${config} ${pair.content.name}`;
        const cost = costs.get(key) ?? (await measure(all));
        costs.set(key, cost);
        await finish(plan, { ...all, iterations: asOption(fitted(cost, budget)) }, budget);
      } catch (error) {
        append(picturesFile, { ...plan, error: (error as Error).message });
        say(`${config}, ${pair.name}: ${(error as Error).message}`);
      }
    }
  }
}

async function finish(plan: Painted, options: Record<string, unknown>, budget?: number): Promise<void> {
  const { picture, ...result } = await paint(options, budget);
  const file = fileName(plan);
  await picture.save(join(folder, file));
  append(picturesFile, { ...plan, file, ...result, load: loadavg()[0]! });
  const iterations = result.iterations.map(({ size: side, done }) => `${side}:${done}`).join(' ');
  say(
    `${plan.config}, ${plan.pair}: ${result.seconds.toFixed(1)} s, ${iterations}${result.cut ? ', cut' : ''}`,
  );
}
