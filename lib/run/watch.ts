// Work of the engine that a signal cancels.

/** Awaits the engine's work; an abort meanwhile cancels it and becomes the error. */
export async function watch<T>(
  signal: AbortSignal | undefined,
  cancel: () => void,
  work: Promise<T>,
): Promise<T> {
  signal?.addEventListener('abort', cancel, { once: true });
  if (signal?.aborted) cancel(); // since it was last looked at: there is no event any more
  try {
    return await work;
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener('abort', cancel);
  }
}
