// `scumble estimate`: what a run would need, before it is begun.

import type { Command } from 'commander';
import type { StylizeOptions } from '../../options/options.js';
import type { Estimate } from '../../run/estimate.js';
import { ensureNetwork } from '../ensure-network.js';
import { formatAbout } from '../forecast.js';
import { formatSize } from '../format.js';
import { addOptionFlags } from '../stylize-flags.js';
import { say } from '../talk.js';
import { givenOptions } from './stylize.js';

interface EstimateFlags extends Omit<StylizeOptions, 'content' | 'style'> {
  json?: boolean;
  fit?: boolean;
  options?: string;
}

const DESCRIPTION = `Says how much memory and time a run with these options would take: memory from sizes
alone, time from two seconds of trial.

Examples:
  scumble estimate river.jpg starry-night.jpg --size 2048
  scumble estimate river.jpg starry-night.jpg --fit --json`;

export function addEstimateCommand(program: Command): void {
  const command = program
    .command('estimate')
    .summary('say what a run would need')
    .description(DESCRIPTION)
    .option('--fit', 'of the largest size that fits, instead of --size')
    .option('--json', 'as JSON, with bytes and seconds');
  addOptionFlags(command);
  command.action(execute);
}

async function execute(
  content: string | undefined,
  style: string[],
  { json, fit, options: file, ...own }: EstimateFlags,
  command: Command,
): Promise<void> {
  const options = await givenOptions(content, style, own, file, command);
  const [{ estimate }, { resolveOptions }] = await Promise.all([
    import('../../run/estimate.js'),
    import('../../options/options.js'),
  ]);
  const { weights, download, quality } = resolveOptions(options);
  if (download) await ensureNetwork(weights, new AbortController().signal);
  const onWarning = ({ message }: Error) => say(`scumble: ${message}`);
  const found = await estimate({ ...options, onWarning }, { fit: fit === true });
  const lines = json ? [JSON.stringify(found, null, 2)] : linesOf(found, quality);
  process.stdout.write(`${lines.join('\n')}\n`);
}

function linesOf(
  { device, scales, memory, available, seconds, qualities }: Estimate,
  chosen?: string,
): string[] {
  const { width, height } = scales.at(-1)!;
  const count = scales.length === 1 ? '1 scale' : `${scales.length} scales`;
  const others = Object.entries(qualities ?? {}).filter(([name]) => name !== chosen);
  const beside = others.map(([name, each]) => `${name} ${formatAbout(each)}`).join(', ');
  return [
    `picture: ${formatSize(width, height)}, ${count}, on ${device}`,
    `memory: ${ofFree(memory.host, available.host)}`,
    ...(memory.device === undefined
      ? []
      : [`memory of ${device}: ${ofFree(memory.device, available.device!)}`]),
    `time: about ${formatAbout(seconds)}${beside && ` (${chosen}; ${beside})`}`,
  ];
}

const ofFree = (bytes: number, free: number) => `${gigabytes(bytes)} of ${gigabytes(free)} free`;

const gigabytes = (bytes: number) =>
  bytes < 1e9 ? `${Math.ceil(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
