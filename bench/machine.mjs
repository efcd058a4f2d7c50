// What the figures were taken on, without which they mean nothing.
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem, type } from 'node:os';
import { fileURLToPath } from 'node:url';
import { addon } from '../dist/engine/addon.js';

const root = fileURLToPath(new URL('..', import.meta.url));

export function describeMachine(threads) {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    threads,
    instructionSet: addon().instructionSet,
    memoryBytes: totalmem(),
    os: `${distribution()}, ${type()} ${/^[\d.]*/.exec(release())[0]}, ${process.arch}`,
    node: process.version,
    loadBefore: loadavg()[0],
  };
}

/** The commit, with `-dirty` if tracked files differ from it. */
export function commit() {
  const git = (...args) =>
    execFileSync('git', ['-C', root, ...args], { encoding: 'utf8', stdio: 'pipe' }).trim();
  try {
    const changed = git('status', '--porcelain', '--untracked-files=no', '--', '.', ':!bench/results');
    return git('rev-parse', '--short', 'HEAD') + (changed ? '-dirty' : '');
  } catch {
    return 'unknown';
  }
}

/** The first Python that has PyTorch: the one on the path, or the system's. */
export function pythonWithTorch() {
  const candidates = ['python3', '/usr/bin/python3'];
  return candidates.find((python) => spawnSync(python, ['-c', 'import torch, numpy']).status === 0);
}

function distribution() {
  try {
    return /^PRETTY_NAME="?([^"\n]*)/m.exec(readFileSync('/etc/os-release', 'utf8'))[1];
  } catch {
    return process.platform;
  }
}
