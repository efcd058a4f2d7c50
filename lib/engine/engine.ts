// An opened device that outlives runs: networks are read and packed once, and the memory of all runs is counted together.

import { DeviceError, type ScumbleError } from '../errors.js';
import type { Precision } from '../options/options.js';
import { addon, type EngineBackend } from './addon.js';
import { choose, precisionOf, type Wishes, warn } from './choose.js';
import { engineIndex, type Gpu } from './devices.js';
import { failureOf } from './failures.js';
import { hostMemory, type Memory } from './memory.js';
import { Networks } from './networks.js';
import { heed, verdictOn } from './self-check.js';

export interface EngineOptions {
  /** As the option of stylize(): `'auto'`, `'cpu'`, `'cuda'` or `'cuda:1'`. Default `'auto'`. */
  device?: string | undefined;
  /** As the option of stylize(). Default `'fast'` on a GPU, `'exact'` on the CPU. */
  precision?: Precision | undefined;
  /** As the option of stylize(). Default: process.emitWarning(). */
  onWarning?: ((warning: ScumbleError) => unknown) | undefined;
}

/**
 * A device, opened once for many runs. It keeps the networks that its runs have used, packed, until it is closed.
 *
 * @example
 * const engine = await Engine.open({ device: 'cuda' });
 * const run = await Run.start(engine, { content: 'river.jpg', style: 'night.jpg' });
 */
export class Engine {
  /** `cpu`, `cuda:0` … */
  readonly device: string;
  /** How exactly it computes. */
  readonly precision: Precision;
  /** @internal */
  readonly backend: EngineBackend;
  /** @internal */
  readonly networks: Networks;
  readonly #wishes: Wishes;
  /** Of the GPU's memory, when it was chosen. */
  readonly #free: number | undefined;
  readonly #failures = new WeakSet<object>();
  #cpu: Promise<Engine> | undefined;

  private constructor(wishes: Wishes, gpu: Gpu | undefined, precision: Precision, backend: EngineBackend) {
    this.device = gpu?.device ?? 'cpu';
    this.precision = precision;
    this.backend = backend;
    this.#wishes = wishes;
    this.#free = gpu?.freeMemory;
    this.networks = new Networks(backend, () => this.memory());
  }

  /**
   * Opens a device. Where it was left to us (`'auto'`) and the GPU cannot be used, it is the CPU, after a warning.
   *
   * @throws DeviceError if the device that was asked for is not there or cannot be used
   */
  static async open(options: EngineOptions = {}): Promise<Engine> {
    const wishes: Wishes = { ...options, device: options.device ?? 'auto' };
    const { gpu, driver } = await choose(wishes);
    let precision = precisionOf(wishes, gpu);
    let warning: string | undefined;
    let backend: EngineBackend;
    try {
      if (gpu && precision !== 'exact') {
        ({ precision, warning } = heed(await verdictOn(gpu, driver), gpu, precision));
      }
      backend = await addon().Backend.open(gpu ? engineIndex(gpu) : -1, precision);
    } catch (error) {
      if (!gpu) throw failureOf(error, 'cpu') ?? error;
      const problem = `device ${gpu.device} cannot be used: ${(error as Error).message}`;
      if (wishes.device !== 'auto') throw new DeviceError(gpu.device, problem, error);
      await warn(wishes, new DeviceError(gpu.device, `${problem}; going on on the CPU`, error));
      return Engine.open({ ...options, device: 'cpu' });
    }
    if (gpu && warning) await warn(wishes, new DeviceError(gpu.device, warning));
    return new Engine(wishes, gpu, precision, backend);
  }

  /** Lets go of the networks; runs that are under way keep theirs until they end. */
  async close(): Promise<void> {
    this.networks.dispose();
    await (await this.#cpu?.catch(() => undefined))?.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** @internal The device's memory. */
  memory(): Memory {
    if (this.#free === undefined) return hostMemory();
    return { account: this.device, of: `${this.device}'s memory`, available: this.#free, taken: 0 };
  }

  /** @internal Awaits the engine's work. @throws DeviceError or MemoryError when the device or the machine fails */
  async guard<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      const failure = failureOf(error, this.device);
      if (!failure) throw error;
      const { code } = error as { code: string };
      throw code.startsWith('DEVICE') ? this.failed(failure) : failure;
    }
  }

  /** @internal Notes an error as one of the device, after which a run may go on elsewhere. */
  failed<E extends Error>(error: E): E {
    this.#failures.add(error);
    return error;
  }

  /**
   * @internal Where to go on after the device's failure or lack of memory: on the CPU, which is said. @throws `reason`, if
   * it is something else or the user has named the device
   */
  async retreat(reason: unknown, wishes: Pick<Wishes, 'onWarning'> = this.#wishes): Promise<Engine> {
    const failed = typeof reason === 'object' && reason !== null && this.#failures.has(reason);
    if (!failed || this.#wishes.device !== 'auto' || this.device === 'cpu') throw reason;
    const { message } = reason as Error;
    await warn(wishes, new DeviceError(this.device, `${message}; going on on the CPU`, reason));
    this.#cpu ??= Engine.open({ ...this.#wishes, device: 'cpu' } as EngineOptions);
    return this.#cpu;
  }
}
