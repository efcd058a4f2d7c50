// Talk goes to stderr: stdout is for data.

/** Writes lines to stderr. Control characters, as a file's name may have them, become question marks. */
export function say(text: string): void {
  process.stderr.write(`${text.replace(/[^\P{Cc}\n]/gu, '?')}\n`);
}
