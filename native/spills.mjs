// Compiles the CUDA kernels for every architecture as a release does, and fails where one that is bound by arithmetic
// (the convolutions and the Gram products) keeps registers in memory, or where the compiler says that it made wgmma wait
// for each other: `node native/spills.mjs [file.cu …]`. Needs nvcc.
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const ARCHITECTURES = [75, 80, 86, 89, 90, 100, 120];
const HOPPER = ['90a']; // all that sm90/*.cu is for
const STRICT = /\/(conv|gram)[^/]*$/;
const SERIALIZED = /^.*Potential Performance Loss.*$/gm;
const folder = join(dirname(fileURLToPath(import.meta.url)), 'cuda');
const asked = process.argv.slice(2).map((file) => relative(folder, resolve(file)));
const sources = readdirSync(folder, { recursive: true }).filter(
  (file) => file.endsWith('.cu') && (!asked.length || asked.includes(file)),
);
const scratch = mkdtempSync(join(tmpdir(), 'scumble-'));

/** What ptxas says of each kernel: { kernel, architecture, registers, bytes }. The host's code is not compiled. */
function compile(source, architecture) {
  const object = join(scratch, `${source.replaceAll('/', '-')}.${architecture}.cubin`);
  const args = [
    '-std=c++17',
    '-DSCUMBLE_SM90',
    `-gencode=arch=compute_${architecture},code=sm_${architecture}`,
    '-Xptxas',
    '-v',
    '-cubin',
    '-o',
    object,
    join(folder, source),
  ];
  const child = spawn('nvcc', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let text = '';
  child.stderr.on('data', (part) => {
    text += part;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => {
      if (status !== 0) return reject(new Error(text));
      const serialized = text.match(SERIALIZED);
      if (serialized) return reject(new Error(serialized.join('\n')));
      const kernel =
        /Compiling entry function '(\w+)'[\s\S]*?(\d+) bytes spill stores, (\d+) bytes spill loads[\s\S]*?Used (\d+)/g;
      resolve(
        [...text.matchAll(kernel)].map(([, name, stores, loads, registers]) => ({
          kernel: name,
          architecture,
          registers: Number(registers),
          bytes: Number(stores) + Number(loads),
        })),
      );
    });
  });
}

const jobs = sources.flatMap((source) =>
  (source.startsWith('sm90/') ? HOPPER : ARCHITECTURES).map((architecture) => ({ source, architecture })),
);
let kernels = 0;
let spilling = 0;
async function work() {
  for (let job = jobs.pop(); job; job = jobs.pop()) {
    const found = await compile(job.source, job.architecture);
    kernels += found.length;
    for (const { kernel, registers, bytes } of found.filter(({ bytes }) => bytes > 0)) {
      const fails = STRICT.test(job.source);
      if (fails) spilling += 1;
      console.log(
        `${fails ? 'spills' : 'note'}: ${job.source} sm_${job.architecture} ${kernel}: ${bytes} bytes, ${registers} registers`,
      );
    }
  }
}
try {
  await Promise.all(Array.from({ length: availableParallelism() }, work));
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
console.log(
  `${kernels} kernels of ${sources.length} files for ${ARCHITECTURES.length} architectures, ${spilling} spill`,
);
process.exit(spilling > 0 ? 1 : 0);
