// A network that a command names is fetched, and that is shown.

/** Downloads the network that `weights` names, if that is a name and it is not here yet. */
export async function ensureNetwork(weights: string, signal: AbortSignal, classifier = false): Promise<void> {
  const { catalogEntry } = await import('../weights/catalog.js');
  const { fileOf } = await import('../weights/find.js');
  const entry = catalogEntry(weights);
  if (!entry || (await fileOf(entry))) return;
  const { pullShown } = await import('./pull-progress.js');
  await pullShown(entry, signal, classifier);
}
