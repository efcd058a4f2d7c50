// Limits of control groups, in made-up file systems of each kind.

import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import test from 'ava';
import { memoryLeft, processorQuota, threadsAtOnce } from '../dist/engine/limits.js';
import { folder } from './support/runs.js';

function root(files: Record<string, string>): string {
  const made = mkdtempSync(join(folder, 'root-'));
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(made, file)), { recursive: true });
    writeFileSync(join(made, file), `${text}\n`);
  }
  return made;
}

const V2 = 'sys/fs/cgroup';
const V1 = 'sys/fs/cgroup/memory';

test('version 2: the narrowest of all groups counts, and remembered files are free', (t) => {
  const made = root({
    'proc/self/cgroup': '0::/jobs/run',
    [`${V2}/jobs/run/memory.max`]: 'max',
    [`${V2}/jobs/run/memory.current`]: '1000',
    [`${V2}/jobs/run/cpu.max`]: '150000 100000',
    [`${V2}/jobs/memory.max`]: '5000',
    [`${V2}/jobs/memory.current`]: '4000',
    [`${V2}/jobs/memory.stat`]: 'anon 3000\ninactive_file 700\nactive_file 300',
    [`${V2}/jobs/cpu.max`]: 'max 100000',
  });
  t.is(memoryLeft(made), 1700);
  t.is(processorQuota(made), 1.5);
  t.is(threadsAtOnce(made), Math.min(2, availableParallelism()));
});

test('version 1, with no room left, and a quota below one processor', (t) => {
  const made = root({
    'proc/self/cgroup': '5:cpu,cpuacct:/box\n4:memory:/box\n0::/',
    [`${V1}/box/memory.limit_in_bytes`]: '2000',
    [`${V1}/box/memory.usage_in_bytes`]: '2500',
    [`${V1}/memory.limit_in_bytes`]: '9223372036854771712',
    [`${V1}/memory.usage_in_bytes`]: '9000',
    'sys/fs/cgroup/cpu,cpuacct/box/cpu.cfs_quota_us': '50000',
    'sys/fs/cgroup/cpu,cpuacct/box/cpu.cfs_period_us': '100000',
    'sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us': '-1',
    'sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us': '100000',
  });
  t.is(memoryLeft(made), 0);
  t.is(processorQuota(made), 0.5);
  t.is(threadsAtOnce(made), 1);
});

test('a container whose own group stands in the place of the root', (t) => {
  const made = root({
    'proc/self/cgroup': '4:memory:/docker/0123',
    [`${V1}/memory.limit_in_bytes`]: '3000',
    [`${V1}/memory.usage_in_bytes`]: '1000',
  });
  t.is(memoryLeft(made), 2000);
});

test('no limits, files that say nothing, and none at all', (t) => {
  const open = root({
    'proc/self/cgroup': '0::/',
    [`${V2}/memory.max`]: 'max',
    [`${V2}/memory.current`]: '1',
    [`${V2}/cpu.max`]: 'max 100000',
  });
  const odd = root({ 'proc/self/cgroup': 'no', [`${V2}/memory.max`]: '1' });
  for (const made of [open, odd, root({})]) {
    t.is(memoryLeft(made), Number.POSITIVE_INFINITY);
    t.is(processorQuota(made), Number.POSITIVE_INFINITY);
    t.is(threadsAtOnce(made), availableParallelism());
  }
});
