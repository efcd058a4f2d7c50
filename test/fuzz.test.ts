// A short run of the fuzzer over every format, and the fuzzer itself: it must find what is wrong.

import test from 'ava';
import { FORMATS } from './fuzz/formats.js';
import { fuzz } from './fuzz/run.js';

for (const format of Object.keys(FORMATS)) {
  test.serial(`damaged ${format} files are read or refused`, async (t) => {
    const { files, read, refused, placed, faults } = await fuzz(format, { seed: 4, from: 0, count: 300 });
    t.deepEqual(faults, []);
    t.is(files, 300);
    t.is(read + refused, 300);
    t.true(read >= FORMATS[format]!.seeds().length, 'the sound ones at least are read');
    t.true(refused > 150);
    t.log({ read, refused, placed });
  });
}

const table = new URL('support/bad-formats.ts', import.meta.url).href;
for (const [format, problem] of Object.entries({
  hangs: /^hangs$/,
  crashes: /^ends the process with SIGABRT/,
  throws: /^throws TypeError: undefined is not a tensor/,
  rejects: /^ends the process with 1: .*TypeError: in the background/s,
  takesLong: /^takes \d{4}\.?\d* ms$/,
  takesBuffers: /^takes \d+ bytes of buffers for \d+$/,
  takesHeap: /^ends the process with SIGABRT.*heap/s,
  blamesAnother: /^blames \/etc\/passwd$/,
  blamesNothing: /^blames byte 101 of \d+: refused$/,
})) {
  test.serial(`a reader that ${format} is found, and the run goes on`, async (t) => {
    const options = { seed: 1, from: 0, count: 6, table, patience: format === 'hangs' ? 3000 : 60_000 };
    const { files, faults } = await fuzz(format, options);
    t.is(files, 6);
    t.is(faults[0]?.index, 3);
    t.regex(faults[0]?.problem ?? '', problem);
  });
}
