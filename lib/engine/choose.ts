// Which device, and how exactly: from what a caller wishes to what the machine has.

import { DeviceError, type ScumbleError } from '../errors.js';
import type { Precision } from '../options/options.js';
import { type Devices, devices, type Gpu, missesGpu } from './devices.js';

export interface Wishes {
  /** `auto`, `cpu`, `cuda` or `cuda:<number>`. */
  device: string;
  /** Default: `fast` on a GPU, `exact` on the CPU. */
  precision?: Precision | undefined;
  /** Default: process.emitWarning(). */
  onWarning?: ((warning: ScumbleError) => unknown) | undefined;
}

/** A GPU and the CUDA version of its driver; neither on the CPU. */
export interface Choice {
  gpu?: Gpu | undefined;
  driver?: string | undefined;
}

/** @throws DeviceError if the device is not there or cannot be used */
export async function choose(wishes: Wishes): Promise<Choice> {
  if (wishes.device === 'cpu') return {};
  const all = await devices();
  const { driver } = all;
  const usable = all.gpus.find(({ device }) => device === all.auto);
  if (wishes.device === 'auto') {
    if (missesGpu(all)) {
      await warn(wishes, new DeviceError('cuda', `${all.problem}; going on on the CPU`));
    }
    return { gpu: usable, driver };
  }
  if (wishes.device === 'cuda') {
    if (usable) return { gpu: usable, driver };
    throw new DeviceError('cuda', `device cuda cannot be used: ${all.problem}`);
  }
  const named = all.gpus.find(({ device }) => device === wishes.device);
  if (named && !named.problem) return { gpu: named, driver };
  throw new DeviceError(
    wishes.device,
    `device ${wishes.device} cannot be used: ${named?.problem ?? all.problem ?? others(all)}`,
  );
}

const others = ({ gpus }: Devices) => `there is ${gpus.map(({ device }) => device).join(', ')}`;

export function precisionOf({ precision }: Wishes, gpu: Gpu | undefined): Precision {
  return precision ?? (gpu ? 'fast' : 'exact');
}

export async function warn({ onWarning }: Pick<Wishes, 'onWarning'>, warning: ScumbleError): Promise<void> {
  if (onWarning) await onWarning(warning);
  else process.emitWarning(warning.message, { type: 'ScumbleWarning', code: warning.code });
}
