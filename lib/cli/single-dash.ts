// Torch's commands have long flags with one dash and underscores; commander's have two dashes and hyphens.

/**
 * Arguments of `scumble neural-style` as commander reads them: `-image_size 512` becomes `--image-size 512`. A value is left
 * as it is, one that begins with a dash and a digit too; those of other commands are as well.
 */
export function withLongFlags(argv: readonly string[]): string[] {
  const [node, script, command, ...rest] = argv;
  if (command !== 'neural-style') return [...argv];
  const long = (argument: string) =>
    /^-[a-z]\w+$/.test(argument) ? `-${argument.replaceAll('_', '-')}` : argument;
  return [node!, script!, command, ...rest.map(long)];
}
