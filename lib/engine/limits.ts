// What a container may use: the limits of Linux control groups, version 1 and 2, on this process's group and all above it.

import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';

/** Bytes of memory that the groups still let this process take; infinite where there is no limit. @param root of the file system */
export function memoryLeft(root = '/'): number {
  const v2 = groupsOf('', root).map((group) =>
    left(group, 'memory.max', 'memory.current', /^inactive_file (\d+)/m),
  );
  const v1 = groupsOf('memory', root).map((group) =>
    left(group, 'memory.limit_in_bytes', 'memory.usage_in_bytes', /^total_inactive_file (\d+)/m),
  );
  return Math.min(Number.POSITIVE_INFINITY, ...v2, ...v1);
}

/** Processors' worth of time that the groups grant; infinite where there is no quota. */
export function processorQuota(root = '/'): number {
  const v2 = groupsOf('', root).map((group) => {
    const [quota, period] = (textOf(join(group, 'cpu.max')) ?? '').split(' ');
    return ratio(quota, period);
  });
  const v1 = groupsOf('cpu', root).map((group) =>
    ratio(textOf(join(group, 'cpu.cfs_quota_us')), textOf(join(group, 'cpu.cfs_period_us'))),
  );
  return Math.min(Number.POSITIVE_INFINITY, ...v2, ...v1);
}

/** As many threads as run at once. */
export function threadsAtOnce(root = '/'): number {
  return Math.max(1, Math.min(availableParallelism(), Math.ceil(processorQuota(root))));
}

/**
 * The folders of this process's group and all above it, as they are mounted by custom. In a container its own group may be
 * mounted in the place of the root, whatever the path says; so any that is not there says nothing.
 *
 * @param controller of version 1; empty for version 2
 */
function groupsOf(controller: string, root: string): string[] {
  const lines = (textOf(join(root, 'proc/self/cgroup')) ?? '').split('\n');
  const line = lines
    .map((text) => /^\d+:([^:]*):(\/.*)$/.exec(text))
    .find((match) => {
      return match && (controller === '' ? match[1] === '' : match[1]!.split(',').includes(controller));
    });
  if (!line) return [];
  const base = join(root, 'sys/fs/cgroup');
  const mounts =
    controller === '' ? [base, join(base, 'unified')] : [join(base, line[1]!), join(base, controller)];
  const paths: string[] = [];
  for (let path = line[2]!; ; path = dirname(path)) {
    paths.push(path);
    if (path === '/') break;
  }
  return mounts.flatMap((mount) => paths.map((path) => join(mount, path)));
}

/** What is free of a limit, with what the kernel would give up of the files that it remembers. */
function left(group: string, limitFile: string, usageFile: string, reclaimable: RegExp): number {
  const limit = Number(textOf(join(group, limitFile)));
  const usage = Number(textOf(join(group, usageFile)));
  if (!Number.isFinite(limit) || !Number.isFinite(usage)) return Number.POSITIVE_INFINITY;
  const files = reclaimable.exec(textOf(join(group, 'memory.stat')) ?? '')?.[1] ?? '0';
  return Math.max(0, limit - usage + Number(files));
}

/** Infinite for `max`, -1 and what is not there. */
function ratio(quota: string | undefined, period: string | undefined): number {
  const [q, p] = [Number(quota), Number(period)];
  return q > 0 && p > 0 ? q / p : Number.POSITIVE_INFINITY;
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return undefined;
  }
}
