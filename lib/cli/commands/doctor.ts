// `scumble doctor`: checks this installation and its GPUs, and prints what a bug report needs, each part when it is known.

import type { Command } from 'commander';
import { issues } from '../../package.js';
import type { Report } from '../doctor.js';
import { FAILED } from '../exit-codes.js';
import { printable } from '../talk.js';
import { deviceLines } from './devices.js';

export function addDoctorCommand(program: Command): void {
  program
    .command('doctor')
    .description('check this installation and its GPUs; print what a bug report needs')
    .option('--json', 'as JSON')
    .action(async ({ json }: { json?: boolean }) => {
      const { parts } = await import('../doctor.js');
      const problems = new Set<string>();
      const report: { [K in keyof Report]?: Report[K] } & { problems?: string[] } = {};
      const print = (lines: string[]) => {
        if (!json) process.stdout.write(lines.map((line) => `${printable(line)}\n`).join(''));
      };
      const examine = async <K extends keyof Report>(part: K) => {
        try {
          const found = await parts[part]((problem) => problems.add(problem));
          report[part] = found as (typeof report)[K];
          print(LINES[part](found));
        } catch (error) {
          const { message } = error as Error;
          if (!problems.has(message)) print([`${part}: ${message}`]); // which another part has said
          problems.add(message);
        }
      };
      for (const part of Object.keys(parts)) await examine(part as keyof Report);
      report.problems = [...problems];
      if (json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
      print(summary(report.problems));
      if (problems.size > 0) process.exitCode = FAILED;
    });
}

const LINES: { [K in keyof Report]: (found: Report[K]) => string[] } = {
  versions: ({ scumble, node }) => [`scumble ${scumble}, Node ${node}`],
  system: ({ os, arch, cpu, threads, memory, availableMemory }) => [
    `system: ${os}, ${arch}`,
    `processor: ${cpu}, ${threads} ${threads === 1 ? 'thread' : 'threads'}`,
    `memory: ${gigabytes(memory)}, ${gigabytes(availableMemory)} available`,
  ],
  engine: ({ file, instructionSet }) => [`engine: ${file}, ${instructionSet}`],
  devices: (all) => [
    ...(all.driverVersion ? [`driver: ${all.driverVersion}`] : []),
    'devices:',
    ...deviceLines(all).map((line) => `  ${line}`),
  ],
  checks: (found) => found.flatMap(checkLines),
  network: ({ name, sha256 }) => [`network: ${name}, ok, sha256 ${sha256}`],
  cache: ({ folder, networks }) => [
    `cache: ${folder}${networks.length > 0 ? '' : ', no networks'}`,
    ...networks.map(
      ({ name, bytes, intact }) => `  ${name}, ${(bytes / 1e6).toFixed(1)} MB, ${intact ? 'ok' : 'DAMAGED'}`,
    ),
  ],
  images: ({ sharp, libvips }) => [`images: sharp ${sharp}, libvips ${libvips}`],
  environment: (variables) => Object.entries(variables).map(([name, value]) => `${name}=${value}`),
};

function checkLines({ device, milliseconds, comparisons, problem }: Report['checks'][number]): string[] {
  if (problem !== undefined) return [`check of ${device}: FAILED: ${problem}`];
  if (comparisons.length === 0) return [`check of ${device}: it has nothing faster than float32 to compare`];
  return [
    `check of ${device}, ${milliseconds} ms:`,
    ...comparisons.map(({ kernel, error, tolerance, good }) => {
      const numbers = `error ${error.toExponential(1)}, tolerance ${tolerance.toExponential(1)}`;
      return `  ${good ? 'ok   ' : 'WRONG'}  ${kernel}: ${numbers}`;
    }),
  ];
}

function summary(problems: string[]): string[] {
  if (problems.length === 0) return ['nothing is wrong'];
  const found = problems.map((problem) => `  ${problem}`);
  return ['wrong:', ...found, `If this looks like Scumble's fault, report it to ${issues} with all of this.`];
}

const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`;
