// Every error that Scumble raises on purpose: a class to catch by, a stable `code` to switch on, and a message
// that names the option and the value at fault.

/** Stable, machine-readable causes. */
export type ErrorCode =
  | 'ERR_OPTION' // an option has the wrong type, range or combination
  | 'ERR_IMAGE' // an image cannot be found, read or decoded
  | 'ERR_IMAGE_SIZE' // an image is zero-sized, too small for the network, or over the pixel limit
  | 'ERR_WEIGHTS' // a weights file is missing, malformed, hostile, or not a VGG
  | 'ERR_DOWNLOAD' // a network of the catalogue is not on this machine and cannot, or must not, be downloaded
  | 'ERR_OUTPUT' // the output path cannot be written
  | 'ERR_CHECKPOINT' // a checkpoint is damaged, of a later version, or not of what the run would go on with
  | 'ERR_MEMORY' // the plan needs more memory than there is
  | 'ERR_DEVICE' // the device asked for is not there, cannot be used, or failed
  | 'ERR_DIVERGED' // a loss became NaN or infinite
  | 'ERR_ADDON'; // the native addon is missing or cannot be loaded

/** The base of all errors that Scumble raises on purpose. */
export class ScumbleError extends Error {
  readonly code: ErrorCode;
  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** An option is invalid: `option` is its API name, `value` what was given. */
export class OptionError extends ScumbleError {
  readonly option: string;
  readonly value: unknown;
  constructor(option: string, value: unknown, message: string, cause?: unknown) {
    super('ERR_OPTION', message, cause === undefined ? undefined : { cause });
    this.option = option;
    this.value = value;
  }
}

/** An image could not be read (`ERR_IMAGE`) or has an impossible size (`ERR_IMAGE_SIZE`). `option` says which one it was. */
export class ImageError extends ScumbleError {
  readonly option: string;
  constructor(code: 'ERR_IMAGE' | 'ERR_IMAGE_SIZE', option: string, message: string, cause?: unknown) {
    super(code, message, cause === undefined ? undefined : { cause });
    this.option = option;
  }
}

/** A weights file is missing, malformed or not a network that Scumble knows. `offset` is the byte at fault, where there is one. */
export class WeightsError extends ScumbleError {
  readonly file: string;
  readonly offset: number | undefined;
  constructor(file: string, message: string, at: { offset?: number | undefined; cause?: unknown } = {}) {
    super('ERR_WEIGHTS', message, at.cause === undefined ? undefined : { cause: at.cause });
    this.file = file;
    this.offset = at.offset;
  }
}

/** The network called `network` is not on this machine, and could not be downloaded or was not allowed to be. */
export class DownloadError extends ScumbleError {
  readonly network: string;
  constructor(network: string, message: string, cause?: unknown) {
    super('ERR_DOWNLOAD', message, cause === undefined ? undefined : { cause });
    this.network = network;
  }
}

/** The output, or a file of the cache, cannot be written where it belongs. */
export class OutputError extends ScumbleError {
  readonly path: string;
  constructor(path: string, message: string, cause?: unknown) {
    super('ERR_OUTPUT', message, cause === undefined ? undefined : { cause });
    this.path = path;
  }
}

/** No run can go on from the checkpoint at `path`. */
export class CheckpointError extends ScumbleError {
  readonly path: string;
  constructor(path: string, message: string, cause?: unknown) {
    super('ERR_CHECKPOINT', message, cause === undefined ? undefined : { cause });
    this.path = path;
  }
}

/**
 * The plan needs `required` bytes of the device's memory or the machine's, `available` are free; `fittingSize` is the
 * largest `size` that would fit, 0 if none would or if a device ran out in the middle of a run that should have fitted.
 */
export class MemoryError extends ScumbleError {
  readonly required: number;
  readonly available: number;
  readonly fittingSize: number;
  constructor(message: string, required: number, available: number, fittingSize: number, cause?: unknown) {
    super('ERR_MEMORY', message, cause === undefined ? undefined : { cause });
    this.required = required;
    this.available = available;
    this.fittingSize = fittingSize;
  }
}

/** `device` is not there, cannot be used, or failed. */
export class DeviceError extends ScumbleError {
  readonly device: string;
  constructor(device: string, message: string, cause?: unknown) {
    super('ERR_DEVICE', message, cause === undefined ? undefined : { cause });
    this.device = device;
  }
}

/** The native addon is missing or was built for another platform. */
export class AddonError extends ScumbleError {
  constructor(message: string, cause?: unknown) {
    super('ERR_ADDON', message, cause === undefined ? undefined : { cause });
  }
}
