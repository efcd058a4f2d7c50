// What to type to go on from a checkpoint, as a shell takes it.

export function resumeCommand(checkpoint: string): string {
  const plain = /^[\w./:@%+=,\\-]+$/.test(checkpoint) && !checkpoint.startsWith('-');
  return `scumble resume ${plain ? checkpoint : `'${checkpoint.replaceAll("'", `'\\''`)}'`}`;
}
