// Where a run computes. It begins on one device, and where the user left the choice to us and that device fails, it goes
// on on the CPU: never silently.

import { DeviceError, MemoryError } from '../errors.js';
import type { Precision, ResolvedOptions } from '../options/options.js';
import {
  addon,
  type EngineBackend,
  type EngineFailure,
  type EngineNetwork,
  type EngineNetworkDescription,
} from './addon.js';
import { type Devices, devices, engineIndex, type Gpu, missesGpu } from './devices.js';
import { availableMemory, checkMemory, megabytes } from './memory.js';
import { heed, verdictOn } from './self-check.js';

type Wishes = Pick<ResolvedOptions, 'device' | 'precision' | 'onWarning'>;

export class Placement {
  /** `cpu`, `cuda:0` … */
  device: string;
  precision: Precision;
  backend: EngineBackend;
  readonly #wishes: Wishes;
  /** Of the GPU's memory, when it was chosen. */
  readonly #free: number;
  #network: EngineNetwork | undefined;
  #failure: unknown;

  private constructor(wishes: Wishes, gpu: Gpu | undefined, precision: Precision, backend: EngineBackend) {
    this.#wishes = wishes;
    this.device = gpu?.device ?? 'cpu';
    this.precision = precision;
    this.backend = backend;
    this.#free = gpu?.freeMemory ?? 0;
  }

  /** Opens the device that is wished for. @throws DeviceError if it is not there or cannot be used */
  static async open(wishes: Wishes): Promise<Placement> {
    const { gpu, driver } = wishes.device === 'cpu' ? {} : await choose(wishes);
    let precision = precisionOf(wishes, gpu);
    let warning: string | undefined;
    let backend: EngineBackend;
    try {
      if (gpu && precision !== 'exact') {
        ({ precision, warning } = heed(await verdictOn(gpu, driver), gpu, precision));
      }
      backend = await addon().Backend.open(gpu ? engineIndex(gpu) : -1, precision);
    } catch (error) {
      if (!gpu) throw error;
      const problem = `device ${gpu.device} cannot be used: ${(error as Error).message}`;
      if (wishes.device !== 'auto') throw new DeviceError(gpu.device, problem, error);
      await warn(wishes, new DeviceError(gpu.device, `${problem}; going on on the CPU`, error));
      return Placement.open({ ...wishes, device: 'cpu' });
    }
    if (gpu && warning) await warn(wishes, new DeviceError(gpu.device, warning));
    return new Placement(wishes, gpu, precision, backend);
  }

  /**
   * Whether a run fits, as memory.ts says; `required` are bytes for a long side: of the engine, wherever it is, and of
   * the images on the host. @throws MemoryError
   */
  checkMemory(size: number, least: number, required: (size: number) => { engine: number; images: number }) {
    const host = { available: availableMemory(), of: 'memory' };
    if (this.device === 'cpu') {
      checkMemory(size, least, host, (side) => required(side).engine + required(side).images);
      return;
    }
    checkMemory(size, least, host, (side) => required(side).images);
    try {
      const device = { available: this.#free, of: `${this.device}'s memory` };
      checkMemory(size, least, device, (side) => required(side).engine);
    } catch (error) {
      this.#failure = error;
      throw error;
    }
  }

  /** The network on this device: loaded once. */
  async network(description: EngineNetworkDescription): Promise<EngineNetwork> {
    this.#network ??= await this.guard(addon().Network.load(this.backend, description));
    return this.#network;
  }

  /** Awaits the engine's work. @throws DeviceError or MemoryError when the device fails */
  async guard<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      const { code, message, needed, free } = error as EngineFailure;
      if (code === 'DEVICE_MEMORY') {
        const numbers = `${megabytes(needed)} were asked for and ${megabytes(free)} are free`;
        this.#failure = new MemoryError(`${this.device}: ${message}: ${numbers}`, needed, free, 0, error);
      } else if (code === 'DEVICE_LOST') {
        this.#failure = new DeviceError(this.device, `${this.device}: ${message}`, error);
      } else {
        throw error;
      }
      throw this.#failure;
    }
  }

  /**
   * Goes on on the CPU after the device's failure or lack of memory, and says so. @throws `reason`, if it is something
   * else or the user has named the device
   */
  async retreat(reason: unknown): Promise<void> {
    if (reason !== this.#failure || this.#wishes.device !== 'auto' || this.device === 'cpu') throw reason;
    const { message } = reason as Error;
    await warn(this.#wishes, new DeviceError(this.device, `${message}; going on on the CPU`, reason));
    this.dispose();
    this.device = 'cpu';
    this.precision = precisionOf(this.#wishes, undefined);
    this.backend = await addon().Backend.open(-1, this.precision);
  }

  /** Does `work`, and does it again on the CPU if the device fails and may be given up. */
  async attempt<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      await this.retreat(error);
      return work();
    }
  }

  /** Lets go of the network. */
  dispose(): void {
    this.#network?.dispose();
    this.#network = undefined;
  }
}

function precisionOf({ precision }: Wishes, gpu: Gpu | undefined): Precision {
  return precision ?? (gpu ? 'fast' : 'exact');
}

/** The GPU to use, if any, and the CUDA version of its driver. */
async function choose(wishes: Wishes): Promise<{ gpu?: Gpu | undefined; driver?: string | undefined }> {
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

async function warn({ onWarning }: Wishes, warning: DeviceError): Promise<void> {
  if (onWarning) await onWarning(warning);
  else process.emitWarning(warning.message, { type: 'ScumbleWarning', code: warning.code });
}
