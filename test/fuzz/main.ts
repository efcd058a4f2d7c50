// npm run fuzz -- [format …] [--count N] [--seed S] [--from I]: damages files and reads them. Exits with 1 when one is
// not read or refused as it should be, keeps that file, and says how to run it again.

import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { fuzzCase } from './cases.js';
import { FORMATS } from './formats.js';
import { fuzz } from './run.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    count: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    from: { type: 'string', default: '0' },
  },
});
const [count, seed, from] = [values.count, values.seed, values.from].map((text) => {
  if (!/^\d{1,9}$/.test(text)) throw new RangeError(`${text} is not a number from 0 to 999999999`);
  return Number(text);
}) as [number, number, number];
const formats = positionals.length > 0 ? positionals : Object.keys(FORMATS);
for (const format of formats) {
  if (!Object.hasOwn(FORMATS, format)) {
    throw new RangeError(`format ${format} is none of ${Object.keys(FORMATS).join(' ')}`);
  }
}

for (const format of formats) {
  const start = Date.now();
  const { files, read, imported, refused, placed, slowestMilliseconds, faults } = await fuzz(format, {
    seed,
    from,
    count,
  });
  console.log(
    `${format}: ${files} files in ${Math.round((Date.now() - start) / 1000)} s: ${read} read (${imported} imported), ${refused} refused ` +
      `(${placed} at a byte), ${faults.length} faults; slowest ${Math.round(slowestMilliseconds)} ms`,
  );
  for (const { index, problem } of faults) {
    process.exitCode = 1;
    const { file, seeds } = FORMATS[format]!;
    const kept = join(tmpdir(), `scumble-fuzz-${seed}-${index}-${file}`);
    await writeFile(kept, fuzzCase(seeds(), seed, index).bytes);
    console.log(`  ${kept}: ${problem}`);
    console.log(`  npm run fuzz -- ${format} --seed ${seed} --from ${index} --count 1`);
  }
}
