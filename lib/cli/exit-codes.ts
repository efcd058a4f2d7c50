// What the process ends with. A shell reports 128 + n for a death by signal n; so do we.

export const FAILED = 1;
export const MISUSED = 2;
export const BROKEN_PIPE = 141;
export const STOPPED = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };
