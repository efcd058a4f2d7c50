// `scumble devices`: what there is to compute on, and what a run would take.

import type { Command } from 'commander';
import type { Devices, Gpu } from '../../engine/devices.js';

export function addDevicesCommand(program: Command): void {
  program
    .command('devices')
    .description('say what there is to compute on, and if not a GPU, why not')
    .option('--json', 'as JSON')
    .action(async ({ json }: { json?: boolean }) => {
      const { devices } = await import('../../engine/devices.js');
      const all = await devices();
      process.stdout.write(json ? `${JSON.stringify(all, null, 2)}\n` : `${deviceLines(all).join('\n')}\n`);
    });
}

/** For people. */
export function deviceLines({ auto, cpu, gpus, driver, cuda, problem }: Devices): string[] {
  const mark = (device: string) => (device === auto ? '*' : ' ');
  return [
    ...gpus.map((gpu) => `${mark(gpu.device)} ${gpu.device}  ${facts(gpu)}`),
    `${mark('cpu')} cpu     ${cpu.instructionSet}, ${cpu.threads} ${cpu.threads === 1 ? 'thread' : 'threads'}`,
    ...(driver ? [`the driver supports CUDA ${driver}, this build has CUDA ${cuda}`] : []),
    ...(problem ? [`no GPU can be used: ${problem}`] : []),
    '* is what --device auto takes',
  ];
}

function facts({ name, computeCapability, memory, freeMemory, problem }: Gpu): string {
  const gigabytes = (bytes: number) => (bytes / 1e9).toFixed(1);
  const state = problem ? `cannot be used: ${problem}` : `${gigabytes(freeMemory)} GB free`;
  return `${name}, ${gigabytes(memory)} GB, compute capability ${computeCapability}, ${state}`;
}
