// A network with its classifier, packed for as long as it takes to recognise pictures: it is hundreds of megabytes that
// no run has a use for.

import type { NetworkDescription } from '../weights/network.js';
import {
  addon,
  type EngineArchitecture,
  type EngineNetwork,
  type EnginePicture,
  type EngineRecognized,
  type EngineReservation,
} from './addon.js';
import type { Engine } from './engine.js';
import { cancellable, take } from './features.js';
import { classifierOf } from './layers.js';

export class Recognizer {
  /** The shortest side that leaves the classifier a position: 224, of a VGG. */
  readonly side: number;
  /** Pixels that a position of the heat stands for, across and down. */
  readonly stride: number;
  readonly #engine: Engine;
  readonly #architecture: EngineArchitecture;
  readonly #network: EngineNetwork;
  readonly #reservation: EngineReservation;

  private constructor(
    engine: Engine,
    architecture: EngineArchitecture,
    network: EngineNetwork,
    reservation: EngineReservation,
  ) {
    this.#engine = engine;
    this.#architecture = architecture;
    this.#network = network;
    this.#reservation = reservation;
    this.stride = strideOf(architecture);
    this.side = 2 * this.stride * architecture.dense![0]!.window;
  }

  /** @throws MemoryError, DeviceError */
  static async load(engine: Engine, network: NetworkDescription): Promise<Recognizer> {
    const description = classifierOf(network);
    const reservation = take(engine, 4 * numbersIn(description), 'the weights of the classifier');
    try {
      const packed = await engine.guard(addon().Network.load(engine.backend, description));
      return new Recognizer(engine, description, packed, reservation);
    } catch (error) {
      reservation.release();
      throw error;
    }
  }

  /**
   * The `top` likeliest classes of an image whose sides are at least `side`.
   *
   * @throws MemoryError, DeviceError, or the signal's reason
   */
  async recognize(
    image: EnginePicture,
    { top, threads, signal }: { top: number; threads: number; signal?: AbortSignal | undefined },
  ): Promise<EngineRecognized> {
    signal?.throwIfAborted();
    const engine = this.#engine;
    const { width, height } = image;
    const bytes = addon().recognitionBytes(engine.backend, this.#architecture, { image, threads });
    const reservation = take(engine, bytes, `${width} × ${height} pixels to recognise`);
    try {
      const { recognized, cancel } = addon().recognize(this.#network, { image, top, threads });
      return await cancellable(engine.guard(recognized), cancel, signal);
    } finally {
      reservation.release();
    }
  }

  dispose(): void {
    this.#network.dispose();
    this.#reservation.release();
  }
}

function numbersIn({ dense = [] }: EngineArchitecture): number {
  return dense.reduce((sum, { inputs, window, outputs }) => sum + (inputs * window ** 2 + 1) * outputs, 0);
}

/** Of the last ReLU behind a convolution. */
function strideOf(architecture: EngineArchitecture): number {
  const { dense, ...convolutional } = architecture;
  return addon()
    .layers(convolutional)
    .findLast(({ kind }) => kind === 'relu')!.stride;
}
